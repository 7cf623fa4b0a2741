import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface, type Interface } from 'node:readline'
import type { Readable } from 'node:stream'

const tailLinesMax = 20

/** A process that is heard: its lines, and when something is wrong the last of all that it said. */
export class Spoken {
  /** What it prints on stdout; ends when it ends. */
  readonly lines: Interface
  readonly #child: ChildProcessByStdio<null, Readable, Readable>
  readonly #last: string[] = []

  constructor(program: string, words: readonly string[], env: NodeJS.ProcessEnv) {
    this.#child = spawn(program, words, { env, stdio: ['ignore', 'pipe', 'pipe'] })
    this.lines = createInterface({ input: this.#child.stdout })
    for (const lines of [this.lines, createInterface({ input: this.#child.stderr })])
      lines.on('line', (line) => {
        this.#last.push(line)
        if (this.#last.length > tailLinesMax) this.#last.shift()
      })
  }

  /** Its last lines, of stdout and stderr, and how it ended. */
  get tail(): string {
    const { exitCode, signalCode } = this.#child
    const ended = exitCode ?? signalCode
    return [...this.#last, ended === null ? 'it still runs' : `it ended with ${ended}`].join('\n')
  }

  /** Ends it with -9; resolves when it is gone. */
  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const ended = once(this.#child, 'exit')
    this.#child.kill('SIGKILL')
    await ended
  }
}

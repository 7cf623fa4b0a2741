import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

/** A bench program in a process of its own, which tells JSON, one value a line. */
export class ChildProgram {
  readonly #process: ChildProcess
  readonly #lines: AsyncIterator<string>

  /**
   * @param program the TypeScript file
   * @param words its arguments
   * @param flags of Node, such as `--expose-gc`
   */
  constructor(program: URL, words: readonly string[], flags: readonly string[] = []) {
    const child = spawn(process.execPath, [...flags, fileURLToPath(program), ...words], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    this.#process = child
    this.#lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  }

  /** The next value that it tells. @throws Error when it ends without another one */
  async next<T>(): Promise<T> {
    const { value, done } = await this.#lines.next()
    if (done === true) {
      const { spawnfile, spawnargs, exitCode } = this.#process
      throw new Error(`${[spawnfile, ...spawnargs.slice(1)].join(' ')} ended (${exitCode}) early`)
    }
    return JSON.parse(value) as T
  }

  /** Kills it as nothing can prevent, and resolves when it is dead. */
  async kill(): Promise<void> {
    const { exitCode, signalCode } = this.#process
    if (exitCode !== null || signalCode !== null) return
    const dead = once(this.#process, 'exit')
    this.#process.kill('SIGKILL')
    await dead
  }
}

/** The one value that a program tells; the program is dead when this resolves. */
export async function valueOf<T>(
  program: URL,
  words: readonly string[],
  flags: readonly string[] = [],
): Promise<T> {
  const child = new ChildProgram(program, words, flags)
  try {
    return await child.next<T>()
  } finally {
    await child.kill()
  }
}

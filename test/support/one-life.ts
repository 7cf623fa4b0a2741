import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { systemClock } from '../../src/core/clock.ts'

/** When a process is killed: so long after it was started, or after it has said its first line. */
export interface Doom {
  readonly from: 'spawn' | 'firstLine'
  readonly afterMs: number
}

/** How a process ended and what it said. */
export interface Life {
  readonly lines: readonly string[]
  readonly signal: NodeJS.Signals | null
  readonly code: number | null
}

/**
 * Runs a program to its end, or kills it with SIGKILL.
 *
 * @param doom null lets it live
 */
export async function liveOnce(
  command: readonly [string, ...string[]],
  doom: Doom | null,
): Promise<Life> {
  const [program, ...words] = command
  const child = spawn(program, words, { stdio: ['ignore', 'pipe', 'inherit'] })
  const exited = once(child, 'exit')
  if (doom?.from === 'spawn') killAfter(child, doom.afterMs)
  const lines: string[] = []
  for await (const line of createInterface({ input: child.stdout })) {
    lines.push(line)
    if (lines.length === 1 && doom?.from === 'firstLine') killAfter(child, doom.afterMs)
  }
  const [code, signal] = (await exited) as [number | null, NodeJS.Signals | null]
  return { lines, signal, code }
}

function killAfter(child: ChildProcess, ms: number): void {
  systemClock.after(ms, () => child.kill('SIGKILL'))
}

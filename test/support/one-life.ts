import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { systemClock } from '../../src/core/clock.ts'

/** When a process is killed: so long after it was started, or after it has said so many lines. */
export interface Doom {
  readonly from: 'spawn' | 'firstLine' | 'secondLine'
  readonly afterMs: number
}

const places: readonly Doom['from'][] = ['firstLine', 'secondLine']

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
 * @param onLine told each line that it says
 */
export async function liveOnce(
  command: readonly [string, ...string[]],
  doom: Doom | null,
  onLine: (line: string) => void = () => {},
): Promise<Life> {
  const [program, ...words] = command
  const child = spawn(program, words, { stdio: ['ignore', 'pipe', 'inherit'] })
  const exited = once(child, 'exit')
  if (doom?.from === 'spawn') killAfter(child, doom.afterMs)
  const lines: string[] = []
  for await (const line of createInterface({ input: child.stdout })) {
    lines.push(line)
    onLine(line)
    const isDoomed = doom !== null && doom.from === places[lines.length - 1]
    if (isDoomed) killAfter(child, doom.afterMs)
  }
  const [code, signal] = (await exited) as [number | null, NodeJS.Signals | null]
  return { lines, signal, code }
}

function killAfter(child: ChildProcess, ms: number): void {
  systemClock.after(ms, () => child.kill('SIGKILL'))
}

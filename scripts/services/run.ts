import { spawn } from 'node:child_process'
import { once } from 'node:events'

/** Runs a program to its end and gives what it printed. @throws Error with what it printed */
export async function run(
  program: string,
  words: readonly string[],
  options: { readonly cwd?: string; readonly timeoutMs?: number } = {},
): Promise<string> {
  const child = spawn(program, words, {
    cwd: options.cwd,
    // Not `timeout`, which keeps this process for as long when the program cannot be started.
    signal: AbortSignal.timeout(options.timeoutMs ?? 600_000),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let printed = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (part: string) => (printed += part))
  // A program that is missing emits 'error', which rejects this.
  const ended = once(child, 'close').catch((thrown: NodeJS.ErrnoException) => {
    throw thrown.code === 'ENOENT' ? new Error(`${program} is needed and not installed`) : thrown
  })
  const [code, signal] = (await ended) as [number | null, NodeJS.Signals | null]
  if (code === 0) return printed
  throw new Error(`${program} ${words.join(' ')} ended with ${code ?? signal}:\n${printed.trim()}`)
}

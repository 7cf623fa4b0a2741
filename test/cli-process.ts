import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The checkout's own `aura`. */
export const auraScript = fileURLToPath(new URL('../bin/aura', import.meta.url))
export const examples = fileURLToPath(new URL('../examples', import.meta.url))

export interface Finished {
  /** Null when a signal ended the process. */
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

export interface RunningAura {
  readonly pid: number
  readonly ended: Promise<Finished>
  stderr(): string
  /** Resolves as soon as stderr matches. Rejects when the process ends before. */
  sees(pattern: RegExp): Promise<void>
  /** Resolves with what matches as soon as stdout does. Rejects when the process ends before. */
  prints(pattern: RegExp): Promise<string>
  kill(signal: NodeJS.Signals): void
}

const children = new Set<ChildProcess>()
const folders = new Set<string>()

/** A new empty folder, removed by `cleanUp`. */
export function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'aura-cli-'))
  folders.add(folder)
  return folder
}

/** Ends what is still running and removes the folders. For `afterEach`. */
export function cleanUp(): void {
  for (const child of children) child.kill('SIGKILL')
  children.clear()
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
  folders.clear()
}

/** Starts `aura` as a shell would, without a terminal. */
export function startAura(
  cwd: string,
  words: readonly string[],
  env: Record<string, string> = {},
): RunningAura {
  const { FORCE_COLOR: _, ...inherited } = process.env
  const child = spawn(auraScript, words, {
    cwd,
    env: { ...inherited, AURA_DB: '', NO_COLOR: '1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  children.add(child)
  let stdout = ''
  let stderr = ''
  const listeners = new Set<() => void>()
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    stdout += part
    for (const listener of listeners) listener()
  })
  child.stderr.setEncoding('utf8').on('data', (part: string) => {
    stderr += part
    for (const listener of listeners) listener()
  })
  const ended = new Promise<Finished>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => {
      children.delete(child)
      resolve({ code, signal, stdout, stderr })
    })
  })
  const matches = (pattern: RegExp, text: () => string): Promise<string> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        const match = pattern.exec(text())
        if (match !== null) resolve(match[0])
      }
      listeners.add(look)
      look()
      void ended.then(({ code }) =>
        reject(new Error(`ended with ${code} before ${pattern}:\n${stderr}`)),
      )
    })
  return {
    pid: child.pid as number,
    ended,
    stderr: () => stderr,
    sees: async (pattern) => void (await matches(pattern, () => stderr)),
    prints: (pattern) => matches(pattern, () => stdout),
    kill: (signal) => void child.kill(signal),
  }
}

/** Runs `aura` to its end. */
export function aura(cwd: string, ...words: readonly string[]): Promise<Finished> {
  return startAura(cwd, words).ended
}

/** Runs `aura … --json` and reads the one document on stdout. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- names the shape that a verb promises
export async function auraJson<T = Record<string, unknown>>(
  cwd: string,
  ...words: readonly string[]
): Promise<{ readonly code: number | null; readonly value: T; readonly stderr: string }> {
  const { code, stdout, stderr } = await aura(cwd, ...words, '--json')
  const lines = stdout.split('\n')
  if (lines.length !== 2 || lines[1] !== '')
    throw new Error(`not one document on stdout:\n${stdout}\n${stderr}`)
  return { code, value: JSON.parse(lines[0] as string) as T, stderr }
}

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const children = new Set<ChildProcess>()
const folders = new Set<string>()

/** Ends what these tests have started and removes their folders. For `afterEach`. */
export function cleanUp(): void {
  for (const child of children) child.kill('SIGKILL')
  children.clear()
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
  folders.clear()
}

/** A new empty folder, removed by `cleanUp`. */
export function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'aura-temporal-'))
  folders.add(folder)
  return folder
}

/** Starts a worker of its own process, by the program of that name; resolves when it is ready. */
export async function startWorker(
  place: { readonly address: string; readonly taskQueue: string; readonly file: string },
  manner: 'hangs' | 'answers',
  program = 'worker-process.ts',
): Promise<ChildProcess> {
  const script = fileURLToPath(new URL(program, import.meta.url))
  const words = [script, place.address, place.taskQueue, place.file, manner]
  const child = start(process.execPath, words)
  await new Promise<void>((resolve, reject) => {
    child.stdout?.once('data', () => resolve())
    child.once('exit', (code) => reject(new Error(`the worker ended with ${code}`)))
  })
  return child
}

/** Starts a Temporal server on its data; ready when it can be connected to. */
export function startServer(program: string, port: number, data: string): ChildProcess {
  const words = ['server', 'start-dev', '--headless', '--ip', '127.0.0.1', '--port', `${port}`]
  return start(program, [...words, '--log-level', 'never', '--db-filename', data])
}

/** kill -9; resolves when it is gone. */
export async function kill(child: ChildProcess): Promise<void> {
  const gone = once(child, 'exit')
  child.kill('SIGKILL')
  await gone
}

/** The server's program that `npm run services:up temporal` has installed; null where it has not. */
export function serverProgram(): string | null {
  return globSync('.services/temporal/*/bin/temporal')[0] ?? null
}

/** The calls that reached an agent, in order. */
export function callsIn(file: string): readonly string[] {
  try {
    return readFileSync(file, 'utf8').trimEnd().split('\n')
  } catch {
    return [] // nobody was called yet
  }
}

function start(program: string, words: readonly string[]): ChildProcess {
  const child = spawn(program, words, { stdio: ['ignore', 'pipe', 'inherit'] })
  children.add(child)
  return child
}

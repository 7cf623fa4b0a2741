import { spawn } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Folders, Service } from './service.ts'

const root = fileURLToPath(new URL('../../.services', import.meta.url))
const startMsMax = 90_000
const stopMsMax = 30_000
const lookMs = 200

export type Standing = 'up' | 'down' | 'foreign' | 'broken'

/**
 * - `up`: runs and answers; `down`: does not run.
 * - `broken`: its process runs and does not answer.
 * - `foreign`: something answers on its port that was not started from here.
 */
export async function standingOf(service: Service): Promise<Standing> {
  const isOurs = runningPid(service) !== null
  const isUp = await answers(service)
  if (isOurs) return isUp ? 'up' : 'broken'
  return isUp ? 'foreign' : 'down'
}

/** Installs and starts it where that is needed, and resolves when it answers. @throws Error saying why it does not */
export async function up(service: Service, say: (line: string) => void): Promise<void> {
  const { name, version, port } = service
  if (runningPid(service) === null) {
    if (await answers(service))
      throw new Error(`${name}: something else answers on port ${port}; stop it first`)
    await install(service, say)
    await start(service)
  }
  const untilMs = performance.now() + startMsMax
  while (!(await answers(service))) {
    if (runningPid(service) === null)
      throw new Error(`${name} ended at once; its last words are in ${logOf(service)}`)
    if (performance.now() > untilMs)
      throw new Error(
        `${name} does not answer after ${startMsMax / 1_000} s; see ${logOf(service)}`,
      )
    await pause(lookMs)
  }
  say(`${name} ${version} is up: ${service.setting}`)
}

/** Stops it; resolves when its process has ended. Its data stay. */
export async function down(service: Service, say: (line: string) => void): Promise<void> {
  const pid = runningPid(service)
  if (pid !== null) {
    process.kill(pid, 'SIGTERM')
    const untilMs = performance.now() + stopMsMax
    while (runningPid(service) !== null) {
      if (performance.now() > untilMs) process.kill(pid, 'SIGKILL')
      await pause(lookMs)
    }
  }
  rmSync(pidFileOf(service), { force: true })
  say(`${service.name} is down`)
}

async function install(service: Service, say: (line: string) => void): Promise<void> {
  const { software, data } = foldersOf(service)
  mkdirSync(data, { recursive: true })
  if (existsSync(software)) return
  say(`${service.name} ${service.version} is being installed`)
  // An installation that was interrupted is begun anew.
  const unfinished = `${software}.unfinished`
  rmSync(unfinished, { recursive: true, force: true })
  mkdirSync(unfinished, { recursive: true })
  await service.install(unfinished)
  renameSync(unfinished, software)
}

async function start(service: Service): Promise<void> {
  const folders = foldersOf(service)
  const { program, words, env } = await service.start(folders)
  const log = openSync(logOf(service), 'a')
  const child = spawn(program, words, {
    cwd: folders.data,
    detached: true,
    env: { ...process.env, ...env },
    stdio: ['ignore', log, log],
  })
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve).once('error', reject)
  })
  writeFileSync(pidFileOf(service), `${child.pid} ${bornAt(child.pid as number)}\n`)
  child.unref()
}

/** The process that was started from here, if it still runs; a later one with its number is another. */
function runningPid(service: Service): number | null {
  const file = pidFileOf(service)
  if (!existsSync(file)) return null
  const [pid, born] = readFileSync(file, 'utf8').trim().split(' ')
  return born !== undefined && bornAt(Number(pid)) === born ? Number(pid) : null
}

/** When a process was started, in ticks since the boot; null when it does not run (any more). */
function bornAt(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const [state, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return state === 'Z' ? null : (fields[18] ?? null)
  } catch {
    return null // no such process
  }
}

async function answers(service: Service): Promise<boolean> {
  try {
    return await service.answers(foldersOf(service))
  } catch {
    return false // refused, cut off, or not installed
  }
}

function foldersOf({ name, version }: Service): Folders {
  return { software: join(root, name, version), data: join(root, name, 'data') }
}

function logOf({ name }: Service): string {
  return join(root, name, 'log')
}

function pidFileOf({ name }: Service): string {
  return join(root, name, 'pid')
}

import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import { systemClock } from '../src/core/clock.ts'
import type { Flood, FloodLife } from './support/flood-process.ts'
import { type Doom, liveOnce } from './support/one-life.ts'
import { readOutsideLog } from './support/outside-log.ts'

const heapMb = 96
/** V8's default, 64, lets a burst of 192 MB be young at once, which cannot all grow old in so small a heap. */
const semiSpaceMb = 4
const filesMax = 64

const cleanUps: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp()
})

/** `AURA_FLOODS=fanOut,http` tries these alone. */
const all = 'small,large,fanOut,http,signals,state'
const floods = (process.env['AURA_FLOODS'] ?? all).split(',') as readonly Flood[]

describe.each<Flood>(floods)(
  `a process with ${heapMb} MB, ${filesMax} files and one core under a flood of '%s'`,
  (flood) => {
    it(
      'sheds what it cannot take and completes what it has accepted',
      { timeout: 120_000 },
      async () => {
        const files = newFiles()
        const agent = await deafAgent()
        const living = live({ ...files, url: agent.url, flood, isEnding: true }, null, (line) => {
          if (line.startsWith('{')) agent.answer()
        })
        const { lines, code, signal } = await living
        expect([code, signal, lines.at(-1)]).toEqual([0, null, 'idle'])
        expectShed(lines)
        expectKept(files.log)
      },
    )

    it('completes it also when it is killed and starts again', { timeout: 120_000 }, async () => {
      const files = newFiles()
      const agent = await deafAgent()
      const first = await live({ ...files, url: agent.url, flood, isEnding: false }, 'atShed')
      expect(first.signal).toBe('SIGKILL')
      expectShed(first.lines)
      agent.answer()
      const second = await live({ ...files, url: agent.url, flood: null, isEnding: true }, null)
      expect([second.code, second.signal, second.lines.at(-1)]).toEqual([0, null, 'idle'])
      expectKept(files.log)
    })
  },
)

describe(`a server with ${filesMax} files`, () => {
  it('is not brought down by 200 connections, nor is the work', { timeout: 60_000 }, async () => {
    const files = newFiles()
    const script = fileURLToPath(new URL('support/crowded-process.ts', import.meta.url))
    const [program, ...words] = limited([script, files.db, files.log])
    const child = spawn(program, words, { stdio: ['ignore', 'pipe', 'inherit'] })
    cleanUps.push(() => child.kill('SIGKILL'))
    const said = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
    const port = Number((await said.next()).value)
    const sockets = await crowd(port, 200)
    const before = ended(files.log)
    await until(() => ended(files.log) > before + 100)
    for (const socket of sockets) socket.destroy()
    await until(async () => {
      const answer = await fetch(`http://127.0.0.1:${port}/healthz`).catch(() => null)
      return answer?.status === 200
    })
    expect(child.exitCode).toBe(null)
    child.kill('SIGKILL')
    await once(child, 'exit')
    const noted = readOutsideLog(files.log)
    expect(noted.filter(({ what, more }) => what === 'ended' && more !== 'completed')).toEqual([])
  })
})

interface Files {
  readonly db: string
  readonly log: string
}

function newFiles(): Files {
  const folder = mkdtempSync(join(tmpdir(), 'exhaustion-'))
  cleanUps.push(() => rmSync(folder, { recursive: true, force: true }))
  const files = { db: join(folder, 'aura.db'), log: join(folder, 'outside') }
  writeFileSync(files.log, '')
  return files
}

/** An HTTP agent that takes every request and answers none of them before it is told to. */
async function deafAgent(): Promise<{ readonly url: string; answer(): void }> {
  let isDeaf = true
  const held = new Set<() => void>()
  const server: Server = createServer((request, response) => {
    request.resume()
    const reply = (): void => void response.setHeader('content-type', 'application/json').end('1')
    if (isDeaf) held.add(reply)
    else reply()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  cleanUps.push(() => {
    server.closeAllConnections()
    server.close()
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    answer() {
      isDeaf = false
      for (const reply of held) reply()
      held.clear()
    },
  }
}

/** A life of the flooded process; `atShed` kills it when it has refused enough. */
function live(given: FloodLife, doom: 'atShed' | null, onLine?: (line: string) => void) {
  const script = fileURLToPath(new URL('support/flood-process.ts', import.meta.url))
  const kill: Doom | null = doom === null ? null : { from: 'secondLine', afterMs: 20 }
  return liveOnce(limited([script, JSON.stringify(given)]), kill, onLine)
}

/** Node with the limits of the test, its heap without the cached code of others; on one core where the system can bind to one. */
function limited(words: readonly string[]): readonly [string, ...string[]] {
  const bind = spawnSync('taskset', ['-c', '0', 'true']).status === 0 ? 'taskset -c 0 ' : ''
  const run = `ulimit -n ${filesMax}; unset NODE_COMPILE_CACHE; exec ${bind}"$@"`
  const memory = [`--max-old-space-size=${heapMb}`, `--max-semi-space-size=${semiSpaceMb}`]
  return ['/bin/sh', '-c', run, 'sh', process.execPath, ...memory, ...words]
}

/** Nothing was refused but by a named limit. */
function expectShed(lines: readonly string[]): void {
  const { refusals } = JSON.parse(lines[1] ?? '{}') as { readonly refusals: Record<string, number> }
  const named =
    /^ResourceExhaustionError (heapShareMax|earlySignalsMax|stateKeysMax|activeExecutionsMax)$/
  expect(Object.keys(refusals).length).toBeGreaterThan(0)
  expect(Object.keys(refusals).filter((kind) => !named.test(kind))).toEqual([])
}

function expectKept(log: string): void {
  const noted = readOutsideLog(log)
  const ends = new Map(
    noted.filter(({ what }) => what === 'ended').map(({ key, more }) => [key, more.trim()]),
  )
  const accepted = noted.filter(({ what }) => what === 'accepted')
  expect(accepted.length).toBeGreaterThan(0)
  const others = accepted.map(({ key }) => ends.get(key)).filter((end) => end !== 'completed')
  expect(others).toEqual([])
}

/** Connections that stand, or would: half of them say nothing, half begin a request. */
async function crowd(port: number, count: number): Promise<readonly Socket[]> {
  const sockets = Array.from({ length: count }, (_, n) => {
    const socket = connect({ port, host: '127.0.0.1' })
    socket.on('error', () => {})
    socket.on('connect', () => {
      if (n % 2 === 0) socket.write('POST /v1/executions HTTP/1.1\r\nhost: 127.0.0.1\r\n')
    })
    return socket
  })
  cleanUps.push(() => {
    for (const socket of sockets) socket.destroy()
  })
  await Promise.all(
    sockets.map((socket) => Promise.race([once(socket, 'connect'), once(socket, 'close')])),
  )
  return sockets
}

function ended(log: string): number {
  return readOutsideLog(log).filter(({ what }) => what === 'ended').length
}

async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 600; tries++) {
    if (await isSo()) return
    await new Promise<void>((resolve) => void systemClock.after(50, resolve))
  }
  expect.fail('it did not come')
}

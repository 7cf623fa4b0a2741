// Records a labelled event log: the checkout service of record-series under load, with incidents and
// harmless disturbances at times that the seed decides.
//
//   node scripts/record-events.ts --out examples/events/learning --seed 1
//
// Writes <out>.jsonl (events in order of arrival) and <out>.labels.json (incidents, disturbances, and the
// windows in which the TDA detector found anomalies in the same run). Everything stays on 127.0.0.1; the
// run ends by itself after seven minutes.
import { fork, type ChildProcess } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { systemClock } from '../src/core/clock.ts'
import type { JsonObject } from '../src/core/json.ts'
import { seededRandom } from '../src/core/random.ts'
import { detectSeries, type SeriesPoint } from '../src/tda/index.ts'
import { makePlan } from './record-events/plan.ts'
import type { Disturbance } from './record-events/plan.ts'
import { probe } from './record-events/probe.ts'
import { createThrottle } from './record-events/throttle.ts'
import { createLoad } from './record-series/load.ts'

const intervalMs = 200
const probeMs = 2_000
/** An answer that took this long is worth an event. */
const slowMsMin = 100
const { values: options } = parseArgs({
  options: {
    out: { type: 'string', default: 'examples/events/learning' },
    seed: { type: 'string', default: '1' },
  },
})
const seed = Number(options.seed)
const { plan, lengthMs } = makePlan(seed)

const lines: string[] = []
const counts = new Map<string, number>()
const throttle = createThrottle(2, () => systemClock.nowMs())

function report(source: string, type: string, subject: string, data: JsonObject): void {
  const count = (counts.get(source) ?? 0) + 1
  counts.set(source, count)
  const time = new Date(systemClock.nowMs()).toISOString()
  const event = { id: `${source[1]}-${count}`, source, type, time, subject, data }
  lines.push(JSON.stringify(event))
}

function reportRequest(type: string, data: JsonObject): void {
  const suppressed = throttle(type)
  if (suppressed === null) return
  report('/gateway', type, 'checkout', suppressed === 0 ? data : { ...data, suppressed })
}

function start(file: string, args: readonly string[], execArgv: readonly string[] = []) {
  const path = fileURLToPath(new URL(`./record-series/${file}`, import.meta.url))
  const stdio = ['ignore', 'ignore', 'inherit', 'ipc'] as const
  const child = fork(path, args, { stdio: [...stdio], execArgv: [...execArgv] })
  return new Promise<{ child: ChildProcess; port: number }>((resolve, reject) => {
    child.once('error', reject)
    child.on('message', (message: { port?: number; events?: readonly JsonObject[] }) => {
      if (message.port !== undefined) resolve({ child, port: message.port })
      for (const event of message.events ?? []) lines.push(JSON.stringify(event))
    })
  })
}

let inventory = await start('inventory.ts', ['0'])
const inventoryPort = inventory.port
const reporter = new URL('./record-events/reporter.ts', import.meta.url).href
const service = await start(
  'checkout.ts',
  [String(inventoryPort), String(intervalMs)],
  ['--import', reporter],
)

const startLoad = (loadSeed: number) =>
  createLoad({
    port: service.port,
    random: seededRandom(loadSeed),
    clock: systemClock,
    requestsPerSecondMax: 400,
    onAnswer: ({ isOk, tookMs }) => {
      const took = Math.round(tookMs)
      if (!isOk) reportRequest('gateway.request.failed', { tookMs: took })
      else if (tookMs >= slowMsMin) reportRequest('gateway.request.slow', { tookMs: took })
    },
  })
const load = startLoad(seed)
let burst: ReturnType<typeof startLoad> | null = null

async function switchOn({ kind }: Disturbance): Promise<void> {
  if (kind === 'eventLoopStall') service.child.send({ stall: true })
  if (kind === 'memoryLeak') service.child.send({ leak: true })
  if (kind === 'burst') burst = startLoad(seed + 1_000)
  if (kind === 'deploy') report('/deploys', 'deploy.started', 'inventory', { version: '2' })
  if (kind === 'deploy' || kind === 'lostDependency') inventory.child.kill('SIGKILL')
}

async function switchOff({ kind }: Disturbance): Promise<void> {
  if (kind === 'eventLoopStall') service.child.send({ stall: false })
  if (kind === 'memoryLeak') service.child.send({ leak: false })
  if (kind === 'burst') burst?.stop()
  if (kind !== 'deploy' && kind !== 'lostDependency') return
  inventory = await start('inventory.ts', [String(inventoryPort)])
  if (kind === 'deploy') report('/deploys', 'deploy.finished', 'inventory', { version: '2' })
}

const pause = (delayMs: number): Promise<void> =>
  new Promise((resolve) => systemClock.after(delayMs, resolve))

// Code is compiled and sockets are opened before anything is written down.
await pause(3_000)
load.take()
lines.length = 0
const startedAtMs = systemClock.nowMs()
const startedMs = systemClock.monotonicMs()
for (const disturbance of plan) {
  systemClock.after(disturbance.t0Ms, () => void switchOn(disturbance))
  systemClock.after(disturbance.t1Ms, () => void switchOff(disturbance))
}

const latency: SeriesPoint[] = []
const errors: SeriesPoint[] = []
for (let count = 1; count * intervalMs <= lengthMs; count++) {
  await pause(Math.max(0, startedMs + count * intervalMs - systemClock.monotonicMs()))
  const atMs = startedAtMs + count * intervalMs
  const { p95Ms, failed, completed } = load.take()
  latency.push({ t: atMs, v: p95Ms })
  errors.push({ t: atMs, v: completed === 0 ? 0 : failed / completed })
  if ((count * intervalMs) % probeMs !== 0) continue
  const tell = (type: string, subject: string, data: JsonObject): void =>
    report('/probe', type, subject, data)
  probe({ name: 'checkout', port: service.port, path: '/checkout/probe' }, count, tell)
  probe({ name: 'inventory', port: inventoryPort, path: '/stock/probe' }, count, tell)
}
load.stop()
await pause(2_000)
service.child.disconnect()
inventory.child.disconnect()

const absolute = (isIncident: boolean) =>
  plan
    .filter((disturbance) => disturbance.isIncident === isIncident)
    .map(({ kind, t0Ms, t1Ms, note }) => ({
      kind,
      t0Ms: startedAtMs + t0Ms,
      t1Ms: startedAtMs + t1Ms,
      note,
    }))
const windows = [
  ...detectSeries(latency, { source: 'p95_ms' }),
  ...detectSeries(errors, { source: 'error_rate' }),
].map(({ windowId, source, t0Ms, t1Ms, kind, severity }) => ({
  windowId,
  source,
  t0Ms,
  t1Ms,
  kind,
  severity,
}))
mkdirSync(dirname(options.out), { recursive: true })
writeFileSync(`${options.out}.jsonl`, `${lines.join('\n')}\n`)
const labels = {
  seed,
  fromMs: startedAtMs,
  toMs: startedAtMs + lengthMs,
  incidents: absolute(true),
  harmless: absolute(false),
  tdaWindows: windows,
}
writeFileSync(`${options.out}.labels.json`, `${JSON.stringify(labels, null, 2)}\n`)
console.error(`${lines.length} events and ${labels.incidents.length} incidents in ${options.out}`)

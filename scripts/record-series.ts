// Records a real incident: a small HTTP service under seasonal load, with faults at known times.
//
//   node scripts/record-series.ts [--out examples/series/checkout] [--seconds 180] [--seed 7]
//
// Writes <out>.csv (one row per 200 ms) and <out>.labels.json. Everything stays on 127.0.0.1; the run
// stops by itself after --seconds (at most 600) and sends at most 400 requests a second.
import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { systemClock } from '../src/core/clock.ts'
import { seededRandom } from '../src/core/random.ts'
import { createLoad } from './record-series/load.ts'
import type { LoadCounts } from './record-series/load.ts'

const intervalMs = 200
const { values: options } = parseArgs({
  options: {
    out: { type: 'string', default: 'examples/series/checkout' },
    seconds: { type: 'string', default: '180' },
    seed: { type: 'string', default: '7' },
  },
})
const seconds = Math.min(600, Math.max(10, Number(options.seconds)))

interface Sample {
  readonly cpuPercent: number
  readonly memoryMb: number
}

/** Faults by share of the run, so that a shorter recording has them all. */
const plan = [
  {
    kind: 'eventLoopStall',
    from: 0.3,
    to: 0.345,
    note: 'the event loop is blocked 110 ms of every 310',
  },
  {
    kind: 'memoryLeak',
    from: 0.45,
    to: 0.55,
    note: 'sessions are kept and searched on each request',
  },
  { kind: 'lostDependency', from: 0.68, to: 0.725, note: 'the inventory service is down' },
  { kind: 'eventLoopStall', from: 0.85, to: 0.895, note: 'the event loop is blocked again' },
] as const

function start(file: string, args: readonly string[], onSample?: (sample: Sample) => void) {
  const path = fileURLToPath(new URL(`./record-series/${file}`, import.meta.url))
  const child = fork(path, args, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
  return new Promise<{ child: ChildProcess; port: number }>((resolve, reject) => {
    child.once('error', reject)
    child.on('message', (message: { port?: number } & Partial<Sample>) => {
      if (message.port !== undefined) resolve({ child, port: message.port })
      else onSample?.({ cpuPercent: message.cpuPercent ?? 0, memoryMb: message.memoryMb ?? 0 })
    })
  })
}

let inventory = await start('inventory.ts', ['0'])
const inventoryPort = inventory.port
let latest: Sample = { cpuPercent: 0, memoryMb: 0 }
const service = await start(
  'checkout.ts',
  [String(inventoryPort), String(intervalMs)],
  (sample) => {
    latest = sample
  },
)

async function switchFault(kind: string, isOn: boolean): Promise<void> {
  if (kind === 'eventLoopStall') service.child.send({ stall: isOn })
  if (kind === 'memoryLeak') service.child.send({ leak: isOn })
  if (kind !== 'lostDependency') return
  if (isOn) inventory.child.kill('SIGKILL')
  else inventory = await start('inventory.ts', [String(inventoryPort)])
}

function row(atMs: number, counts: LoadCounts): string {
  const cells = [
    counts.p95Ms.toFixed(2),
    counts.p50Ms.toFixed(2),
    (counts.completed / (intervalMs / 1_000)).toFixed(0),
    (counts.completed === 0 ? 0 : counts.failed / counts.completed).toFixed(4),
    latest.cpuPercent.toFixed(1),
    latest.memoryMb.toFixed(1),
  ]
  return [new Date(atMs).toISOString(), ...cells].join(',')
}

const load = createLoad({
  port: service.port,
  random: seededRandom(Number(options.seed)),
  clock: systemClock,
  requestsPerSecondMax: 400,
})
// Code is compiled and sockets are opened before anything is written down.
await new Promise<void>((resolve) => systemClock.after(3_000, resolve))
load.take()

const rows = ['timestamp,p95_ms,p50_ms,throughput_rps,error_rate,cpu_percent,memory_mb']
const startedAtMs = systemClock.nowMs()
const startedMs = systemClock.monotonicMs()
const faults = plan.map((fault) => ({
  kind: fault.kind,
  t0Ms: Math.round(startedAtMs + fault.from * seconds * 1_000),
  t1Ms: Math.round(startedAtMs + fault.to * seconds * 1_000),
  note: fault.note,
}))
for (const fault of faults) {
  systemClock.after(fault.t0Ms - startedAtMs, () => void switchFault(fault.kind, true))
  systemClock.after(fault.t1Ms - startedAtMs, () => void switchFault(fault.kind, false))
}
await new Promise<void>((resolve) => {
  const tick = (count: number): void => {
    rows.push(row(startedAtMs + count * intervalMs, load.take()))
    if (count * intervalMs >= seconds * 1_000) return resolve()
    const dueMs = startedMs + (count + 1) * intervalMs
    systemClock.after(Math.max(0, dueMs - systemClock.monotonicMs()), () => tick(count + 1))
  }
  systemClock.after(intervalMs, () => tick(1))
})
load.stop()
service.child.disconnect()
inventory.child.disconnect()

mkdirSync(dirname(options.out), { recursive: true })
writeFileSync(`${options.out}.csv`, `${rows.join('\n')}\n`)
const labels = { startedAtMs, intervalMs, seconds, seed: Number(options.seed), faults }
writeFileSync(`${options.out}.labels.json`, `${JSON.stringify(labels, null, 2)}\n`)
console.error(`${rows.length - 1} rows and ${faults.length} faults in ${options.out}.csv`)

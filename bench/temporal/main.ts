// Five steps one after the other on our Temporal engine against the same by hand with Temporal's SDK, turn by turn.
//
//   npm run -s bench:temporal [-- --json]     (npm run services:up temporal; TEMPORAL_ADDRESS says where else)
import { parseArgs } from 'node:util'
import { systemClock } from '../../src/core/clock.ts'
import { alternate } from '../alternate.ts'
import { median } from '../median.ts'
import { openBare } from './bare.ts'
import { openOurs } from './ours.ts'
import type { Side } from './side.ts'

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    atOnce: { type: 'string', default: '25' },
  },
})
const address = process.env['TEMPORAL_ADDRESS'] ?? '127.0.0.1:7233'
const queue = `bench-${process.pid}`
const perRound = 5
const atOnce = Number(values.atOnce)
const latencyBudgetMs = 7_000
const throughputBudgetMs = 8_000

async function timed(side: Side): Promise<number> {
  const startMs = systemClock.monotonicMs()
  const { n } = await side.execute({ n: 0 })
  if (n !== 5) throw new Error(`five steps came to ${n}`)
  return systemClock.monotonicMs() - startMs
}

async function latencies(side: Side): Promise<readonly number[]> {
  const took: number[] = []
  for (let i = 0; i < perRound; i++) took.push(await timed(side))
  return took
}

/** Executions a second while `atOnce` of them are under way. */
async function throughput(side: Side): Promise<number> {
  const startMs = systemClock.monotonicMs()
  await Promise.all(Array.from({ length: atOnce }, () => timed(side)))
  return (atOnce * 1_000) / (systemClock.monotonicMs() - startMs)
}

const ours = await openOurs(address, `${queue}-ours`)
const bare = await openBare(address, `${queue}-bare`)
const waits = await alternate(
  () => latencies(ours),
  () => latencies(bare),
  { budgetMs: latencyBudgetMs },
)
const rates = await alternate(
  () => throughput(ours),
  () => throughput(bare),
  { budgetMs: throughputBudgetMs, roundsMin: 2 },
)
const last = await Promise.all(
  [ours, bare].map(async (side) => {
    const { id } = await side.execute({ n: 0 })
    return side.history(id)
  }),
)
await Promise.all([ours.close(), bare.close()])

const [oursMs, bareMs] = [0, 1].map((side) =>
  median(waits.flatMap((round) => round[side] ?? [])),
) as [number, number]
const [oursRate, bareRate] = [0, 1].map((side) =>
  median(rates.map((round) => round[side] ?? 0)),
) as [number, number]
const [ofOurs, ofBare] = last
const result = {
  latencyMsP50: { ours: oursMs, bare: bareMs, ratio: oursMs / bareMs },
  executionsPerSecond: { atOnce, ours: oursRate, bare: bareRate, ratio: oursRate / bareRate },
  history: { ours: ofOurs, bare: ofBare },
  executions: { latency: waits.length * perRound, throughput: rates.length * atOnce },
}
console.log(values.json ? JSON.stringify(result) : result)

import { createClient } from 'redis'
import { systemClock } from '../src/core/clock.ts'
import { openRedis, RedisStateStore } from '../src/integrations/redis/index.ts'
import { alternate } from './alternate.ts'
import { type BenchRow, benchRow } from './bench-row.ts'
import { median } from './median.ts'
import { percentile } from './percentile.ts'

const budgetMs = 5_000
const clients = 100
const turnsAlone = 1_000
const turnsOfEach = 150
const value = { client: 'bench', turn: 1 }

interface Sides {
  readonly set: (key: string) => Promise<unknown>
  readonly get: (key: string) => Promise<unknown>
}

interface Times {
  readonly set: readonly number[]
  readonly get: readonly number[]
}

/**
 * RD: state in the Redis of REDIS_URL beside bare SET and GET of the same JSON with the same client: one client, and
 * 100 in a closed loop. Reads ask the server; `cachedGetMsP50` is what the cache makes of them.
 *
 * @throws UsageError or StorageError when there is no Redis
 */
export async function measureRedisState(): Promise<readonly BenchRow[]> {
  const url = process.env['REDIS_URL'] ?? 'redis://127.0.0.1:6379'
  const prefix = `bench-${process.pid}:`
  const { connection, close } = await openRedis({ url })
  const bare = createClient({ url })
  await bare.connect()
  const store = new RedisStateStore({ connection, prefix, cachedEntriesMax: 0 })
  const cached = new RedisStateStore({ connection, prefix })
  const floor: Sides = {
    set: (key) => bare.set(`${prefix}${key}`, JSON.stringify(value)),
    get: (key) => bare.get(`${prefix}${key}`),
  }
  const ours: Sides = {
    set: (key) => store.apply(key, { batchId: null, writes: [{ key: 'x', value }] }),
    get: (key) => store.get(key, 'x'),
  }
  try {
    const alone = await compare(floor, ours, { clients: 1, turns: turnsAlone })
    const together = await compare(floor, ours, { clients, turns: turnsOfEach })
    const hits = await timesOf(
      { ...ours, get: (key) => cached.get(key, 'x') },
      { clients: 1, turns: turnsAlone },
    )
    return [
      row('getMsP50', alone, ({ get }) => median(get)),
      row('setMsP50', alone, ({ set }) => median(set)),
      row('getMsP99Of100', together, ({ get }) => percentile(get, 0.99)),
      row('setMsP99Of100', together, ({ set }) => percentile(set, 0.99)),
      benchRow({ workload: 'RD', metric: 'cachedGetMsP50', value: median(hits.get), unit: 'ms' }),
    ]
  } finally {
    for await (const keys of bare.scanIterator({ MATCH: `${prefix}*`, COUNT: 1_000 }))
      if (keys.length > 0) await bare.del(keys)
    await bare.close()
    await close()
  }
}

type Load = { readonly clients: number; readonly turns: number }

function compare(
  floor: Sides,
  ours: Sides,
  load: Load,
): Promise<readonly (readonly [Times, Times])[]> {
  return alternate(
    () => timesOf(floor, load),
    () => timesOf(ours, load),
    { budgetMs },
  )
}

/** Each client writes keys of its own one after the other; then each reads them. */
async function timesOf(sides: Sides, { clients, turns }: Load): Promise<Times> {
  const each = async (work: (key: string) => Promise<unknown>): Promise<readonly number[]> => {
    const times: number[] = []
    const client = async (name: number): Promise<void> => {
      for (let turn = 0; turn < turns; turn++) {
        const startedMs = systemClock.monotonicMs()
        await work(`w${name}-${turn % 10}`)
        times.push(systemClock.monotonicMs() - startedMs)
      }
    }
    await Promise.all(Array.from({ length: clients }, (_, name) => client(name)))
    return times
  }
  return { set: await each(sides.set), get: await each(sides.get) }
}

function row(
  metric: string,
  rounds: readonly (readonly [Times, Times])[],
  of: (times: Times) => number,
): BenchRow {
  return benchRow({
    workload: 'RD',
    metric,
    value: median(rounds.map(([, ours]) => of(ours))),
    unit: 'ms',
    floor: median(rounds.map(([bare]) => of(bare))),
  })
}

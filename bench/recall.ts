import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { Memories } from '../src/agents/index.ts'
import { systemClock } from '../src/core/clock.ts'
import type { MemoryWrite } from '../src/core/contracts/memory.ts'
import { HashedEmbedder } from '../src/semantic/index.ts'
import { Database, MemoryStore } from '../src/storage/index.ts'
import { type BenchRow, benchRow } from './bench-row.ts'
import { median } from './median.ts'
import { percentile } from './percentile.ts'

const entries = 10_000
const questions = 200
const places = ['checkout', 'search', 'login', 'billing', 'the warehouse', 'the mail server']
const events = [
  'was slow',
  'ran out of memory',
  'lost its database',
  'was deployed',
  'was attacked',
]

/** MEM: recall of the ten entries most like a question among 10,000, by the hashed embedder; the first one loads them. */
export async function measureRecall(parent: string): Promise<readonly BenchRow[]> {
  const directory = mkdtempSync(join(parent, 'recall-'))
  const path = join(directory, 'aura.db')
  const owner = 'agent'
  const space = { owner, namespace: 'default' }
  const filling = Database.open({ path })
  const writes = Array.from({ length: entries }, (_, n) => writeOf(n))
  new MemoryStore(filling).change({ owner, entriesMax: entries, bytesMax: 1e9, writes }, 1)
  const ask = async (memories: Memories, n: number): Promise<number> => {
    const startedMs = systemClock.monotonicMs()
    const found = await memories.recall(space, textOf(n * 37), { limit: 10 })
    if (found.length !== 10) throw new Error(`recalled ${found.length} entries`)
    return systemClock.monotonicMs() - startedMs
  }
  const embeddingMs = await ask(memoriesOn(filling), 1)
  filling.close()
  const database = Database.open({ path })
  const memories = memoriesOn(database)
  const loadingMs = await ask(memories, 1)
  const times: number[] = []
  for (let n = 0; n < questions; n++) times.push(await ask(memories, n))
  database.close()
  rmSync(directory, { recursive: true, force: true })
  return [
    row('recallMsP50', median(times)),
    row('recallMsP99', percentile(times, 0.99)),
    row('firstRecallMs', loadingMs),
    row('firstRecallEmbeddingMs', embeddingMs),
  ]
}

function textOf(n: number): string {
  const place = places[n % places.length] as string
  return `on day ${n} ${place} ${events[(n * 7) % events.length]} and team ${n % 91} looked at case ${n * 13}`
}

function writeOf(n: number): MemoryWrite {
  const entry = { value: { n }, text: textOf(n), metadata: { day: n } }
  return { namespace: 'default', key: `k${n}`, entry }
}

function memoriesOn(database: Database): Memories {
  const store = new MemoryStore(database)
  return new Memories({ store, embedder: new HashedEmbedder(), clock: systemClock })
}

function row(metric: string, value: number): BenchRow {
  return benchRow({ workload: 'MEM', metric, value, unit: 'ms' })
}

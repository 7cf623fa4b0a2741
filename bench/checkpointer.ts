import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { Annotation, END, START, StateGraph } from '@langchain/langgraph'
import type { BaseCheckpointSaver } from '@langchain/langgraph-checkpoint'
import { SqliteSaver } from '@langchain/langgraph-checkpoint-sqlite'
import { systemClock } from '../src/core/clock.ts'
import { checkpointSaver } from '../src/integrations/langgraph/index.ts'
import { Database } from '../src/storage/index.ts'
import { type BenchRow, benchRow } from './bench-row.ts'
import { median } from './median.ts'
import { nodeSqliteDriver } from './node-sqlite-driver.ts'

const supersteps = 60
const rounds = 9

/**
 * LG: what a checkpointer adds to a superstep of a graph in which nothing else happens (durability `sync`),
 * Aura's and, as the floor, LangGraph's SqliteSaver, both at FULL: for one thread and for 16 at once.
 */
export async function measureCheckpointer(parent: string): Promise<readonly BenchRow[]> {
  const directory = mkdtempSync(join(parent, 'checkpointer-'))
  const { driver, close } = nodeSqliteDriver(join(directory, 'saver.db'))
  const database = Database.open({ path: join(directory, 'aura.db') })
  try {
    const graphs = [
      loop(null),
      loop(new SqliteSaver(driver)),
      loop(await checkpointSaver({ database })),
    ]
    return [
      await compare(graphs, { threads: 1, metric: 'addedMsPerSuperstep' }),
      await compare(graphs, { threads: 16, metric: 'addedMsPerSuperstepOf16' }),
    ]
  } finally {
    close()
    database.close()
    rmSync(directory, { recursive: true, force: true })
  }
}

type Loop = ReturnType<typeof loop>

async function compare(
  graphs: readonly Loop[],
  { threads, metric }: { readonly threads: number; readonly metric: string },
): Promise<BenchRow> {
  const taken = graphs.map((): number[] => [])
  for (let round = 0; round < rounds; round++) {
    for (const [side, graph] of graphs.entries()) {
      const ms = await msPerSuperstep(graph, `${metric}-${round}`, threads)
      // Two rounds until the code is compiled.
      if (round > 1) taken[side]?.push(ms)
    }
  }
  const [none = 0, saver = 0, ours = 0] = taken.map((values) => median(values))
  return benchRow({
    workload: 'LG',
    metric,
    value: ours - none,
    unit: 'ms',
    floor: saver - none,
  })
}

async function msPerSuperstep(graph: Loop, name: string, threads: number): Promise<number> {
  const startedMs = systemClock.monotonicMs()
  const runs = Array.from({ length: threads }, (_, thread) =>
    graph.invoke(
      { count: 0, context: { task: 'x'.repeat(500) } },
      {
        configurable: { thread_id: `${name}-${thread}` },
        durability: 'sync',
        recursionLimit: supersteps + 1,
      },
    ),
  )
  await Promise.all(runs)
  return (systemClock.monotonicMs() - startedMs) / (supersteps * threads)
}

/** A graph whose one node counts to the end; its input also has a value that never changes. */
function loop(checkpointer: BaseCheckpointSaver | null) {
  const state = Annotation.Root({
    count: Annotation<number>,
    note: Annotation<string>,
    context: Annotation<object>,
  })
  return new StateGraph(state)
    .addNode('work', ({ count }) => ({ count: count + 1, note: `step ${count}` }))
    .addEdge(START, 'work')
    .addConditionalEdges('work', ({ count }) => (count < supersteps ? 'work' : END), ['work', END])
    .compile(checkpointer === null ? {} : { checkpointer })
}

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  Annotation,
  Command,
  DeltaChannel,
  END,
  interrupt,
  START,
  StateGraph,
} from '@langchain/langgraph'
import { HumanMessage } from '@langchain/core/messages'
import { emptyCheckpoint, uuid6 } from '@langchain/langgraph-checkpoint'
import { afterEach, describe, expect, it } from 'vitest'
import { systemClock } from '../../../core/clock.ts'
import { MemoryRecordStore } from '../../../state/index.ts'
import { Database } from '../../../storage/index.ts'
import { AuraCheckpointSaver } from './checkpoint-saver.ts'

const cleanUps: (() => void)[] = []
afterEach(() => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) cleanUp()
})

const yes = new Command<string, Record<string, unknown>, never>({ resume: 'yes' })

const counting = Annotation.Root({
  count: Annotation<number>,
  limit: Annotation<number>,
  text: Annotation<string>,
})

const places = [
  ['a file', inFile],
  ['records', inRecords],
] as const

describe.each(places)('the growth of a thread in %s', (_, open) => {
  it('is bounded: only the newest checkpoints are kept, with every value that they need', async () => {
    const { saver, rows } = open({ keep: 10 })
    const graph = loop(saver)
    const config = { configurable: { thread_id: 'long' }, recursionLimit: 500 }
    await graph.invoke({ count: 0, limit: 100, text: 'given once' }, config)
    const rowsAt100 = await rows()
    await graph.invoke({ count: 0, limit: 400 }, config)
    // A checkpoint in records has one for each value that was new.
    expect(await rows()).toBeLessThanOrEqual(1.5 * rowsAt100 + 20)
    const kept = await all(saver.list({ configurable: { thread_id: 'long' } }))
    expect(kept.length).toBeGreaterThanOrEqual(10)
    expect(kept.length).toBeLessThanOrEqual(18)
    // Written 500 steps ago and never again.
    for (const { checkpoint } of kept) expect(checkpoint.channel_values['text']).toBe('given once')
  })

  it('is what changed, not the whole state once a step', async () => {
    const { saver, bytes } = open({ keep: null })
    const text = 'x'.repeat(100_000)
    await loop(saver).invoke(
      { count: 0, limit: 50, text },
      { ...thread('big'), recursionLimit: 100 },
    )
    // The text is there three times: the graph's input, its channel and the write to it.
    expect(await bytes()).toBeLessThan(350_000)
  })

  it('keeps the ancestors that a channel of differences is rebuilt from', async () => {
    const { saver } = open({ keep: 3 })
    const state = Annotation.Root({
      count: Annotation<number>,
      log: () =>
        new DeltaChannel<number[], number>(
          (values: number[], more: number[]) => [...values, ...more],
          {
            initialValue: () => [],
            snapshotFrequency: 40,
          } as never,
        ) as never,
    })
    const graph = new StateGraph(state)
      .addNode('work', ({ count }) => ({ count: count + 1, log: count }) as never)
      .addEdge(START, 'work')
      .addConditionalEdges('work', ({ count }) => (count < 60 ? 'work' : END), ['work', END])
      .compile({ checkpointer: saver })
    await graph.invoke({ count: 0 }, { ...thread('delta'), recursionLimit: 100 })
    const { values } = await graph.getState(thread('delta'))
    expect((values as { log: number[] }).log).toEqual(Array.from({ length: 60 }, (_, n) => n))
  })

  it('is bounded where each step calls a subgraph, which has a namespace of its own', async () => {
    const { saver, namespaces } = open({ keep: 5 })
    const inner = new StateGraph(counting)
      .addNode('inside', ({ count }) => ({ count: count + 1 }))
      .addEdge(START, 'inside')
      .addEdge('inside', END)
      .compile()
    const graph = new StateGraph(counting)
      .addNode('sub', inner)
      .addEdge(START, 'sub')
      .addConditionalEdges('sub', ({ count, limit }) => (count < limit ? 'sub' : END), ['sub', END])
      .compile({ checkpointer: saver })
    await graph.invoke({ count: 0, limit: 60 }, { ...thread('nested'), recursionLimit: 100 })
    expect(await namespaces()).toBeGreaterThan(3)
    expect(await namespaces()).toBeLessThan(20)
    expect((await graph.getState(thread('nested'))).values).toMatchObject({ count: 60 })
  })

  it('ends when a thread, or all threads of an execution, are deleted', async () => {
    const { saver, rows } = open()
    for (const id of ['exec-1/a/1', 'exec-1/b/1', 'exec-10/a/1', 'other'])
      await loop(saver).invoke({ count: 0, limit: 3 }, thread(id))
    await saver.deleteThread('other')
    expect(await saver.getTuple(thread('other'))).toBeUndefined()
    await saver.forgetExecution('exec-1')
    expect(await saver.getTuple(thread('exec-1/b/1'))).toBeUndefined()
    expect(await saver.getTuple(thread('exec-10/a/1'))).toBeDefined()
    await saver.trimThread('exec-10/a/1', 'output')
    expect(await all(saver.list(thread('exec-10/a/1')))).toHaveLength(1)
    await saver.forgetExecution('exec-10')
    expect(await rows()).toBe(0)
  })
})

describe.each(places)('what is stored in %s', (_, open) => {
  it('comes back as it was given: plain values, messages, sets, bytes, undefined', async () => {
    const { saver } = open()
    const values = {
      plain: { a: [1, null, 'x', { lc: 2, type: 'undefined' }] },
      messages: [new HumanMessage('hello')],
      set: new Set([1, 2]),
      bytes: new Uint8Array([0, 255, 3]),
      odd: { here: undefined, nan: 1 / 0 },
    }
    const versions = { plain: 1, messages: 1, set: 1, bytes: 1, odd: 1 }
    const checkpoint = {
      ...emptyCheckpoint(),
      id: uuid6(1),
      channel_values: values,
      channel_versions: versions,
    }
    const metadata = { source: 'loop', step: 1, parents: {} } as const
    const config = await saver.put(thread('values'), checkpoint, metadata, versions)
    await saver.putWrites(config, [['set', values.set]], 'task')
    const found = await saver.getTuple(config)
    const back = found?.checkpoint.channel_values ?? {}
    const { plain, messages, set, bytes, odd } = back as typeof values
    // As LangGraph's own serialiser reads such a record.
    expect(plain).toEqual({ a: [1, null, 'x', undefined] })
    expect(messages[0]).toBeInstanceOf(HumanMessage)
    expect(set).toEqual(values.set)
    expect([...bytes]).toEqual([0, 255, 3])
    expect(odd).toEqual({ here: undefined, nan: null })
    expect(found?.pendingWrites).toEqual([['task', 'set', values.set]])
  })

  it('survives the process: an interrupted graph goes on in a new owner', async () => {
    const { saver, reopened } = open()
    const calls: string[] = []
    const config = thread('asked')
    await approval(saver, calls).invoke({ text: 'pay' }, config)
    const answer = await approval(reopened(), calls).invoke(yes, config)
    expect(answer.text).toBe('pay: yes')
    expect(calls).toEqual(['prepare'])
  })

  it('keeps branches of a thread apart, also where their versions are the same', async () => {
    const { saver } = open()
    const graph = loop(saver)
    const config = thread('forked')
    await graph.invoke({ count: 0, limit: 1, text: 'first' }, config)
    const [, before] = await all(graph.getStateHistory(config))
    const left = await graph.updateState(before?.config ?? {}, { text: 'left' }, 'work')
    const right = await graph.updateState(before?.config ?? {}, { text: 'right' }, 'work')
    const copy = await graph.updateState(left, null, '__copy__')
    const texts = []
    for (const branch of [left, right, copy])
      texts.push(((await graph.getState(branch)).values as { text: string }).text)
    expect(texts).toEqual(['left', 'right', 'left'])
  })
})

describe('a damaged row', () => {
  it.each([
    ['a checkpoint', "UPDATE graph_records SET payload = replace(payload, 'given', 'GIVEN')"],
    ['its parent', "UPDATE graph_records SET parent_id = 'x' WHERE task_id = ''"],
    ["a task's writes", "UPDATE graph_records SET payload = '[]' WHERE task_id > ''"],
  ])('is refused, never used: %s', async (_, damage) => {
    const { path, database, saver } = openFile()
    await approval(saver, []).invoke({ text: 'given' }, thread('hurt'))
    database.prepare(damage).run()
    database.close()
    const refused = expect.objectContaining({ code: 'StateConsistencyError' })
    const again = reopen(path)
    await expect(again.getTuple(thread('hurt'))).rejects.toEqual(refused)
    await expect(approval(again, []).invoke(yes, thread('hurt'))).rejects.toEqual(refused)
  })

  it('is refused when a row is missing that others refer to', async () => {
    const { saver, database } = openFile()
    await loop(saver).invoke({ count: 0, limit: 5, text: 'gone' }, thread('hole'))
    database.prepare(`DELETE FROM graph_records WHERE payload LIKE '%"text":[0,"gone"]%'`).run()
    await expect(saver.getTuple(thread('hole'))).rejects.toMatchObject({
      code: 'StateConsistencyError',
      message: expect.stringContaining('is missing'),
    })
  })

  it('does not keep other threads from being written in the same commit', async () => {
    const { path, database, saver } = openFile()
    await loop(saver).invoke({ count: 0, limit: 2 }, thread('hurt'))
    database.prepare("UPDATE graph_records SET payload = '{}' WHERE task_id = ''").run()
    database.close()
    const again = reopen(path)
    const [hurt, well] = await Promise.allSettled([
      loop(again).invoke({ count: 0, limit: 2 }, thread('hurt')),
      loop(again).invoke({ count: 0, limit: 2 }, thread('well')),
    ])
    expect([hurt.status, well.status]).toEqual(['rejected', 'fulfilled'])
  })
})

it('what one turn records, of all threads, is one commit', async () => {
  const { database, saver } = openFile()
  let commits = 0
  const commit = database.commit.bind(database)
  database.commit = (work) => {
    commits++
    return commit(work)
  }
  const graph = loop(saver)
  const runs = Array.from({ length: 50 }, (_, n) =>
    graph.invoke({ count: 0, limit: 10 }, { ...thread(`t${n}`), durability: 'sync' }),
  )
  await Promise.all(runs)
  // 12 supersteps of 50 threads, of which each one asks twice.
  expect(commits).toBeLessThan(100)
})

it.each([
  ['a thread', {}, 'configurable.thread_id is missing'],
  ['a text', { thread_id: 7 }, 'configurable.thread_id is a text'],
])('a checkpoint without %s is refused', async (_, configurable, message) => {
  const { saver } = openFile()
  const metadata = { source: 'input', step: -1, parents: {} } as const
  await expect(saver.put({ configurable }, emptyCheckpoint(), metadata, {})).rejects.toMatchObject({
    code: 'InputError',
    message: expect.stringContaining(message),
  })
})

async function all<T>(given: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = []
  for await (const item of given) items.push(item)
  return items
}

function thread(id: string) {
  return { configurable: { thread_id: id } }
}

function loop(checkpointer: AuraCheckpointSaver) {
  return new StateGraph(counting)
    .addNode('work', ({ count }) => ({ count: count + 1 }))
    .addEdge(START, 'work')
    .addConditionalEdges('work', ({ count, limit }) => (count < limit ? 'work' : END), [
      'work',
      END,
    ])
    .compile({ checkpointer })
}

function approval(checkpointer: AuraCheckpointSaver, calls: string[]) {
  return new StateGraph(Annotation.Root({ text: Annotation<string> }))
    .addNode('prepare', () => {
      calls.push('prepare')
      return {}
    })
    .addNode('ask', ({ text }) => ({ text: `${text}: ${interrupt('may I?')}` }))
    .addEdge(START, 'prepare')
    .addEdge('prepare', 'ask')
    .addEdge('ask', END)
    .compile({ checkpointer })
}

function inFile({ keep = 100 }: { keep?: number | null } = {}) {
  const { path, database, saver } = openFile({ keep })
  const count = async (query: string) => Number(database.prepare(query).get()?.['n'])
  return {
    saver,
    rows: () => count('SELECT count(*) AS n FROM graph_records'),
    bytes: () => count('SELECT sum(length(payload)) AS n FROM graph_records'),
    namespaces: () => count('SELECT count(*) AS n FROM graph_threads'),
    reopened: () => {
      database.close()
      return reopen(path)
    },
  }
}

function inRecords({ keep = 100 }: { keep?: number | null } = {}) {
  const records = new MemoryRecordStore(systemClock)
  const of = async <Kept>(read: (group: string, names: readonly string[]) => Kept[]) => {
    const groups = await records.groups('')
    const all = await Promise.all(
      groups.map(async (group) => read(group, await records.names(group))),
    )
    return all.flat()
  }
  return {
    saver: new AuraCheckpointSaver({ records, keep }),
    rows: async () => (await of((_, names) => [...names])).length,
    async bytes() {
      const reads = await of((group, names) => [records.read(group, names)])
      return (await Promise.all(reads)).flat().join('').length
    },
    namespaces: async () =>
      new Set(await of((group, names) => names.map((name) => `${group} ${JSON.parse(name)[1]}`)))
        .size,
    reopened: () => new AuraCheckpointSaver({ records }),
  }
}

function openFile(options: { keep?: number | null } = {}) {
  const directory = mkdtempSync(join(tmpdir(), 'checkpoints-'))
  cleanUps.push(() => rmSync(directory, { recursive: true, force: true }))
  const path = join(directory, 'aura.db')
  const database = Database.open({ path, durability: 'normal' })
  cleanUps.push(() => database.close())
  return { path, database, saver: new AuraCheckpointSaver({ database, ...options }) }
}

function reopen(path: string): AuraCheckpointSaver {
  const database = Database.open({ path, durability: 'normal' })
  cleanUps.push(() => database.close())
  return new AuraCheckpointSaver({ database })
}

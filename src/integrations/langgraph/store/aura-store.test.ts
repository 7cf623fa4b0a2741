import {
  Annotation,
  END,
  type LangGraphRunnableConfig,
  START,
  StateGraph,
} from '@langchain/langgraph'
import { type BaseStore, InMemoryStore } from '@langchain/langgraph-checkpoint'
import { beforeEach, describe, expect, it } from 'vitest'
import { Memories } from '../../../agents/index.ts'
import { systemClock } from '../../../core/clock.ts'
import { HashedEmbedder } from '../../../semantic/index.ts'
import { memoryStoreInMemory } from '../../../storage/index.ts'
import type { AuraStore } from './aura-store.ts'
import { memoryStore } from './open-store.ts'

let store: AuraStore
let memories: Memories
beforeEach(async () => {
  const embedder = new HashedEmbedder()
  memories = new Memories({ store: memoryStoreInMemory(), embedder, clock: systemClock })
  store = await memoryStore({ memories, owner: 'notes' })
})

/** What LangGraph's own store in memory and ours answer to the same. */
async function both(work: (store: BaseStore) => Promise<unknown>) {
  return { theirs: await work(new InMemoryStore()), ours: await work(store) }
}

/** As it is now: the other store changes what it has given. */
const withoutTimes = (item: object | null | undefined): unknown =>
  item == null ? null : structuredClone({ ...item, createdAt: null, updatedAt: null })

describe('answers as LangGraph’s own store does', () => {
  it('to put, get, delete and put again', async () => {
    const { ours, theirs } = await both(async (one) => {
      await one.put(['users', 'ada'], 'food', { likes: 'pizza' })
      const first = withoutTimes(await one.get(['users', 'ada'], 'food'))
      await one.put(['users', 'ada'], 'food', { likes: 'rice' })
      const second = withoutTimes(await one.get(['users', 'ada'], 'food'))
      await one.delete(['users', 'ada'], 'food')
      return [first, second, await one.get(['users', 'ada'], 'food')]
    })
    expect(ours).toEqual(theirs)
  })

  it('to search by prefix and filter, with offset and limit', async () => {
    const { ours, theirs } = await both(async (one) => {
      for (let n = 0; n < 6; n++)
        await one.put(['docs', n % 2 === 0 ? 'even' : 'odd'], `d${n}`, { n, kind: 'doc' })
      const keys = async (prefix: string[], options: object): Promise<string[]> =>
        (await one.search(prefix, options)).map(({ key }) => key).toSorted()
      return [
        await keys(['docs'], { filter: { n: { $gte: 2 } } }),
        await keys(['docs', 'odd'], { filter: { kind: 'doc', n: { $ne: 3 } } }),
        await keys(['doc'], {}),
        (await one.search(['docs'], { limit: 4, offset: 4 })).length,
      ]
    })
    expect(ours).toEqual(theirs)
  })

  it('to a list of namespaces by prefix, suffix, wildcard and depth', async () => {
    const { ours, theirs } = await both(async (one) => {
      for (const path of [['a', 'b', 'c'], ['a', 'x', 'c'], ['a', 'b', 'd'], ['z']])
        await one.put(path, 'k', { v: 1 })
      const sorted = async (options: object): Promise<string[]> =>
        (await one.listNamespaces(options)).map((labels) => labels.join('/')).toSorted()
      return [
        await sorted({}),
        await sorted({ prefix: ['a', '*'], suffix: ['c'] }),
        await sorted({ prefix: ['a'], maxDepth: 2 }),
      ]
    })
    expect(ours).toEqual(theirs)
  })

  it('to a batch: reads see what was before, writes come last', async () => {
    const { ours, theirs } = await both(async (one) => {
      await one.put(['n'], 'k', { v: 1 })
      const results = await one.batch([
        { namespace: ['n'], key: 'k', value: { v: 2 } },
        { namespacePrefix: ['n'], filter: { v: 2 } },
      ])
      return [results, withoutTimes(await one.get(['n'], 'k'))]
    })
    expect(ours).toEqual(theirs)
  })
})

it('ranks by meaning over all namespaces under the prefix, but for what is not indexed', async () => {
  await store.put(['facts', 'ops'], 'disk', { text: 'the disk of the database was full' }, ['text'])
  await store.put(['facts', 'home'], 'cat', { text: 'the cat sleeps on the sofa' }, ['text'])
  await store.put(['facts', 'ops'], 'hidden', { text: 'a full disk' }, false)
  const found = await store.search(['facts'], { query: 'a full disk' })
  expect(found.map(({ key }) => key)).toEqual(['disk', 'cat'])
  expect(found[0]?.score).toBeGreaterThan(found[1]?.score ?? 1)
})

it('writes a batch whole or not at all', async () => {
  const bad = { namespace: ['n'], key: 'b', value: { n: 1n } }
  await expect(
    store.batch([{ namespace: ['n'], key: 'a', value: { v: 1 } }, bad]),
  ).rejects.toMatchObject({ code: 'InputError' })
  expect(await store.get(['n'], 'a')).toBeNull()
})

it.each([
  ['a label with a dot', () => store.batch([{ namespace: ['a.b'], key: 'k' }])],
  ['no label', () => store.batch([{ namespace: [], key: 'k', value: { v: 1 } }])],
  ['a key that is too long', () => store.put(['n'], 'k'.repeat(201), { v: 1 })],
  ['an unknown operator', () => store.search(['n'], { filter: { v: { $near: 1 } } })],
  ['a limit of 0', () => store.search(['n'], { limit: 0 })],
  ['a value that is no object', () => store.put(['n'], 'k', [1] as never)],
])('refuses %s', async (_, work) => {
  await expect(work()).rejects.toMatchObject({ code: 'InputError' })
})

it('a graph that uses its store remembers from thread to thread', async () => {
  const state = Annotation.Root({ name: Annotation<string>, greeting: Annotation<string> })
  const graph = new StateGraph(state)
    .addNode('greet', async ({ name }, config: LangGraphRunnableConfig) => {
      const known = await config.store?.get(['people'], name)
      await config.store?.put(['people'], name, { seen: true })
      return { greeting: known == null ? 'Nice to meet you' : 'Welcome back' }
    })
    .addEdge(START, 'greet')
    .addEdge('greet', END)
    .compile({ store })
  expect(await graph.invoke({ name: 'Ada' })).toMatchObject({ greeting: 'Nice to meet you' })
  expect(await graph.invoke({ name: 'Ada' })).toMatchObject({ greeting: 'Welcome back' })
})

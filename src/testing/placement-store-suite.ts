import assert from 'node:assert/strict'
import type { Beat, PlacementStore } from '../placement/index.ts'
import { type StoreCase, type StoreHarness, suiteOf } from './store-case.ts'

/** The behaviours of the port `PlacementStore`; as `stateStoreSuite`. */
export function placementStoreSuite(
  open: () => Promise<StoreHarness<PlacementStore>>,
  gaps: Readonly<Record<string, string>> = {},
): readonly StoreCase[] {
  return suiteOf(checks, open, gaps)
}

const longMs = 60_000
const shortMs = 30

function beatOf(instance: string, more: Partial<Beat> = {}): Beat {
  return { instance, leaseMs: longMs, shards: 4, take: [], release: [], ...more }
}

const checks: Readonly<Record<string, (harness: StoreHarness<PlacementStore>) => Promise<void>>> = {
  async 'all instances see who is there and who has what'({ store }) {
    await store.beat(beatOf('b', { take: [1, 0] }))
    const seen = await store.beat(beatOf('a', { take: [2] }))
    assert.deepEqual(seen, {
      members: ['a', 'b'],
      holds: [
        { shard: 0, instance: 'b', token: 1 },
        { shard: 1, instance: 'b', token: 1 },
        { shard: 2, instance: 'a', token: 1 },
      ],
    })
    assert.deepEqual(await store.beat(beatOf('b')), seen)
  },
  async 'a shard has one holder, whoever asks at the same time'({ store }) {
    const names = Array.from({ length: 10 }, (_, n) => `host-${n}`)
    await Promise.all(names.map((name) => store.beat(beatOf(name, { take: [0, 1, 2, 3] }))))
    const { members, holds } = await store.beat(beatOf('host-0'))
    assert.equal(members.length, 10)
    assert.deepEqual(
      holds.map(({ shard, token }) => [shard, token]),
      [0, 1, 2, 3].map((shard) => [shard, 1]),
    )
  },
  async 'what is given up goes to the next, under a higher token'({ store }) {
    await store.beat(beatOf('a', { take: [0, 1] }))
    await store.beat(beatOf('b', { release: [0] }))
    const { holds } = await store.beat(beatOf('a', { release: [1] }))
    assert.deepEqual(holds, [{ shard: 0, instance: 'a', token: 1 }])
    const after = await store.beat(beatOf('b', { take: [0, 1] }))
    assert.deepEqual(after.holds, [
      { shard: 0, instance: 'a', token: 1 },
      { shard: 1, instance: 'b', token: 2 },
    ])
  },
  async 'an instance that says nothing loses what others take, and nothing else'({
    store,
    advance,
  }) {
    await store.beat(beatOf('a', { take: [0, 1], leaseMs: shortMs }))
    await store.beat(beatOf('b'))
    await advance(2 * shortMs)
    const { members, holds } = await store.beat(beatOf('b', { take: [0] }))
    assert.deepEqual(members, ['b'])
    assert.deepEqual(holds, [{ shard: 0, instance: 'b', token: 2 }])
    const back = await store.beat(beatOf('a'))
    assert.deepEqual(back.holds, [
      { shard: 0, instance: 'b', token: 2 },
      { shard: 1, instance: 'a', token: 1 },
    ])
  },
  async 'an instance that leaves gives up everything at once'({ store }) {
    await store.beat(beatOf('a', { take: [0, 1] }))
    await store.leave('a')
    await store.leave('nobody')
    const { members, holds } = await store.beat(beatOf('b', { take: [1] }))
    assert.deepEqual(members, ['b'])
    assert.deepEqual(holds, [{ shard: 1, instance: 'b', token: 2 }])
  },
  async 'another number of shards is refused; it may grow while nobody is there'({ store }) {
    await store.beat(beatOf('a'))
    await assert.rejects(store.beat(beatOf('b', { shards: 5 })), { code: 'RefusedError' })
    await assert.rejects(store.beat(beatOf('b', { shards: 3 })), { code: 'RefusedError' })
    assert.deepEqual((await store.beat(beatOf('a'))).members, ['a'])
    await store.leave('a')
    await assert.rejects(store.beat(beatOf('b', { shards: 3 })), { code: 'RefusedError' })
    const { members } = await store.beat(beatOf('b', { shards: 5, take: [4] }))
    assert.deepEqual(members, ['b'])
  },
  async 'bad names and numbers are refused'({ store }) {
    for (const bad of [
      beatOf(''),
      beatOf('a b'),
      beatOf('a', { shards: 0 }),
      beatOf('a', { leaseMs: 0 }),
      beatOf('a', { take: [4] }),
      beatOf('a', { release: [-1] }),
    ])
      await assert.rejects(store.beat(bad), { code: 'InputError' })
  },
}

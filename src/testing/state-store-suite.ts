import assert from 'node:assert/strict'
import { isOrchestrationError } from '../core/errors.ts'
import { limits } from '../core/limits.ts'
import type { StateStore } from '../state/index.ts'
import { type StoreCase, type StoreHarness, suiteOf } from './store-case.ts'

/**
 * The behaviours of the port `StateStore`, to be run one by one by any test runner; each opens a store without
 * entries of its own.
 *
 * @param gaps names of cases that the adapter declares it does not pass, with the reason
 * @throws Error when a gap names no case
 */
export function stateStoreSuite(
  open: () => Promise<StoreHarness<StateStore>>,
  gaps: Readonly<Record<string, string>> = {},
): readonly StoreCase[] {
  return suiteOf(checks, open, gaps)
}

const id = 'order-1'
const batch = (
  batchId: string | null,
  ...writes: Parameters<StateStore['apply']>[1]['writes']
) => ({
  batchId,
  writes,
})

async function valuesOf(store: StateStore, workflowId = id): Promise<unknown> {
  const entries = await store.list(workflowId)
  return entries.map(({ key, value, version }) => [key, value, version])
}

/** Waits for the refusal of a change and checks why it was refused. */
async function refused(change: Promise<unknown>, code: string, because?: string): Promise<void> {
  await assert.rejects(change, (thrown) => {
    assert.ok(isOrchestrationError(thrown), String(thrown))
    assert.equal(thrown.code, code)
    if (because !== undefined) assert.equal(thrown.details?.['because'], because)
    return true
  })
}

const image = (revision: number, ...entries: readonly (readonly [string, number, unknown?])[]) => ({
  revision,
  entries: entries.map(([key, version, value]) => ({
    key,
    version,
    ...(value === undefined ? {} : { value: value as number }),
    metadata: {},
    atMs: 1_000 + version,
    expiresAtMs: null,
  })),
})

const checks: Readonly<Record<string, (harness: StoreHarness<StateStore>) => Promise<void>>> = {
  async 'nothing is there before it is written'({ store }) {
    assert.equal(await store.get(id, 'total'), null)
    assert.deepEqual(await store.list(id), [])
    assert.equal(await store.revision(id), 0)
  },
  async 'an entry has value, version, time, time to live and metadata'({ store }) {
    const value = { amount: 12.5, tags: [], names: ['ä', '\n:'], none: null }
    const metadata = { by: 'clerk' }
    await store.apply(id, batch('a', { key: 'total', value, ttlMs: 60_000, metadata }))
    const entry = await store.get(id, 'total')
    assert.ok(entry !== null && entry.timestampMs > 0)
    const { timestampMs: _, ...rest } = entry
    const expected = { workflowId: id, key: 'total', version: 1, ttlMs: 60_000 }
    assert.deepEqual(rest, { ...expected, value, metadata })
    assert.deepEqual(await store.list(id), [entry])
  },
  async 'versions count the writes of a key, also in one batch and over deletions'({ store }) {
    const first = await store.apply(id, batch('a', { key: 'x', value: 1 }, { key: 'x', value: 2 }))
    assert.deepEqual(first.versions, [{ key: 'x', version: 2 }])
    await store.apply(id, batch('b', { key: 'x' }))
    assert.equal(await store.get(id, 'x'), null)
    await store.apply(id, batch('c', { key: 'x', value: 3, expectedVersion: 0 }))
    assert.equal((await store.get(id, 'x'))?.version, 4)
    assert.equal(await store.revision(id), 3)
  },
  async 'a stale version refuses the whole batch'({ store }) {
    await store.apply(id, batch('a', { key: 'x', value: 1 }))
    const stale = batch('b', { key: 'y', value: 1 }, { key: 'x', value: 2, expectedVersion: 0 })
    await refused(store.apply(id, stale), 'StateConsistencyError', 'conflict')
    assert.deepEqual(await valuesOf(store), [['x', 1, 1]])
    assert.equal(await store.revision(id), 1)
  },
  async 'of concurrent writers with the same version one wins'({ store }) {
    const tries = Array.from({ length: 20 }, (_, n) =>
      store.apply(id, batch(null, { key: 'x', value: n, expectedVersion: 0 })),
    )
    const won = (await Promise.allSettled(tries)).filter(({ status }) => status === 'fulfilled')
    assert.equal(won.length, 1)
    assert.equal((await store.get(id, 'x'))?.version, 1)
  },
  async 'a repeated batch is answered as before and writes nothing'({ store }) {
    const once = batch('a', { key: 'x', value: 1, expectedVersion: 0 }, { key: 'y', value: 2 })
    const first = await store.apply(id, once)
    await store.apply(id, batch('b', { key: 'x', value: 9 }))
    const again = await store.apply(id, once)
    assert.deepEqual(again, { ...first, isRepeat: true })
    assert.deepEqual(await valuesOf(store), [
      ['x', 9, 2],
      ['y', 2, 1],
    ])
  },
  async 'batches of different workflows with one id are different'({ store }) {
    await store.apply(id, batch('a', { key: 'x', value: 1 }))
    await store.apply('order-2', batch('a', { key: 'x', value: 2 }))
    assert.deepEqual(await valuesOf(store, 'order-2'), [['x', 2, 1]])
  },
  async 'only the newest batches are remembered'({ store }) {
    for (let n = 0; n <= limits.stateBatchesMax; n++)
      await store.apply(id, batch(`b${n}`, { key: 'x', value: n }))
    assert.equal((await store.apply(id, batch('b1', { key: 'x', value: 1 }))).isRepeat, true)
    assert.equal((await store.apply(id, batch('b0', { key: 'x', value: 0 }))).isRepeat, false)
  },
  async 'an entry is gone after its time to live, and its version goes on'({ store, advance }) {
    await store.apply(id, batch('a', { key: 'x', value: 1, ttlMs: 50 }, { key: 'y', value: 1 }))
    await advance(50)
    assert.equal(await store.get(id, 'x'), null)
    assert.deepEqual(await valuesOf(store), [['y', 1, 1]])
    await store.apply(id, batch('b', { key: 'x', value: 2, expectedVersion: 0 }))
    assert.equal((await store.get(id, 'x'))?.version, 2)
  },
  async 'a rollback writes what it restores as higher versions, in one change'({ store }) {
    await store.apply(
      id,
      batch(
        'a',
        { key: 'kept', value: 1 },
        { key: 'changed', value: 1 },
        { key: 'gone', value: 1 },
      ),
    )
    await store.checkpoint(id, 'before')
    await store.apply(
      id,
      batch('b', { key: 'changed', value: 2 }, { key: 'gone' }, { key: 'new', value: 1 }),
    )
    const back = { checkpointId: 'before', batchId: 'back' }
    const receipt = await store.rollback(id, back)
    assert.deepEqual(await valuesOf(store), [
      ['changed', 1, 3],
      ['gone', 1, 3],
      ['kept', 1, 1],
    ])
    assert.equal(receipt.revision, 3)
    const versions = new Map(receipt.versions.map(({ key, version }) => [key, version]))
    assert.deepEqual([versions.size, versions.get('new'), versions.get('changed')], [3, 2, 3])
    assert.deepEqual(await store.rollback(id, back), { ...receipt, isRepeat: true })
  },
  async 'a checkpoint stays what it was, and one that is not there is not found'({ store }) {
    await store.apply(id, batch('a', { key: 'x', value: 1 }))
    await store.checkpoint(id, 'c')
    await store.apply(id, batch('b', { key: 'x', value: 2 }))
    await store.checkpoint(id, 'c')
    await store.rollback(id, { checkpointId: 'c', batchId: 'r' })
    assert.deepEqual(await valuesOf(store), [['x', 1, 3]])
    await refused(store.rollback(id, { checkpointId: 'd', batchId: 's' }), 'NotFoundError')
  },
  async 'a later owner fences off an earlier one, also one with the same token'({ store }) {
    const fence = (token: number, holder: string) => ({ fence: { token, holder } })
    await store.apply(id, batch('a', { key: 'x', value: 1 }), fence(1, 'first'))
    await store.apply(id, batch('b', { key: 'x', value: 2 }), fence(2, 'second'))
    const late = batch('c', { key: 'x', value: 3 })
    for (const stale of [fence(1, 'first'), fence(2, 'third')]) {
      const back = { checkpointId: 'c', batchId: 'r' }
      await refused(store.apply(id, late, stale), 'StateConsistencyError', 'fenced')
      await refused(store.checkpoint(id, 'c', stale), 'StateConsistencyError', 'fenced')
      await refused(store.rollback(id, back, stale), 'StateConsistencyError', 'fenced')
    }
    assert.deepEqual(await valuesOf(store), [['x', 2, 2]])
  },
  async 'a store that is behind what was acknowledged is found out, and rebuilt'({ store }) {
    const atMs = 1_700_000_000_000
    const batches = [
      { ...batch('a', { key: 'x', value: 1 }, { key: 'y', value: 1 }), atMs },
      { ...batch('b', { key: 'x', value: 2, expectedVersion: 1 }, { key: 'y' }), atMs },
    ]
    await store.apply(id, batches[0]!)
    const next = batch('c', { key: 'x', value: 3, expectedVersion: 2 })
    await refused(store.apply(id, next, { knownRevision: 2 }), 'StateConsistencyError', 'behind')
    await store.rebuild(id, batches)
    assert.deepEqual(await valuesOf(store), [['x', 2, 2]])
    assert.equal((await store.get(id, 'x'))?.timestampMs, atMs)
    assert.equal((await store.apply(id, batches[1]!)).isRepeat, true)
    assert.equal((await store.apply(id, next, { knownRevision: 2 })).revision, 3)
  },
  async 'an ended workflow is forgotten'({ store }) {
    await store.apply(id, batch('a', { key: 'x', value: 1 }))
    await store.expire(id, 60_000)
    assert.deepEqual(await valuesOf(store), [['x', 1, 1]])
    await store.expire(id, 0)
    assert.deepEqual(await store.list(id), [])
    assert.equal(await store.get(id, 'x'), null)
    assert.equal(await store.revision(id), 0)
  },
  async 'one that is written after it ended is kept'({ store, advance }) {
    await store.apply(id, batch('a', { key: 'x', value: 1 }))
    await store.expire(id, 20)
    await store.apply(id, batch('b', { key: 'y', value: 1 }))
    await advance(40)
    assert.equal((await store.get(id, 'y'))?.value, 1)
  },
  async 'keys that objects have by themselves are keys like others'({ store }) {
    for (const key of ['__proto__', 'constructor', 'tda'])
      await store.apply(id, batch(null, { key, value: key }))
    assert.deepEqual(await valuesOf(store), [
      ['__proto__', '__proto__', 1],
      ['constructor', 'constructor', 1],
      ['tda', 'tda', 1],
    ])
  },
  async 'bad ids, keys, names and numbers are refused before anything is written'({ store }) {
    const good = { key: 'x', value: 1 }
    await refused(store.apply('../etc', batch('a', good)), 'InputError')
    await refused(store.apply('{x}', batch('a', good)), 'InputError')
    await refused(store.apply(id, batch('', good)), 'InputError')
    await refused(store.apply(id, batch('a', good, { key: 'a b', value: 1 })), 'InputError')
    await refused(store.apply(id, batch('a', { ...good, ttlMs: 0 })), 'InputError')
    await refused(store.apply(id, batch('a', { ...good, expectedVersion: -1 })), 'InputError')
    await refused(store.checkpoint(id, 'a\nb'), 'InputError')
    await refused(
      store.apply(id, batch('a', good), { fence: { token: 0, holder: 'h' } }),
      'InputError',
    )
    assert.equal(await store.revision(id), 0)
  },
  async 'more keys, writes or checkpoints than the limits are refused'({ store }) {
    const keys = (from: number, count: number) =>
      Array.from({ length: count }, (_, n) => ({ key: `k${from + n}`, value: 1 }))
    await store.apply(id, batch('a', ...keys(0, limits.stateKeysMax)))
    await refused(store.apply(id, batch('b', ...keys(5_000, 1))), 'ResourceExhaustionError')
    await store.apply(id, batch('c', ...keys(0, 2)))
    await refused(
      store.apply('order-2', batch('d', ...keys(0, limits.stateBatchWritesMax + 1))),
      'ResourceExhaustionError',
    )
    await store.apply('order-3', batch('e', { key: 'x', value: 1 }))
    for (let n = 0; n < limits.stateCheckpointsMax; n++) await store.checkpoint('order-3', `c${n}`)
    await refused(store.checkpoint('order-3', 'one-more'), 'ResourceExhaustionError')
  },
  async 'what is merged has the versions of whoever recorded it, in any order and however often'({
    store,
  }) {
    const images = [image(3, ['x', 1, 1], ['y', 1, 1]), image(7, ['x', 4, 4]), image(9, ['y', 2])]
    for (const one of [...images.toReversed(), ...images, ...images]) await store.merge(id, one)
    assert.deepEqual(await valuesOf(store), [['x', 4, 4]])
    assert.equal((await store.get(id, 'x'))?.timestampMs, 1_004)
    assert.equal(await store.revision(id), 9)
    await store.apply(id, batch('a', { key: 'y', value: 5, expectedVersion: 0 }))
    assert.equal((await store.get(id, 'y'))?.version, 3)
  },
  async 'a merge finds out that the store has lost what it took, and repairs it with everything'({
    store,
  }) {
    await store.merge(id, image(3, ['x', 1, 1]), { knownRevision: 0 })
    await refused(
      store.merge(id, image(9, ['y', 1, 1]), { knownRevision: 5 }),
      'StateConsistencyError',
      'behind',
    )
    assert.deepEqual(await valuesOf(store), [['x', 1, 1]])
    await store.merge(id, image(9, ['x', 2, 2], ['y', 1, 1]))
    assert.deepEqual(await valuesOf(store), [
      ['x', 2, 2],
      ['y', 1, 1],
    ])
    for (const wrong of [image(0), image(1, ['x', 0, 1]), image(1, ['', 1, 1])])
      await refused(store.merge(id, wrong), 'InputError')
  },
}

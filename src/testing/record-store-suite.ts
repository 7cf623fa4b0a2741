import assert from 'node:assert/strict'
import type { RecordStore } from '../core/contracts/record-store.ts'
import { type StoreCase, type StoreHarness, suiteOf } from './store-case.ts'

/** The behaviours of the port `RecordStore`; as `stateStoreSuite`. */
export function recordStoreSuite(
  open: () => Promise<StoreHarness<RecordStore>>,
  gaps: Readonly<Record<string, string>> = {},
): readonly StoreCase[] {
  return suiteOf(checks, open, gaps)
}

const shortMs = 300
const texts = (given: Readonly<Record<string, string>>): ReadonlyMap<string, string> =>
  new Map(Object.entries(given))

const checks: Readonly<Record<string, (harness: StoreHarness<RecordStore>) => Promise<void>>> = {
  async 'what is written is read under its name, and nothing elsewhere'({ store }) {
    await store.write('x/book/1', { set: texts({ b: '{"ä":"\u{1F98A}"}', a: '' }) })
    assert.deepEqual(await store.names('x/book/1'), ['a', 'b'])
    assert.deepEqual(await store.read('x/book/1', ['b', 'none', 'a']), [
      '{"ä":"\u{1F98A}"}',
      null,
      '',
    ])
    assert.deepEqual(await store.names('x/book'), [])
    assert.deepEqual(await store.read('x/book', ['a']), [null])
    assert.deepEqual(await store.read('x/book/1', []), [])
  },
  async 'one change removes, replaces, and adds where there is none'({ store }) {
    await store.write('g', { set: texts({ old: '1', kept: '2', changed: '3' }) })
    const change = { remove: ['old', 'none'], set: texts({ changed: '4' }) }
    await store.write('g', { ...change, add: texts({ kept: '5', fresh: '6' }) })
    assert.deepEqual(await store.names('g'), ['changed', 'fresh', 'kept'])
    assert.deepEqual(await store.read('g', ['changed', 'fresh', 'kept']), ['4', '6', '2'])
  },
  async 'of two that add the same record one is kept'({ store }) {
    const all = Array.from({ length: 8 }, (_, n) => String(n))
    await Promise.all(all.map((n) => store.write('g', { add: texts({ who: n }) })))
    const [who] = await store.read('g', ['who'])
    assert.ok(all.includes(who ?? ''))
    await store.write('g', { add: texts({ who: 'late' }) })
    assert.deepEqual(await store.read('g', ['who']), [who])
  },
  async 'a change with something bad changes nothing'({ store }) {
    const large = texts({ good: '1', large: 'x'.repeat(4_194_305) })
    await assert.rejects(store.write('g', { set: large }), { code: 'ResourceExhaustionError' })
    await assert.rejects(store.write('g', { set: texts({ good: '1', '': '2' }) }), {
      code: 'InputError',
    })
    await assert.rejects(store.write('', { set: texts({ good: '1' }) }), { code: 'InputError' })
    assert.deepEqual(await store.names('g'), [])
  },
  async 'groups are found by how they begin, those that are left'({ store }) {
    for (const group of ['x/b/1', 'x/a/1', 'xy/a/1', 'x*/a', 'x{1}/a'])
      await store.write(group, { set: texts({ a: '1' }) })
    assert.deepEqual(await store.groups('x/'), ['x/a/1', 'x/b/1'])
    assert.deepEqual(await store.groups('x*'), ['x*/a'])
    await store.remove('x/a/1')
    await store.remove('x/none')
    assert.deepEqual(await store.names('x/a/1'), [])
    await store.write('x{1}/a', { remove: ['a'] })
    assert.deepEqual(await store.groups(''), ['x*/a', 'x/b/1', 'xy/a/1'])
  },
  async 'a group is gone after its time, unless it is written before'({ store, advance }) {
    for (const group of ['gone', 'kept', 'ever']) {
      await store.write(group, { set: texts({ a: '1' }) })
      if (group !== 'ever') await store.expire(group, shortMs)
    }
    await store.write('kept', { set: texts({ b: '2' }) })
    await store.expire('none', shortMs)
    await advance(2 * shortMs)
    assert.deepEqual(await store.names('gone'), [])
    assert.deepEqual(await store.names('kept'), ['a', 'b'])
    assert.deepEqual(await store.groups(''), ['ever', 'kept'])
    await store.write('gone', { set: texts({ c: '3' }) })
    assert.deepEqual(await store.names('gone'), ['c'])
    assert.deepEqual(await store.groups(''), ['ever', 'gone', 'kept'])
    await assert.rejects(store.expire('kept', 0), { code: 'InputError' })
  },
}

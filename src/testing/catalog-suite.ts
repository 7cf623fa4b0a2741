import assert from 'node:assert/strict'
import type { Catalog } from '../state/index.ts'
import { type StoreCase, type StoreHarness, suiteOf } from './store-case.ts'

/** The behaviours of the port `Catalog`; as `stateStoreSuite`. */
export function catalogSuite(
  open: () => Promise<StoreHarness<Catalog>>,
  gaps: Readonly<Record<string, string>> = {},
): readonly StoreCase[] {
  return suiteOf(checks, open, gaps)
}

const checks: Readonly<Record<string, (harness: StoreHarness<Catalog>) => Promise<void>>> = {
  async 'an empty catalog has nothing'({ store }) {
    assert.deepEqual(await store.list('document'), [])
    assert.equal(await store.find('document', 'a', '1.0.0'), null)
    assert.equal(await store.text('0'.repeat(64)), null)
  },
  async 'what is registered is found by name and version, its text by its hash'({ store }) {
    const entry = { name: 'bill-customer', version: '1.0.0', text: '{"name":"ä\\n"}' }
    const row = await store.register('document', entry)
    assert.match(row.hash, /^[0-9a-f]{64}$/)
    assert.deepEqual(await store.find('document', 'bill-customer', '1.0.0'), row)
    assert.equal(await store.text(row.hash), entry.text)
    assert.equal(await store.find('agent', 'bill-customer', '1.0.0'), null)
  },
  async 'registering the same again changes nothing, also not the time'({ store, advance }) {
    const entry = { name: 'a', version: '1.0.0', text: 'one' }
    const first = await store.register('agent', entry)
    await advance(5)
    assert.deepEqual(await store.register('agent', entry), first)
  },
  async 'a later text replaces the row, and the earlier one stays under its hash'({ store }) {
    const first = await store.register('document', { name: 'a', version: '1', text: 'one' })
    const second = await store.register('document', { name: 'a', version: '1', text: 'two' })
    assert.deepEqual(await store.find('document', 'a', '1'), second)
    assert.equal(await store.text(first.hash), 'one')
    assert.equal(await store.text(second.hash), 'two')
  },
  async 'the list is by name and version, of one kind'({ store }) {
    for (const [name, version] of [
      ['b', '1'],
      ['a', '2'],
      ['a', '1'],
      ['a 1', '0'],
    ] as const)
      await store.register('document', { name, version, text: name })
    await store.register('agent', { name: 'z', version: '1', text: 'z' })
    const rows = await store.list('document')
    assert.deepEqual(
      rows.map(({ name, version }) => `${name}@${version}`),
      ['a@1', 'a@2', 'a 1@0', 'b@1'],
    )
  },
  async 'bad names and texts beyond the limit are refused'({ store }) {
    const entry = { name: 'a', version: '1', text: 'x' }
    await assert.rejects(store.register('agent', { ...entry, name: '' }), { code: 'InputError' })
    await assert.rejects(store.register('agent', { ...entry, version: 'a\nb' }), {
      code: 'InputError',
    })
    const text = 'x'.repeat(5_000_001)
    await assert.rejects(store.register('document', { ...entry, text }), {
      code: 'ResourceExhaustionError',
    })
  },
}

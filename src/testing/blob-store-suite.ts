import assert from 'node:assert/strict'
import type { BlobStore } from '../state/index.ts'
import { type StoreCase, type StoreHarness, suiteOf } from './store-case.ts'

/** The behaviours of the port `BlobStore`; as `stateStoreSuite`. */
export function blobStoreSuite(
  open: () => Promise<StoreHarness<BlobStore>>,
  gaps: Readonly<Record<string, string>> = {},
): readonly StoreCase[] {
  return suiteOf(checks, open, gaps)
}

const shortMs = 20

const checks: Readonly<Record<string, (harness: StoreHarness<BlobStore>) => Promise<void>>> = {
  async 'a text is found under its hash, and equal texts have one'({ store }) {
    const hash = await store.put('{"ä":"\u{1F98A}"}', null)
    assert.equal(hash, await store.put('{"ä":"\u{1F98A}"}', 60_000))
    assert.equal(await store.get(hash), '{"ä":"\u{1F98A}"}')
    assert.notEqual(await store.put('other', null), hash)
  },
  async 'the empty text and a large one are texts too'({ store }) {
    for (const text of ['', 'x'.repeat(1_000_000)])
      assert.equal(await store.get(await store.put(text, 60_000)), text)
  },
  async 'what is not there is null'({ store }) {
    assert.equal(await store.get('0'.repeat(64)), null)
  },
  async 'a text is gone after its time, and kept as long as the longest asked for'({
    store,
    advance,
  }) {
    const short = await store.put('short', shortMs)
    const longer = await store.put('longer', shortMs)
    await store.put('longer', 60_000)
    await store.put('longer', shortMs)
    const ever = await store.put('ever', shortMs)
    await store.put('ever', null)
    await store.put('ever', shortMs)
    await advance(2 * shortMs)
    assert.equal(await store.get(short), null)
    assert.equal(await store.get(longer), 'longer')
    assert.equal(await store.get(ever), 'ever')
  },
  async 'bad times and texts beyond the limit are refused'({ store }) {
    await assert.rejects(store.put('x', 0), { code: 'InputError' })
    await assert.rejects(store.put('x'.repeat(4_194_305), null), {
      code: 'ResourceExhaustionError',
    })
  },
}

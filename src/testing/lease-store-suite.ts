import assert from 'node:assert/strict'
import type { LeaseStore } from '../state/index.ts'
import { type StoreCase, type StoreHarness, suiteOf } from './store-case.ts'

/** The behaviours of the port `LeaseStore`; as `stateStoreSuite`. */
export function leaseStoreSuite(
  open: () => Promise<StoreHarness<LeaseStore>>,
  gaps: Readonly<Record<string, string>> = {},
): readonly StoreCase[] {
  return suiteOf(checks, open, gaps)
}

const longMs = 60_000
const shortMs = 20

const checks: Readonly<Record<string, (harness: StoreHarness<LeaseStore>) => Promise<void>>> = {
  async 'one holder at a time, whoever asks again'({ store }) {
    const asked = Array.from({ length: 10 }, (_, n) => store.acquire('work', `host-${n}`, longMs))
    const granted = (await Promise.all(asked)).filter((lease) => lease !== null)
    assert.equal(granted.length, 1)
    assert.equal(granted[0]!.token, 1)
    assert.equal(await store.acquire('work', granted[0]!.holder, longMs), null)
    assert.notEqual(await store.acquire('other {work}', 'host-1', longMs), null)
  },
  async 'a lease that ran out goes to the next, under a higher token'({ store, advance }) {
    const first = (await store.acquire('work', 'first', shortMs))!
    await advance(2 * shortMs)
    const second = (await store.acquire('work', 'second', longMs))!
    assert.ok(second.token > first.token)
    assert.equal(await store.renew(first), false)
    assert.equal(await store.release(first), false)
    assert.equal(await store.acquire('work', 'third', longMs), null)
  },
  async 'a renewed lease is held for longer'({ store, advance }) {
    const lease = (await store.acquire('work', 'first', longMs))!
    assert.equal(await store.renew({ ...lease, ttlMs: shortMs }), true)
    await advance(2 * shortMs)
    assert.equal(await store.renew(lease), false)
    const next = (await store.acquire('work', 'first', shortMs))!
    assert.equal(await store.renew({ ...next, ttlMs: longMs }), true)
    await advance(2 * shortMs)
    assert.equal(await store.acquire('work', 'second', longMs), null)
  },
  async 'a released lease is free at once'({ store }) {
    const lease = (await store.acquire('work', 'first', longMs))!
    assert.equal(await store.release(lease), true)
    assert.equal(await store.release(lease), false)
    assert.equal((await store.acquire('work', 'second', longMs))?.token, lease.token + 1)
  },
  async 'bad names and times are refused'({ store }) {
    await assert.rejects(store.acquire('', 'first', longMs), { code: 'InputError' })
    await assert.rejects(store.acquire('work', 'a\nb', longMs), { code: 'InputError' })
    await assert.rejects(store.acquire('work', 'first', 0), { code: 'InputError' })
  },
}

import assert from 'node:assert/strict'
import type { EffectIntent, EffectLedger, EffectReceipt } from '../state/index.ts'
import { type StoreCase, type StoreHarness, suiteOf } from './store-case.ts'

/** The behaviours of the port `EffectLedger`; as `stateStoreSuite`. */
export function effectLedgerSuite(
  open: () => Promise<StoreHarness<EffectLedger>>,
  gaps: Readonly<Record<string, string>> = {},
): readonly StoreCase[] {
  return suiteOf(checks, open, gaps)
}

const id = 'order-1'

function intentOf(idempotencyKey: string, atMs = 1_700_000_000_000): EffectIntent {
  return { idempotencyKey, stepId: 'pay', agent: 'bank', action: 'pay', effect: 'once', atMs }
}

function receiptOf(outcome: EffectReceipt['outcome'], output: EffectReceipt['output'] = null) {
  return { outcome, output, error: null, atMs: 1_700_000_000_001 }
}

const checks: Readonly<Record<string, (harness: StoreHarness<EffectLedger>) => Promise<void>>> = {
  async 'an intent is recorded once, its deliveries are counted'({ store }) {
    const intent = intentOf('order-1/pay/1')
    assert.deepEqual(await store.intend(id, intent), { intent, deliveries: 1, receipt: null })
    const again = await store.intend(id, { ...intent, atMs: intent.atMs + 5 })
    assert.deepEqual(again, { intent, deliveries: 2, receipt: null })
    assert.deepEqual(await store.find(id, intent.idempotencyKey), again)
    assert.equal(await store.find('order-2', intent.idempotencyKey), null)
  },
  async 'a receipt comes back with every later intent, so that nobody calls again'({ store }) {
    const receipt = receiptOf('completed', { paid: [12.5] })
    await store.intend(id, intentOf('k'))
    assert.deepEqual(await store.settle(id, 'k', receipt), receipt)
    assert.deepEqual((await store.intend(id, intentOf('k'))).receipt, receipt)
  },
  async 'the first definite receipt wins, an uncertain one is replaced'({ store }) {
    await store.intend(id, intentOf('k'))
    await store.settle(id, 'k', receiptOf('uncertain'))
    const definite = receiptOf('completed', 1)
    assert.deepEqual(await store.settle(id, 'k', definite), definite)
    assert.deepEqual(await store.settle(id, 'k', receiptOf('failed')), definite)
    assert.deepEqual(await store.settle(id, 'k', receiptOf('uncertain')), definite)
  },
  async 'of concurrent receipts all see the same one'({ store }) {
    await store.intend(id, intentOf('k'))
    const all = await Promise.all(
      Array.from({ length: 20 }, (_, n) => store.settle(id, 'k', receiptOf('completed', n))),
    )
    for (const receipt of all) assert.deepEqual(receipt, all[0])
  },
  async 'a receipt without an intent is refused'({ store }) {
    await assert.rejects(store.settle(id, 'k', receiptOf('completed')), { code: 'NotFoundError' })
  },
  async 'the list is in order of intent'({ store }) {
    for (const [key, atMs] of [
      ['c', 3],
      ['b', 1],
      ['a', 3],
    ] as const)
      await store.intend(id, intentOf(key, atMs))
    await store.settle(id, 'b', receiptOf('cancelled'))
    const shown = (await store.list(id)).map(({ intent, receipt }) => [
      intent.idempotencyKey,
      receipt?.outcome ?? null,
    ])
    assert.deepEqual(shown, [
      ['b', 'cancelled'],
      ['a', null],
      ['c', null],
    ])
  },
  async 'an ended workflow is forgotten'({ store }) {
    await store.intend(id, intentOf('k'))
    await store.expire(id, 60_000)
    assert.equal((await store.list(id)).length, 1)
    await store.expire(id, 0)
    assert.deepEqual(await store.list(id), [])
  },
  async 'one that goes on after it ended is kept'({ store, advance }) {
    await store.intend(id, intentOf('k'))
    await store.expire(id, 20)
    await store.intend(id, intentOf('l'))
    await advance(40)
    assert.notEqual(await store.find(id, 'l'), null)
  },
  async 'bad ids and keys are refused'({ store }) {
    await assert.rejects(store.intend('{x}', intentOf('k')), { code: 'InputError' })
    await assert.rejects(store.intend(id, intentOf('')), { code: 'InputError' })
  },
}

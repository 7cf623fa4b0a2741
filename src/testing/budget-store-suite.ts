import assert from 'node:assert/strict'
import type { BudgetAccount, BudgetStore } from '../state/index.ts'
import { type StoreCase, type StoreHarness, suiteOf } from './store-case.ts'

/** The behaviours of the port `BudgetStore`; as `stateStoreSuite`. */
export function budgetStoreSuite(
  open: () => Promise<StoreHarness<BudgetStore>>,
  gaps: Readonly<Record<string, string>> = {},
): readonly StoreCase[] {
  return suiteOf(checks, open, gaps)
}

const unlimited = { calls: null, tokens: null, costUsd: null }

function account(name: string, limit: Partial<BudgetAccount['limit']>, fromMs = 0): BudgetAccount {
  return { name, limit: { ...unlimited, ...limit }, fromMs }
}

const use = (tokens: number, costUsd = 0, calls = 1) => ({ calls, tokens, costUsd })

const checks: Readonly<Record<string, (harness: StoreHarness<BudgetStore>) => Promise<void>>> = {
  async 'a charge takes one call and the most, and gives back what it did not use'({ store }) {
    const agent = account('agent:llm', { tokens: 100 })
    assert.deepEqual(await store.reserve('c1', [agent], use(80, 0.25)), { kind: 'granted' })
    assert.deepEqual(await store.spent(agent), { calls: 1, tokens: 80, costUsd: 0.25 })
    await store.settle('c1', use(10, 0.1))
    assert.deepEqual(await store.spent(agent), { calls: 1, tokens: 10, costUsd: 0.1 })
  },
  async 'what does not fit is refused with what is left, and takes nothing from any account'({
    store,
  }) {
    const [agent, tenant] = [account('agent:llm', {}), account('tenant:acme', { tokens: 100 })]
    await store.reserve('c1', [agent, tenant], use(70))
    assert.deepEqual(await store.reserve('c2', [agent, tenant], use(31)), {
      kind: 'exceeded',
      account: 'tenant:acme',
      of: 'tokens',
      left: 30,
      mayFitLater: true,
    })
    assert.deepEqual(await store.spent(agent), { calls: 1, tokens: 70, costUsd: 0 })
    assert.deepEqual(await store.reserve('c2', [agent, tenant], use(30)), { kind: 'granted' })
  },
  async 'calls and money have limits too'({ store }) {
    const calls = account('agent:a', { calls: 1 })
    await store.reserve('c1', [calls], use(0))
    await store.settle('c1', use(0))
    const noCalls = {
      kind: 'exceeded',
      account: 'agent:a',
      of: 'calls',
      left: 0,
      mayFitLater: false,
    }
    assert.deepEqual(await store.reserve('c2', [calls], use(0)), noCalls)
    const money = account('agent:b', { costUsd: 0.3 })
    for (const id of ['m1', 'm2', 'm3'])
      assert.deepEqual(await store.reserve(id, [money], use(0, 0.1)), { kind: 'granted' })
    const noMoney = {
      kind: 'exceeded',
      account: 'agent:b',
      of: 'costUsd',
      left: 0,
      mayFitLater: true,
    }
    assert.deepEqual(await store.reserve('m4', [money], use(0, 0.000000001)), noMoney)
  },
  async 'repeats of a charge and of its settlement change nothing'({ store }) {
    const agent = account('agent:llm', { tokens: 100 })
    for (let n = 0; n < 3; n++)
      assert.deepEqual(await store.reserve('c1', [agent], use(80)), { kind: 'granted' })
    for (let n = 0; n < 3; n++) await store.settle('c1', use(10))
    assert.deepEqual(await store.reserve('c1', [agent], use(80)), { kind: 'granted' })
    assert.deepEqual(await store.spent(agent), { calls: 1, tokens: 10, costUsd: 0 })
  },
  async 'a call that was counted before counts no more, and one that was not made counts not at all'({
    store,
  }) {
    const agent = account('agent:llm', { calls: 2 })
    await store.reserve('c1', [agent], use(5))
    await store.reserve('again', [agent], use(5, 0, 0))
    await store.reserve('c2', [agent], use(5))
    await store.settle('c2', use(0, 0, 0))
    assert.deepEqual(await store.spent(agent), { calls: 1, tokens: 10, costUsd: 0 })
    assert.deepEqual(await store.reserve('c3', [agent], use(0)), { kind: 'granted' })
  },
  async 'what does not fit may fit later while a charge of that account is reserved'({ store }) {
    const agent = account('agent:llm', { tokens: 100 })
    await store.reserve('c1', [agent], use(60))
    const tooMuch = { kind: 'exceeded', account: 'agent:llm', of: 'tokens', left: 40 }
    for (const mayFitLater of [true, false]) {
      const answer = await store.reserve('c2', [agent], use(41))
      assert.deepEqual(answer, { ...tooMuch, mayFitLater })
      await store.settle('c1', use(60))
    }
  },
  async 'what runs at the same time never exceeds a budget'({ store }) {
    const agent = account('agent:llm', { tokens: 100 })
    const asked = Array.from({ length: 50 }, (_, n) => store.reserve(`c${n}`, [agent], use(9)))
    const granted = (await Promise.all(asked)).filter(({ kind }) => kind === 'granted')
    assert.equal(granted.length, 11)
    assert.equal((await store.spent(agent)).tokens, 99)
  },
  async 'more than was reserved counts all the same, and nothing more is granted'({ store }) {
    const agent = account('agent:llm', { tokens: 100 })
    await store.reserve('c1', [agent], use(10))
    await store.settle('c1', use(150))
    const over = {
      kind: 'exceeded',
      account: 'agent:llm',
      of: 'tokens',
      left: -50,
      mayFitLater: false,
    }
    assert.deepEqual(await store.reserve('c2', [agent], use(1)), over)
  },
  async 'a new span begins at nothing, and a late settlement of the earlier one is over'({
    store,
  }) {
    const day = (n: number) => account('agent:llm', { tokens: 100 }, n * 86_400_000)
    await store.reserve('c1', [day(1)], use(90))
    assert.deepEqual(await store.reserve('c2', [day(2)], use(60)), { kind: 'granted' })
    await store.settle('c1', use(1))
    assert.deepEqual(await store.spent(day(2)), { calls: 1, tokens: 60, costUsd: 0 })
    const early = {
      kind: 'exceeded',
      account: 'agent:llm',
      of: 'tokens',
      left: 40,
      mayFitLater: true,
    }
    assert.deepEqual(await store.reserve('c3', [day(1)], use(50)), early)
  },
  async 'a settlement without a charge, bad names and bad numbers are refused'({ store }) {
    await assert.rejects(store.settle('never', use(1)), { code: 'NotFoundError' })
    await assert.rejects(store.reserve('', [], use(1)), { code: 'InputError' })
    await assert.rejects(store.reserve('c', [account('', {})], use(1)), { code: 'InputError' })
    for (const bad of [use(-1), use(0.5), use(0, -1), use(0, Number.NaN)])
      await assert.rejects(store.reserve('c', [], bad), { code: 'InputError' })
  },
}

import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { ActionContract } from '../../core/contracts/call.ts'
import type { BudgetLimit } from '../../core/contracts/budget.ts'
import type { KernelEvent } from '../../workflow/index.ts'
import type { BudgetTotal } from '../journal/budget-totals.ts'
import { budgetKey, changedTotal } from '../journal/budget-totals.ts'
import type { Running } from '../running.ts'
import { type BudgetAnswer, Budgets } from './budgets.ts'
import { spanStart } from './budget-span.ts'

const dayMs = 86_400_000
const none: BudgetLimit = { calls: null, tokens: null, costUsd: null, per: 'total' }
const free = { tokens: Infinity, costUsd: Infinity }

function contractOf(agentId: string, tokens: number): ActionContract {
  const most = { tokens, costUsd: 0 }
  return { agentId, agentType: agentId, effect: 'read', hasLookup: false, hash: '0a', most }
}

function runningOf(tenant: string | null): Running {
  return { state: { tenant, chain: [] }, row: { executionId: 'x' } } as unknown as Running
}

/** Budgets, and the totals as a journal would have them. */
function budgetsOf(of: {
  readonly agent?: Partial<BudgetLimit>
  readonly tenants?: Readonly<Record<string, BudgetLimit>>
  readonly totals?: readonly BudgetTotal[]
}) {
  const now = { ms: 100 * dayMs }
  const totals = new Map((of.totals ?? []).map((total) => [budgetKey(total), total]))
  const budgets = new Budgets<null>({
    totals: [...totals.values()],
    ofAgent: () => (of.agent === undefined ? null : { ...none, ...of.agent }),
    tenants: of.tenants ?? {},
    usageLeft: (root) => ({ left: free, root }),
    nowMs: () => now.ms,
  })
  const record = (running: Running, event: KernelEvent, atMs = now.ms): void => {
    for (const change of budgets.changes(running, event, atMs)) {
      const key = budgetKey(change)
      totals.set(key, changedTotal(totals.get(key), change))
    }
  }
  /** A delivery that is granted, and what it reserves. */
  const start = (running: Running, tokens: number): BudgetAnswer<null>['kind'] => {
    const answer = budgets.ask(running, contractOf('llm', tokens), 1)
    const charge = { agent: 'llm', calls: 1, tokens }
    if (answer.kind === 'granted') record(running, { ...started, charge })
    return answer.kind
  }
  const settle = (running: Running, reserved: number, used: number, atMs = now.ms): void =>
    record(running, {
      kind: 'UsageSettled',
      step: 'a',
      tokens: used,
      costUsd: 0,
      charge: { agent: 'llm', tokens: reserved, atMs },
    })
  return { budgets, totals, now, start, settle }
}

const started = {
  kind: 'AttemptStarted',
  step: 'a',
  attempt: 1,
  effect: 'read',
  lookup: false,
  contract: '0a',
} as const

test('a tenant has its own budget, or that of every other tenant, and nobody without one has any', () => {
  const tenants = { acme: { ...none, tokens: 10 }, '*': { ...none, tokens: 3 } }
  const { start } = budgetsOf({ tenants })
  expect(start(runningOf('acme'), 8)).toBe('granted')
  expect(start(runningOf('other'), 8)).toBe('exceeded')
  expect(start(runningOf('other'), 3)).toBe('granted')
  expect(start(runningOf(null), 800)).toBe('granted')
})

test('agent and tenant must both have enough', () => {
  const { start, totals } = budgetsOf({
    agent: { tokens: 100 },
    tenants: { acme: { ...none, calls: 1 } },
  })
  expect([start(runningOf('acme'), 60), start(runningOf('acme'), 10)]).toEqual([
    'granted',
    'exceeded',
  ])
  expect([...totals.values()].map(({ scope, calls, tokens }) => [scope, calls, tokens])).toEqual([
    ['agent', 1, 60],
    ['tenant', 1, 60],
  ])
})

test('a budget per day begins anew at midnight UTC, and what was reserved the day before stays there', () => {
  const { start, settle, now, totals } = budgetsOf({ agent: { tokens: 10, per: 'day' } })
  const running = runningOf(null)
  now.ms = 100 * dayMs - 1
  expect([start(running, 10), start(running, 1)]).toEqual(['granted', 'wait'])
  const reservedAtMs = now.ms
  now.ms = 100 * dayMs
  expect(start(running, 10)).toBe('granted')
  settle(running, 10, 2, reservedAtMs)
  expect(totals.get('agent:llm')).toMatchObject({ fromMs: 100 * dayMs, tokens: 10 })
  // Somebody sets the clock back: the day that is over is not opened again.
  now.ms = 99 * dayMs
  expect(start(running, 1)).toBe('wait')
})

test('the spans of budgets', () => {
  const atMs = Date.UTC(2026, 1, 28, 13, 14)
  const span = (per: BudgetLimit['per']): string => new Date(spanStart(per, atMs)).toISOString()
  expect(span('hour')).toBe('2026-02-28T13:00:00.000Z')
  expect(span('day')).toBe('2026-02-28T00:00:00.000Z')
  expect(span('month')).toBe('2026-02-01T00:00:00.000Z')
  expect(spanStart('total', atMs)).toBe(0)
})

test('what an earlier process spent counts', () => {
  const total = { scope: 'agent', name: 'llm', fromMs: 0, calls: 1, tokens: 9, costUsd: 0 } as const
  const { start } = budgetsOf({ agent: { tokens: 10 }, totals: [total] })
  expect(start(runningOf(null), 2)).toBe('exceeded')
  expect(start(runningOf(null), 1)).toBe('granted')
})

test('however calls come and end, a budget is never exceeded by such as keep to their declared most', () => {
  const step = fc.record({
    most: fc.nat(12),
    share: fc.double({ min: 0, max: 1, noNaN: true }),
    isEnd: fc.boolean(),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), fc.nat(40), (steps, tokens) => {
      const { budgets, start, settle, totals } = budgetsOf({ agent: { tokens } })
      const running = runningOf(null)
      const open: number[] = []
      let used = 0
      for (const { most, share, isEnd } of steps) {
        const ended = isEnd ? open.shift() : undefined
        if (ended === undefined) {
          if (start(running, most) === 'granted') open.push(most)
        } else {
          const spent = Math.floor(ended * share)
          used += spent
          settle(running, ended, spent)
        }
        const reserved = open.reduce((sum, one) => sum + one, 0)
        expect(used + reserved).toBeLessThanOrEqual(tokens)
        expect(totals.get('agent:llm')?.tokens ?? 0).toBe(used + reserved)
      }
      expect(budgets).toBeDefined()
    }),
  )
})

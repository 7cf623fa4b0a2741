import fc from 'fast-check'
import { expect, test } from 'vitest'
import { semanticComplexity } from './complexity.ts'
import { conflictsOf } from './hint-conflicts.ts'
import { clausesOf, namesOf } from './text-evidence.ts'

const page = { semanticContext: { summary: 'Please page the owner.' }, routingHints: ['pager'] }
const incident = {
  semanticContext: {
    summary:
      'Checkout-api answers slowly since release v2.14, but only in eu-west-1. Inventory reports errors ' +
      'from db-7 while the Payments team sees refusals at gateway.stripe.test. If we roll back, orders_queue must ' +
      'be drained before, unless Kafka keeps them until the morning. Who decides?',
    services: ['checkout-api', 'inventory', 'payments', 'orders_queue'],
  },
  routingHints: ['scale up checkout', 'scale down checkout', 'database', 'payments', 'release'],
}

test('one agent and one sentence are simple; five agents, a tangle and a contradiction are not', () => {
  expect(semanticComplexity(page, []).score).toBe(0)
  expect(semanticComplexity(incident, []).score).toBeGreaterThan(0.8)
})

test('the evidence says what was counted', () => {
  const { evidence } = semanticComplexity(incident, [0.6, 0.2, 0.3])
  const byName = Object.fromEntries(evidence.map((one) => [one.name, one]))
  expect(byName.targets).toMatchObject({ value: 4, share: 0.4 })
  expect(byName.conflicts).toMatchObject({
    value: 1,
    share: 0.3,
    found: ['scale up checkout / scale down checkout'],
  })
  expect(byName.clauses?.value).toBe(9)
  expect(byName.names?.value).toBe(9)
  expect(byName.ambiguity).toMatchObject({ value: 0.5, share: 0.2 })
})

test('nothing at all is not complex, whatever it looks like', () => {
  const nothing = { semanticContext: {}, routingHints: [] }
  expect(semanticComplexity(nothing, [0.7]).score).toBe(0)
  expect(
    semanticComplexity({ semanticContext: { a: [1, null, true] }, routingHints: [''] }, []).score,
  ).toBe(0)
})

const words = fc.constantFrom('db-7', 'waits', 'Kafka', 'unless', 'it', 'stops.', 'But', 'eu_1')
const texts = fc.array(fc.array(words, { maxLength: 12 }).map((list) => list.join(' ')))
const hints = fc.array(
  fc.constantFrom('scale up', 'scale down', 'start a', 'stop a', 'db', 'not db'),
)

test('more texts, hints or likenesses never make an event simpler, and the score stays in 0..1', () => {
  fc.assert(
    fc.property(texts, texts, hints, hints, (some, more, few, others) => {
      const before = semanticComplexity({ semanticContext: { some }, routingHints: few }, [])
      const routingHints = [...few, ...others]
      const after = semanticComplexity(
        { semanticContext: { some, more }, routingHints },
        [0.3, 0.2],
      )
      expect(after.score).toBeGreaterThanOrEqual(before.score)
      expect(after.score).toBeLessThan(1)
    }),
  )
})

test.each([
  ['scale up', 'scale down', true],
  ['start checkout', 'stop checkout', true],
  ['start checkout', 'stop payments', false],
  ['deploy', 'roll back', true],
  ['restart', 'do not restart', false],
  ['restart', 'not restart', true],
  ['approve', 'approve', false],
  ['database', 'network', false],
  ['not', '', false],
])('%s and %s contradict each other: %s', (a, b, expected) => {
  expect(conflictsOf([a, b])).toEqual(expected ? [`${a} / ${b}`] : [])
})

test('names are single words, words with signs or digits, and capitals inside a sentence', () => {
  expect(
    namesOf(['checkout', '42', 'The host db-7 of Berlin is at /var/db. It was v2 in 2019.']),
  ).toEqual(['checkout', 'db-7', 'berlin', '/var/db', 'v2'])
})

test('clauses are sentences in any language and what English words begin', () => {
  expect(clausesOf(['checkout'])).toBe(0)
  expect(clausesOf(['It waits, unless it stops. Then what?'])).toBe(3)
  expect(clausesOf(['サービス が遅い。 再起動 しますか？'])).toBe(2)
})

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compileExpression } from '../../workflow/index.ts'
import { areDisjoint, conditionOf, implies, isImpossible } from './conditions.ts'

const number = fc.integer({ min: -2, max: 2 })
const numeric = fc
  .record({
    path: fc.constantFrom('event.a', 'event.b'),
    op: fc.constantFrom('<', '<=', '>', '>=', '==', '!='),
    value: number,
    isMirrored: fc.boolean(),
  })
  .map(({ path, op, value, isMirrored }) =>
    isMirrored ? `${value} ${op} ${path}` : `${path} ${op} ${value}`,
  )
const listed = fc
  .record({
    path: fc.constantFrom('event.a', 'event.b'),
    values: fc.array(number, { maxLength: 3 }),
  })
  .map(({ path, values }) => `${path} in [${values.join(', ')}]`)
const flag = fc.constantFrom('event.on', '!event.on', 'event.on == true', 'size(event.t) > 1')
const atom = fc
  .oneof(numeric, listed, flag)
  .chain((text) => fc.boolean().map((isDenied) => (isDenied ? `!(${text})` : text)))
const condition = fc
  .array(atom, { minLength: 1, maxLength: 3 })
  .chain((atoms) => fc.constantFrom(' && ', ' || ').map((by) => atoms.join(by)))
const facts = fc.record({
  a: number,
  b: number,
  on: fc.boolean(),
  t: fc.constantFrom('x', 'long'),
})

test('of conditions that are called disjoint, no event meets both', () => {
  fc.assert(
    fc.property(condition, condition, fc.array(facts, { minLength: 20 }), (a, b, events) => {
      fc.pre(areDisjoint(conditionOf(a), conditionOf(b)))
      const [left, right] = [compileExpression(a), compileExpression(b)]
      for (const event of events)
        expect(left.evaluate({ event }) === true && right.evaluate({ event }) === true).toBe(false)
    }),
    { numRuns: 300 },
  )
})

test('of a condition that is called implied, every event that meets the other meets it', () => {
  fc.assert(
    fc.property(condition, condition, fc.array(facts, { minLength: 20 }), (a, b, events) => {
      fc.pre(implies(conditionOf(a), conditionOf(b)))
      const [narrow, wide] = [compileExpression(a), compileExpression(b)]
      const met = events.filter((event) => narrow.evaluate({ event }) === true)
      expect(met.every((event) => wide.evaluate({ event }) === true)).toBe(true)
    }),
    { numRuns: 300 },
  )
})

test('a condition that is called impossible is never met', () => {
  fc.assert(
    fc.property(condition, fc.array(facts, { minLength: 20 }), (text, events) => {
      fc.pre(isImpossible(conditionOf(text)))
      const compiled = compileExpression(text)
      for (const event of events) expect(compiled.evaluate({ event })).toBe(false)
    }),
    { numRuns: 300 },
  )
})

test.each([
  ['event.a == 1', 'event.a == 2', true],
  ['event.a == "x"', 'event.a != "x"', true],
  ['event.a in ["x", "y"]', 'event.a == "z"', true],
  ['event.a < 1.5', 'event.a >= 1.5', true],
  ['event.a <= 1', 'event.a >= 1', false],
  ['has(event.a)', '!has(event.a)', true],
  ['event.a == 1', 'event.b == 2', false],
  ['event["a.b"] == 1', 'event.a.b == 2', false],
  ['event.a == 1 || event.b == 1', '!(event.b == 1) && event.a != 1', false],
  ['event.a == 9007199254740993', 'event.a == 9007199254740992', false],
  ['!(event.a == 1 || event.b == 2)', 'event.b == 2', true],
])('%s and %s: disjoint is %s', (a, b, expected) => {
  expect(areDisjoint(conditionOf(a), conditionOf(b))).toBe(expected)
})

test('a rule without a condition, or with `true`, is implied by every other', () => {
  expect(implies(conditionOf('event.a > 1'), conditionOf(undefined))).toBe(true)
  expect(implies(conditionOf('event.a > 1'), conditionOf('true'))).toBe(true)
  expect(implies(conditionOf('event.a > 1'), conditionOf('event.a > 0'))).toBe(true)
  expect(implies(conditionOf('event.a > 0'), conditionOf('event.a > 1'))).toBe(false)
})

import { expect, test } from 'vitest'
import type { JsonValue } from '../../core/json.ts'
import { type PatternData, readPatterns } from './declared-pattern.ts'
import { compileFilter } from './event-filter.ts'

const event = {
  id: '1',
  source: '/shop',
  type: 'order.placed',
  subject: null,
  atMs: 0,
  data: {
    total: 5,
    state: 'paid',
    items: ['book', 'pen'],
    'odd.key': 1,
    nothing: null,
  } as JsonValue,
}

function accepts(filter: Extract<PatternData, { kind: 'basic' }>['event']): boolean {
  const [pattern] = readPatterns([{ name: 'a', kind: 'basic', event: filter }])
  return pattern?.kind === 'basic' && compileFilter(pattern.event)(event)
}

test.each([
  ['order.placed', true],
  ['order.*', true],
  ['*', true],
  ['order', false],
  ['order.placed.late', false],
])('a type is whole or a beginning: %s', (type, expected) => {
  expect(accepts({ type })).toBe(expected)
})

test.each([
  [{ 'data.total': 5 }, true],
  [{ 'data.total': '5' }, false],
  [{ 'data.total': { gt: 4, lt: 6 } }, true],
  [{ 'data.total': { gte: 5, lte: 5 } }, true],
  [{ 'data.total': { gt: 5 } }, false],
  [{ 'data.total': { lt: 5 } }, false],
  [{ 'data.state': { gt: 1 } }, false],
  [{ 'data.state': { in: ['open', 'paid'] } }, true],
  [{ 'data.state': { in: ['open'] } }, false],
  [{ 'data.state': { contains: 'ai' } }, true],
  [{ 'data.items': { contains: 'pen' } }, true],
  [{ 'data.items': { contains: 'pe' } }, false],
  [{ 'data.items.0': 'book' }, true],
  [{ 'data.state': { ne: 'open' } }, true],
  [{ 'data.state': { eq: 'open' } }, false],
  [{ 'data.missing': { ne: 'open' } }, true],
  [{ 'data.missing': { exists: false } }, true],
  [{ 'data.nothing': { exists: true } }, false],
  [{ 'data.total': { exists: true } }, true],
  [{ subject: null }, true],
  [{ source: '/shop', 'data.state': 'open' }, false],
  [{ 'data.constructor': { exists: true } }, false],
])('all conditions must hold: %j', (where, expected) => {
  expect(accepts({ type: '*', where })).toBe(expected)
})

import { expect, test } from 'vitest'
import { limits } from '../../core/limits.ts'
import { readPatterns } from './declared-pattern.ts'

const event = { type: 'order.placed' }

test('a list of patterns is given back with every default filled in', () => {
  const [basic, repetition] = readPatterns([
    {
      name: 'urgent',
      kind: 'basic',
      event: { type: 'order.*', where: { 'data.total': { gte: 5 } } },
    },
    { name: 'many', kind: 'repetition', event, atLeast: 3, within: '1m', by: 'subject' },
  ])
  expect(basic).toEqual({
    name: 'urgent',
    kind: 'basic',
    event: { type: 'order.*', where: { 'data.total': { gte: 5 } }, like: null },
    requiresConsensus: false,
    metadata: {},
    provenance: null,
  })
  expect(repetition).toMatchObject({ within: '1m', by: 'subject', atLeast: 3 })
})

test('an empty list is one with which nothing matches', () => {
  expect(readPatterns([])).toEqual([])
})

test.each([
  [{ name: 'a', kind: 'never', event }, 'patterns[0].kind'],
  [{ name: 'No Name', kind: 'basic', event }, 'patterns[0].name'],
  [{ name: 'a', kind: 'basic', event: { type: 'a*b' } }, 'patterns[0].event.type'],
  [{ name: 'a', kind: 'basic', event: { ...event, wher: {} } }, 'patterns[0].event'],
  [{ name: 'a', kind: 'basic', event, within: '5s' }, 'patterns[0]'],
  [{ name: 'a', kind: 'basic', event: { ...event, where: { 'date.x': 1 } } }, 'date.x'],
  [
    { name: 'a', kind: 'basic', event: { ...event, where: { subject: {} } } },
    'event.where.subject',
  ],
  [
    { name: 'a', kind: 'basic', event: { ...event, like: { texts: [], similarity: 0.5 } } },
    'texts',
  ],
  [
    { name: 'a', kind: 'basic', event: { ...event, like: { texts: ['x'], similarity: 2 } } },
    'like',
  ],
  [{ name: 'a', kind: 'sequence', events: [event], within: '5s' }, 'patterns[0].events'],
  [
    { name: 'a', kind: 'sequence', events: [event, {}], within: '5s' },
    'patterns[0].events[1].type',
  ],
  [{ name: 'a', kind: 'repetition', event, atLeast: 1, within: '5s' }, 'patterns[0].atLeast'],
  [{ name: 'a', kind: 'absence', event, missing: event, within: '0s' }, 'patterns[0].within'],
  [{ name: 'a', kind: 'absence', event, missing: event, within: 5 }, 'patterns[0].within'],
  [{ name: 'a', kind: 'absence', event, within: '5s' }, 'patterns[0].missing'],
  [null, 'patterns[0]'],
])('a bad pattern is refused with its place: %#', (pattern, place) => {
  expect(() => readPatterns([pattern])).toThrow(
    expect.objectContaining({ code: 'InputError', message: expect.stringContaining(place) }),
  )
})

test('all problems are told at once, two patterns of one name among them', () => {
  const good = { name: 'a', kind: 'basic', event }
  const data = [good, { ...good, kind: 'x' }, good, { ...good, name: '', event: 5 }]
  expect(() => readPatterns(data)).toThrow(
    expect.objectContaining({
      details: {
        problems: [
          { path: 'patterns[1].kind', message: expect.any(String) },
          { path: 'patterns[2].name', message: "'a' is the name of patterns[0] too" },
          { path: 'patterns[3].name', message: expect.any(String) },
          { path: 'patterns[3].event', message: expect.any(String) },
        ],
      },
    }),
  )
})

test('what is no list, or one over patternsMax, is refused', () => {
  expect(() => readPatterns({ name: 'a' })).toThrow('this is no list')
  const endless: unknown[] = []
  endless.push(endless)
  expect(() => readPatterns(endless)).toThrow('this is no JSON')
  const many = Array.from({ length: limits.patternsMax + 1 }, () => null)
  expect(() => readPatterns(many)).toThrow(
    expect.objectContaining({ code: 'ResourceExhaustionError' }),
  )
})

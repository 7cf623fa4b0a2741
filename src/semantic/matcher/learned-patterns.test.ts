import { expect, test } from 'vitest'
import type { CloudEvent } from '../../core/contracts/events.ts'
import { learnPatterns } from './learned-patterns.ts'
import type { PatternMatch } from './pattern-stream.ts'
import { SemanticPatternMatcher } from './semantic-pattern-matcher.ts'

function at(seconds: number, type: string, subject = 'shop'): CloudEvent {
  const time = new Date(seconds * 1_000).toISOString()
  return { id: `${type}-${seconds}`, source: '/test', type, time, subject, data: null }
}

/** Ten minutes: every 100 s an incident of 10 s in which `full` is followed by `slow`; each alone is harmless. */
const incidents = [100, 200, 300, 400, 500].map((second) => ({
  t0Ms: second * 1_000,
  t1Ms: (second + 10) * 1_000,
}))
const log = [
  ...Array.from({ length: 600 }, (_, second) => at(second, 'tick')),
  ...[102, 202, 302, 402].flatMap((second) => [at(second, 'full'), at(second + 3, 'slow')]),
  ...[150, 250, 350].flatMap((second) => [at(second, 'slow'), at(second + 3, 'full')]),
  at(450, 'full'),
  at(453, 'slow'),
]
const options = {
  name: 'learned',
  range: { t0Ms: 0, t1Ms: 600_000 },
  withinMs: 5_000,
  patternsMax: 1,
  metadata: { about: 'shop' },
}

test('what goes together with incidents becomes a declared pattern that says on how much it rests', () => {
  const { patterns, isComplete } = learnPatterns(log, incidents, options)
  expect(isComplete).toBe(true)
  expect(patterns).toEqual([
    {
      kind: 'sequence',
      name: 'learned-1',
      events: [
        { type: 'full', where: {}, like: null },
        { type: 'slow', where: {}, like: null },
      ],
      within: '5s',
      by: null,
      requiresConsensus: false,
      metadata: { about: 'shop' },
      provenance: {
        learnedBy: 'PrefixSpan',
        support: 4,
        windows: 5,
        elsewhere: 1,
        confidence: 0.8,
      },
    },
  ])
})

test('a learned pattern finds again what it was learned from', async () => {
  const { patterns } = learnPatterns(log, incidents, options)
  const matcher = new SemanticPatternMatcher({ patterns })
  const matches: PatternMatch[] = []
  for (const event of log.toSorted((a, b) => (a.time! < b.time! ? -1 : 1)))
    matches.push(...(await matcher.observe(event)).matches)
  expect([...matches, ...matcher.finish()].map(({ t0Ms }) => t0Ms / 1_000)).toEqual([
    102, 202, 302, 402, 450,
  ])
})

test('the order of the log and of the windows does not matter', () => {
  expect(learnPatterns(log.toReversed(), incidents.toReversed(), options)).toEqual(
    learnPatterns(log, incidents, options),
  )
})

test('below the support or the confidence nothing is learned, nor from no windows or no events', () => {
  const learned = (more: object): number =>
    learnPatterns(log, incidents, { ...options, ...more }).patterns.length
  expect(learned({ confidenceMin: 0.81 })).toBe(0)
  expect(learned({ supportMin: 5 })).toBe(0)
  expect(learned({ withinMs: 2_999 })).toBe(0)
  expect(learnPatterns(log, [], options).patterns).toEqual([])
  expect(learnPatterns([], incidents, options).patterns).toEqual([])
})

test('fields tell events of one type apart', () => {
  const mixed = log.map((event) =>
    event.id === 'full-450' ? { ...event, subject: 'elsewhere' } : event,
  )
  const [pattern] = learnPatterns(mixed, incidents, { ...options, fields: ['subject'] }).patterns
  expect(pattern).toMatchObject({
    events: [{ where: { subject: 'shop' } }, { where: { subject: 'shop' } }],
    provenance: { confidence: 1 },
  })
})

test('what happens shortly before windows is learned with leadMs', () => {
  const later = incidents.map(({ t0Ms, t1Ms }) => ({ t0Ms: t0Ms + 6_000, t1Ms }))
  const early = learnPatterns(log, later, { ...options, leadMs: 6_000 })
  expect(learnPatterns(log, later, options).patterns).toEqual([])
  expect(early.patterns).toMatchObject([{ events: [{ type: 'full' }, { type: 'slow' }] }])
})

test.each([
  [{ withinMs: 0 }],
  [{ withinMs: Number.NaN }],
  [{ name: 'No name' }],
  [{ fields: ['x'] }],
])('options that make no pattern are refused: %j', (wrong) => {
  expect(() => learnPatterns(log, incidents, { ...options, ...wrong })).toThrow(
    expect.objectContaining({ code: 'InputError' }),
  )
})

test('what goes on all the time is left out, however often it is in the windows', () => {
  const clocks = log.map((event) => (event.type === 'tick' ? { ...event, type: 'full' } : event))
  expect(learnPatterns(clocks, incidents, options).patterns).toEqual([])
  const all = learnPatterns(clocks, incidents, { ...options, itemLiftMin: 0, confidenceMin: 0 })
  expect(all.patterns).toHaveLength(1)
})

test('an event without a field is learned as one without it, and a type with a star not at all', () => {
  const mixed = log.flatMap((event) => {
    if (event.type === 'tick') return [{ ...event, type: 'tick*' }]
    return [event.type === 'slow' ? { ...event, subject: null } : event]
  })
  const [pattern] = learnPatterns(mixed, incidents, { ...options, fields: ['subject'] }).patterns
  expect(pattern).toMatchObject({
    events: [{ where: { subject: 'shop' } }, { where: { subject: { exists: false } } }],
  })
  const all = { ...options, itemLiftMin: 0, confidenceMin: 0, patternsMax: 100 }
  const { patterns } = learnPatterns(mixed, incidents, all)
  expect(JSON.stringify(patterns)).not.toContain('tick')
})

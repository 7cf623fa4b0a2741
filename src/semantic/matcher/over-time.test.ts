import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { CloudEvent } from '../../core/contracts/events.ts'
import type { PatternData } from './declared-pattern.ts'
import type { PatternMatch } from './pattern-stream.ts'
import { SemanticPatternMatcher } from './semantic-pattern-matcher.ts'

const zeroMs = Date.parse('2026-05-01T12:00:00Z')

function at(seconds: number, type: string, subject: string | null = null, id?: string): CloudEvent {
  const atMs = zeroMs + Math.round(seconds * 1_000)
  const name = id ?? `${type}-${seconds}-${subject}`
  const time = new Date(atMs).toISOString()
  return { id: name, source: '/test', type, time, subject, data: null }
}

async function found(
  patterns: readonly PatternData[],
  events: readonly CloudEvent[],
  options: { readonly allowedLatenessMs?: number } = {},
): Promise<readonly PatternMatch[]> {
  const matcher = new SemanticPatternMatcher({ patterns, ...options })
  const matches: PatternMatch[] = []
  for (const event of events) matches.push(...(await matcher.observe(event)).matches)
  return [...matches, ...matcher.finish()]
}

const sequence: PatternData = {
  name: 'abc',
  kind: 'sequence',
  events: [{ type: 'a' }, { type: 'b' }, { type: 'c' }],
  within: '10s',
}
const repetition: PatternData = {
  name: 'three',
  kind: 'repetition',
  event: { type: 'a' },
  atLeast: 3,
  within: '10s',
}
const absence: PatternData = {
  name: 'unanswered',
  kind: 'absence',
  event: { type: 'asked' },
  missing: { type: 'answered' },
  within: '5s',
  by: 'subject',
}

test('a sequence is found in order, with others in between', async () => {
  const events = [at(0, 'a'), at(1, 'x'), at(2, 'b'), at(3, 'a'), at(4, 'c')]
  expect(await found([sequence], events)).toEqual([
    {
      pattern: 'abc',
      kind: 'sequence',
      key: null,
      t0Ms: zeroMs,
      t1Ms: zeroMs + 4_000,
      eventIds: ['a-0-null', 'b-2-null', 'c-4-null'],
    },
  ])
})

test.each([
  ['in another order', [at(0, 'b'), at(1, 'a'), at(2, 'c')]],
  ['without its middle', [at(0, 'a'), at(2, 'c')]],
  ['over too long a time', [at(0, 'a'), at(5, 'b'), at(10.001, 'c')]],
])('a sequence is not found %s', async (_, events) => {
  expect(await found([sequence], events)).toEqual([])
})

test('a sequence is found when only a later beginning is near enough', async () => {
  const events = [at(0, 'a'), at(1, 'b'), at(8, 'a'), at(9, 'b'), at(15, 'c')]
  const [match] = await found([sequence], events)
  expect(match?.eventIds).toEqual(['a-8-null', 'b-9-null', 'c-15-null'])
})

test('one event never stands for two stages, and a match is used up', async () => {
  const thrice: PatternData = { ...sequence, events: [{ type: 'a' }, { type: 'a' }, { type: 'a' }] }
  expect(await found([thrice], [at(0, 'a'), at(1, 'a')])).toEqual([])
  const matches = await found(
    [thrice],
    [0, 1, 2, 3, 4, 5, 6].map((second) => at(second, 'a')),
  )
  expect(matches.map(({ t0Ms, t1Ms }) => [t0Ms - zeroMs, t1Ms - zeroMs])).toEqual([
    [0, 2_000],
    [3_000, 5_000],
  ])
})

test('a repetition counts within its time only, and starts anew after a match', async () => {
  const seconds = [0, 6, 11, 12, 13, 14]
  const matches = await found(
    [repetition],
    seconds.map((second) => at(second, 'a')),
  )
  expect(matches.map(({ eventIds }) => eventIds)).toEqual([['a-6-null', 'a-11-null', 'a-12-null']])
})

test('events of different keys do not mix, and an event without the key takes no part', async () => {
  const bySubject: PatternData = { ...repetition, by: 'subject' }
  const events = [at(0, 'a', 'x'), at(1, 'a', 'y'), at(2, 'a', 'x'), at(3, 'a'), at(4, 'a', 'x')]
  const matches = await found([bySubject], events)
  expect(matches.map(({ key, eventIds }) => [key, eventIds.length])).toEqual([['x', 3]])
})

test('an absence is found when its time is over without an answer', async () => {
  const events = [
    at(0, 'asked', 'x'),
    at(1, 'asked', 'y'),
    at(5, 'answered', 'x'),
    at(6.001, 'answered', 'y'),
    at(9, 'tick'),
  ]
  const matches = await found([absence], events)
  expect(matches).toEqual([
    {
      pattern: 'unanswered',
      kind: 'absence',
      key: 'y',
      t0Ms: zeroMs + 1_000,
      t1Ms: zeroMs + 6_000,
      eventIds: ['asked-1-y'],
    },
  ])
})

test('a heartbeat that stops is an absence of the next one', async () => {
  const heartbeat: PatternData = { ...absence, event: { type: 'beat' }, missing: { type: 'beat' } }
  const beats = [0, 4, 8, 20].map((second) => at(second, 'beat', 'h'))
  const matches = await found([heartbeat], beats)
  expect(matches.map(({ t1Ms }) => t1Ms - zeroMs)).toEqual([13_000])
})

test('what may still be answered when a log ends is not missed', async () => {
  expect(await found([absence], [at(0, 'tick'), at(1, 'asked', 'x'), at(5, 'tick')])).toEqual([])
})

test('an event that is late by less than the lateness is put in its place', async () => {
  const events = [at(0, 'a'), at(4, 'c'), at(2, 'b'), at(20, 'x')]
  expect(await found([sequence], events)).toHaveLength(1)
  expect(
    await found([absence], [at(0, 'asked', 'x'), at(7, 'tick'), at(4, 'answered', 'x')]),
  ).toEqual([])
})

test('an event that is later than that is dropped, with the reason and counted', async () => {
  const matcher = new SemanticPatternMatcher({ patterns: [sequence], allowedLatenessMs: 1_000 })
  for (const subject of ['x', 'y', 'z']) await matcher.observe(at(10, 'x', subject))
  const { outcome } = await matcher.observe(at(8.5, 'a'))
  expect(outcome).toEqual({ kind: 'dropped', reason: 'late', byMs: 500 })
  expect(matcher.counts).toMatchObject({ late: 1, unconcerned: 3, taken: 0 })
  expect((await matcher.observe(at(9, 'a'))).outcome).toEqual({ kind: 'taken' })
})

test('a match is given once its end cannot change any more, not before', async () => {
  const matcher = new SemanticPatternMatcher({ patterns: [repetition], allowedLatenessMs: 2_000 })
  const given: number[] = []
  for (const second of [0, 1, 2, 3, 4, 5, 6, 7])
    given.push((await matcher.observe(at(second, second < 3 ? 'a' : 'x'))).matches.length)
  // Three events have reached 5 s when the one of 7 s comes: the watermark is at 3 s.
  expect(given).toEqual([0, 0, 0, 0, 0, 0, 0, 1])
  expect(matcher.watermarkMs).toBe(zeroMs + 3_000)
})

test('silence is ended by whoever knows that time has passed', async () => {
  const matcher = new SemanticPatternMatcher({ patterns: [absence] })
  await matcher.observe(at(0, 'asked', 'x'))
  expect(matcher.advanceTo(zeroMs + 5_000)).toEqual([])
  expect(matcher.advanceTo(zeroMs + 5_001)).toHaveLength(1)
  expect(matcher.advanceTo(zeroMs)).toEqual([])
})

test('events from the far future move nothing until others confirm their time', async () => {
  const matcher = new SemanticPatternMatcher({ patterns: [repetition] })
  await matcher.observe(at(900_000_000, 'a', null, 'strayed'))
  for (const second of [0, 1]) await matcher.observe(at(second, 'x'))
  expect((await matcher.observe(at(900_000_000, 'a', null, 'again'))).outcome).toMatchObject({
    kind: 'ahead',
  })
  for (const second of [2, 3, 4]) await matcher.observe(at(second, 'a'))
  expect(matcher.counts).toMatchObject({ late: 0, waiting: 5 })
  expect(matcher.finish().map(({ eventIds }) => eventIds)).toEqual([
    ['a-2-null', 'a-3-null', 'a-4-null'],
  ])
  expect(matcher.counts).toMatchObject({ ahead: 2, waiting: 0 })
})

test('after a long silence three events bring time up to date', async () => {
  const matcher = new SemanticPatternMatcher({ patterns: [absence] })
  for (const second of [0, 1, 2]) await matcher.observe(at(second, 'asked', 'x'))
  for (const second of [500_000, 500_001]) await matcher.observe(at(second, 'tick'))
  expect((await matcher.observe(at(500_002, 'tick'))).matches).toHaveLength(1)
})

test('a repeat of an event that waits is dropped; one that comes later is late', async () => {
  const matcher = new SemanticPatternMatcher({ patterns: [repetition] })
  await matcher.observe(at(0, 'a'))
  expect((await matcher.observe(at(0, 'a'))).outcome).toEqual({ kind: 'dropped', reason: 'repeat' })
  for (const second of [30, 31, 32]) await matcher.observe(at(second, 'x'))
  expect((await matcher.observe(at(0, 'a'))).outcome).toMatchObject({ reason: 'late' })
  expect(matcher.counts).toMatchObject({ repeats: 1, late: 1, taken: 1 })
})

test('of two events of one name the first wins; the same id from elsewhere is another event', async () => {
  const matcher = new SemanticPatternMatcher({ patterns: [repetition] })
  await matcher.observe(at(0, 'a', null, 'twin'))
  const other = at(1, 'a', 'changed', 'twin')
  expect((await matcher.observe(other)).outcome).toMatchObject({ reason: 'repeat' })
  const elsewhere = { ...other, source: '/elsewhere' }
  expect((await matcher.observe(elsewhere)).outcome).toEqual({ kind: 'taken' })
})

test('an event without a time takes no part in patterns over time and is counted', async () => {
  const matcher = new SemanticPatternMatcher({ patterns: [repetition] })
  const { outcome } = await matcher.observe({ ...at(0, 'a'), time: null })
  expect(outcome).toEqual({ kind: 'untimed' })
  expect(matcher.counts).toMatchObject({ untimed: 1, waiting: 0 })
})

test('what is no event is refused', async () => {
  const matcher = new SemanticPatternMatcher({ patterns: [repetition] })
  const nonsense = { ...at(0, 'a'), time: 'yesterday' }
  await expect(matcher.observe(nonsense)).rejects.toMatchObject({ code: 'InputError' })
})

const lateMs = 8_000
/** Events within two minutes, of few types and keys, and how late each of them arrives. */
const log = fc.array(
  fc.record({
    seconds: fc.integer({ min: 0, max: 60 }),
    type: fc.constantFrom('a', 'b', 'c', 'asked', 'answered'),
    subject: fc.constantFrom('x', 'y'),
    delayMs: fc.integer({ min: 0, max: lateMs }),
    otherDelayMs: fc.integer({ min: 0, max: lateMs }),
    repeats: fc.integer({ min: 0, max: 1 }),
  }),
  { minLength: 30, maxLength: 80 },
)

test('the same events in any order of arrival within the lateness give the same matches', async () => {
  const patterns = [sequence, repetition, absence, { ...sequence, name: 'keyed', by: 'subject' }]
  let matched = 0
  await fc.assert(
    fc.asyncProperty(log, async (entries) => {
      const sent = entries.map((entry, index) => ({
        ...entry,
        event: at(entry.seconds, entry.type, entry.subject, `e${index}`),
      }))
      const arrivals = (delayOf: (entry: (typeof sent)[number]) => number): CloudEvent[] =>
        sent
          .map((entry) => ({ ...entry, arrivesMs: entry.seconds * 1_000 + delayOf(entry) }))
          .sort((a, b) => a.arrivesMs - b.arrivesMs)
          .flatMap(({ event, repeats }) => (repeats === 1 ? [event, event] : [event]))
      const options = { allowedLatenessMs: lateMs }
      const inOrder = await found(
        patterns,
        arrivals(() => 0),
        options,
      )
      const first = await found(
        patterns,
        arrivals(({ delayMs }) => delayMs),
        options,
      )
      const second = await found(
        patterns,
        arrivals(({ otherDelayMs }) => otherDelayMs),
        options,
      )
      expect(first).toEqual(inOrder)
      expect(second).toEqual(inOrder)
      matched += inOrder.length
    }),
    { numRuns: 300 },
  )
  // Else the property would hold for want of matches.
  expect(matched).toBeGreaterThan(300)
})

test('what a sequence finds is what trying every choice of events finds first', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.integer({ min: 0, max: 4 }), fc.constantFrom('a', 'b', 'c')), {
        maxLength: 25,
      }),
      async (steps) => {
        let seconds = 0
        const events = steps.map(([step, type], index) =>
          at((seconds += step), type, null, `e${String(index).padStart(3, '0')}`),
        )
        const [match] = await found([sequence], events)
        expect(match?.t1Ms ?? null).toBe(firstEnd(events))
      },
    ),
    { numRuns: 300 },
  )
})

/** By brute force: the earliest end of a, b, c within ten seconds. */
function firstEnd(events: readonly CloudEvent[]): number | null {
  for (const [k, c] of events.entries()) {
    for (const [j, b] of events.slice(0, k).entries()) {
      for (const a of events.slice(0, j)) {
        const [t0, t1] = [Date.parse(a.time!), Date.parse(c.time!)]
        if (a.type + b.type + c.type === 'abc' && t1 - t0 <= 10_000) return t1
      }
    }
  }
  return null
}

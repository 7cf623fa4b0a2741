import { expect, test } from 'vitest'
import { readPatterns } from './declared-pattern.ts'
import { PatternStream, type StreamEvent } from './pattern-stream.ts'
import { RecentMatches } from './recent-matches.ts'
import { limits } from '../../core/limits.ts'

const absences = readPatterns([
  {
    name: 'unanswered',
    kind: 'absence',
    event: { type: 'asked' },
    missing: { type: 'answered' },
    within: '10s',
    by: 'subject',
  },
])
const options = { allowedLatenessMs: 1_000, timeWitnesses: 1, aheadMsMax: 3_600_000 }

function asked(atMs: number, key: string): StreamEvent {
  const hits = [{ pattern: 0, key, stages: [0] }]
  return { atMs, eventId: key, identity: `${key}-${atMs}`, hits }
}

test('over the keys that a pattern may remember, the oldest is forgotten and counted', () => {
  const stream = new PatternStream(absences, { ...options, keysMax: 2 })
  for (const [atMs, key] of ['a', 'b', 'c', 'd'].entries()) stream.take(asked(atMs, key))
  stream.advanceTo(5_000)
  expect(stream.counts).toMatchObject({ openKeys: 2, evictedKeys: 2, waiting: 0 })
  expect(stream.advanceTo(60_000).map(({ key }) => key)).toEqual(['c', 'd'])
  expect(stream.counts.openKeys).toBe(0)
})

test('over the events that may wait, the oldest wait no longer', () => {
  const stream = new PatternStream(absences, { ...options, waitingMax: 2 })
  for (const [atMs, key] of ['a', 'b', 'c'].entries()) stream.take(asked(atMs, key))
  expect(stream.counts).toMatchObject({ waiting: 2, releasedEarly: 1, openKeys: 1 })
  expect(stream.take(asked(0, 'z')).outcome).toEqual({ kind: 'dropped', reason: 'late', byMs: 1 })
})

test('what can no longer be found is forgotten when time has passed', () => {
  const sequences = readPatterns([
    {
      name: 'pair',
      kind: 'sequence',
      events: [{ type: 'a' }, { type: 'b' }],
      within: '10s',
      by: 'subject',
    },
  ])
  const stream = new PatternStream(sequences, options)
  for (const [index, key] of ['a', 'b', 'c', 'd', 'e', 'f'].entries())
    stream.take(asked(index * 5_000, key))
  // At 24 s, those begun before 14 s are over.
  expect(stream.counts.openKeys).toBe(2)
})

test('matches are looked back on up to recentMatchesMax', () => {
  const recent = new RecentMatches(1_000)
  const match = { pattern: 'p', kind: 'sequence', key: null, t0Ms: 0, eventIds: [] } as const
  const many = Array.from({ length: limits.recentMatchesMax + 5 }, (_, t1Ms) => ({
    ...match,
    t1Ms,
  }))
  recent.add(many)
  const kept = recent.concerning(null, 500)
  expect(kept).toHaveLength(limits.recentMatchesMax)
  expect(kept[0]?.t1Ms).toBe(5)
})

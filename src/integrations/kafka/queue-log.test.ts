import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { CloudEvent } from '../../core/contracts/events.ts'
import { QueueLog, type QueueRecord } from './queue-log.ts'

const ids = ['a', 'b', 'c']
const error = { code: 'AgentError', message: 'down', retryable: true, hint: null, details: null }

function event(id: string): CloudEvent {
  const none = { time: null, subject: null, data: null }
  return { id, source: 's', type: 't', ...none, partitionkey: id === 'c' ? 'k2' : 'k1' }
}

const record: fc.Arbitrary<QueueRecord> = fc
  .record({
    id: fc.constantFrom(...ids),
    claim: fc.integer({ min: 1, max: 4 }),
    atMs: fc.integer({ min: 0, max: 100 }),
    kind: fc.constantFrom(
      'sent',
      'claimed',
      'extended',
      'released',
      'done',
      'dead',
      'redriven',
      'forgotten',
    ),
  })
  .map(({ id, claim, atMs, kind }): QueueRecord => {
    switch (kind) {
      case 'sent':
        return { kind, id, event: event(id), atMs, dueAtMs: atMs }
      case 'claimed':
        return { kind, id, claim, atMs, untilMs: atMs + 10 }
      case 'extended':
        return { kind, id, claim, untilMs: atMs + 20 }
      case 'released':
        return { kind, id, claim, dueAtMs: atMs }
      case 'dead':
        return { kind, id, claim, error, atMs }
      case 'redriven':
        return { kind, id, claim, atMs }
      default:
        return { kind, id }
    }
  })

test('a message is in one place at a time, and lanes have those that are open, whatever the log says', () => {
  fc.assert(
    fc.property(fc.array(record, { maxLength: 60 }), (records) => {
      const log = new QueueLog()
      for (const one of records) {
        log.apply(one)
        for (const id of ids) {
          const places = [log.open, log.dead, log.done].filter((place) => place.has(id))
          expect(places.length).toBeLessThanOrEqual(1)
        }
        const open = [...log.open.values()].filter(({ isSent }) => isSent)
        for (const key of ['k1', 'k2']) {
          const ofKey = open.filter((entry) => entry.key === key)
          expect(ofKey.filter((entry) => log.isFirst(entry))).toHaveLength(
            Math.min(1, ofKey.length),
          )
        }
      }
    }),
  )
})

test('of claims for the same delivery only the first holds, and the next one when its time is over', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 200 }), { minLength: 1, maxLength: 30 }),
      (times) => {
        const log = new QueueLog()
        log.apply({ kind: 'sent', id: 'a', event: event('a'), atMs: 0, dueAtMs: 0 })
        let heldUntilMs = 0
        let claims = 0
        for (const atMs of times) {
          const holds = log.apply({
            kind: 'claimed',
            id: 'a',
            claim: claims + 1,
            atMs,
            untilMs: atMs + 50,
          })
          expect(holds).toBe(atMs >= heldUntilMs)
          // Whoever read the log before this claim comes too late with the same number.
          expect(
            log.apply({
              kind: 'claimed',
              id: 'a',
              claim: claims + (holds ? 1 : 0),
              atMs: 999,
              untilMs: 999,
            }),
          ).toBe(false)
          if (!holds) continue
          claims++
          heldUntilMs = atMs + 50
        }
        expect(log.entry('a')?.claims).toBe(claims)
      },
    ),
  )
})

test('a log of which compaction has left the newest record of each key tells what is open, done and dead', () => {
  const whole: readonly QueueRecord[] = [
    { kind: 'sent', id: 'a', event: event('a'), atMs: 1, dueAtMs: 1 },
    { kind: 'sent', id: 'b', event: event('b'), atMs: 2, dueAtMs: 2 },
    { kind: 'sent', id: 'c', event: event('c'), atMs: 3, dueAtMs: 3 },
    { kind: 'claimed', id: 'a', claim: 1, atMs: 4, untilMs: 20 },
    { kind: 'claimed', id: 'c', claim: 1, atMs: 4, untilMs: 20 },
    { kind: 'done', id: 'a' },
    { kind: 'claimed', id: 'b', claim: 1, atMs: 5, untilMs: 20 },
    { kind: 'dead', id: 'c', claim: 1, error, atMs: 6 },
  ]
  const fold = (records: readonly QueueRecord[]): QueueLog => {
    const log = new QueueLog()
    for (const one of records) log.apply(one)
    return log
  }
  // The event of what is done was removed; of the changes only the last of each message is left.
  const compacted = fold([whole[1], whole[2], ...whole.slice(5)] as readonly QueueRecord[])
  const full = fold(whole)
  for (const log of [full, compacted]) {
    expect([...log.open.keys()]).toEqual(['b'])
    expect([...log.done.keys()]).toEqual(['a'])
    expect([...log.dead.keys()]).toEqual(['c'])
    expect(log.entry('b')).toMatchObject({ claims: 1, heldUntilMs: 20 })
  }
})

import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  newStanding,
  type Observation,
  observed,
  quarantineDefaults,
  type Standing,
} from './standing.ts'

const settings = { ...quarantineDefaults, quarantineMs: 100, quarantineMsMax: 1_000 }
const well: Observation = { fault: null, anomaly: null }
const ill: Observation = { fault: 'it throws', anomaly: null }
const upset: Observation = { fault: null, anomaly: 'its resource' }

function after(seen: readonly (readonly [nowMs: number, Observation])[]): Standing {
  return seen.reduce<Standing>(
    (standing, [nowMs, one]) => observed(standing, one, { nowMs, settings }),
    newStanding,
  )
}

test('bad observations in a row quarantine an agent, and a good one between them does not count', () => {
  const kind = (...seen: Observation[]) => after(seen.map((one, i) => [i, one])).kind
  expect(kind(ill, ill, well, ill, ill)).toBe('trusted')
  expect(kind(ill, ill, ill)).toBe('quarantined')
  expect(kind(upset)).toBe('quarantined')
})

test('an anomaly quarantines at once and says so', () => {
  expect(after([[5, upset]])).toEqual({
    kind: 'quarantined',
    cause: 'anomaly',
    reason: 'its resource',
    sinceMs: 5,
    untilMs: 105,
    times: 1,
  })
})

test('when its time is over an agent is observed until enough is well, and then trusted', () => {
  const start = [[0, upset]] as const
  expect(after([...start, [99, well]]).kind).toBe('quarantined')
  expect(after([...start, [100, well]])).toMatchObject({ kind: 'probing', successes: 1 })
  expect(after([...start, [100, well], [110, well]])).toMatchObject({ kind: 'trusted', times: 1 })
})

test('who fails while it is observed is quarantined twice as long, up to a limit', () => {
  let standing = after([[0, upset]])
  const lengths: number[] = []
  for (let nowMs = 0; lengths.length < 6; nowMs += 10) {
    const next = observed(standing, ill, { nowMs, settings })
    if (next !== standing && next.kind === 'quarantined')
      lengths.push((next.untilMs ?? 0) - next.sinceMs)
    standing = next
  }
  expect(lengths).toEqual([200, 400, 800, 1_000, 1_000, 1_000])
})

test('who has been well for long begins with the shortest quarantine again', () => {
  const recovered = [
    [0, upset],
    [100, well],
    [110, well],
  ] as const
  expect(after([...recovered, [200, upset]])).toMatchObject({ untilMs: 400, times: 2 })
  expect(after([...recovered, [1_200, upset]])).toMatchObject({ untilMs: 1_300, times: 1 })
})

test('a quarantine without an end does not end by itself', () => {
  const held: Standing = {
    kind: 'quarantined',
    cause: 'manual',
    reason: 'maintenance',
    sinceMs: 0,
    untilMs: null,
    times: 0,
  }
  expect(observed(held, well, { nowMs: 1e12, settings })).toBe(held)
})

test('an agent leaves quarantine only after its time and enough good observations in a row', () => {
  const one = fc.record({
    afterMs: fc.integer({ min: 1, max: 150 }),
    seen: fc.constantFrom(well, well, ill, upset),
  })
  fc.assert(
    fc.property(fc.array(one, { minLength: 10, maxLength: 60 }), (script) => {
      let standing: Standing = newStanding
      let nowMs = 0
      let goodInRow = 0
      for (const { afterMs, seen } of script) {
        nowMs += afterMs
        goodInRow = seen === well ? goodInRow + 1 : 0
        const before = standing
        standing = observed(standing, seen, { nowMs, settings })
        if (before.kind === 'trusted' || standing.kind !== 'trusted') continue
        expect(goodInRow).toBeGreaterThanOrEqual(settings.probes)
        expect(before.kind).toBe('probing')
      }
    }),
  )
})

import { expect, test } from 'vitest'
import { correlateMatches } from './correlation.ts'
import { evaluateMatches } from './evaluation.ts'
import { readEventLabels, readEventLog } from './event-log.ts'
import type { PatternMatch } from './pattern-stream.ts'
import { coveredMs, union } from './time-windows.ts'

function match(pattern: string, t0Ms: number, t1Ms: number): PatternMatch {
  return { pattern, kind: 'sequence', key: null, t0Ms, t1Ms, eventIds: [] }
}

const labels = {
  fromMs: 0,
  toMs: 1_000,
  incidents: [
    { kind: 'fire', t0Ms: 100, t1Ms: 200 },
    { kind: 'fire', t0Ms: 400, t1Ms: 500 },
    { kind: 'flood', t0Ms: 700, t1Ms: 800 },
  ],
  tdaWindows: [],
}

test('precision counts matches, recall counts incidents, each of the kinds that a pattern is meant for', () => {
  const matches = [
    match('smoke', 90, 110),
    match('smoke', 150, 160),
    match('smoke', 750, 760),
    match('rain', 790, 900),
  ]
  const meantFor = new Map([
    ['smoke', ['fire']],
    ['rain', ['flood']],
    ['wind', ['storm']],
  ])
  expect(evaluateMatches(matches, labels, { meantFor, graceMs: 0 })).toEqual({
    patterns: [
      { name: 'smoke', precision: 2 / 3, recall: 1 / 2, n: 3 },
      { name: 'rain', precision: 1, recall: 1, n: 1 },
      { name: 'wind', precision: null, recall: null, n: 0 },
    ],
    precision: 3 / 4,
    recall: 2 / 3,
    chance: 0.3,
  })
})

test('an incident may still be noticed for a while after its end', () => {
  const meantFor = new Map([['smoke', ['fire']]])
  const late = [match('smoke', 210, 220)]
  const precision = (graceMs: number): number | null =>
    evaluateMatches(late, labels, { meantFor, graceMs }).precision
  expect([precision(9), precision(10)]).toEqual([0, 1])
})

test('an incident that two patterns notice is found once', () => {
  const matches = [match('smoke', 110, 120), match('heat', 130, 140)]
  const meantFor = new Map([
    ['smoke', ['fire']],
    ['heat', ['fire']],
  ])
  expect(evaluateMatches(matches, labels, { meantFor }).recall).toBe(1 / 2)
})

test('lift says how much oftener matches meet windows than at random moments', () => {
  const windows = [{ t0Ms: 100, t1Ms: 300 }]
  const range = { t0Ms: 0, t1Ms: 1_000 }
  const matches = [110, 120, 130, 140, 900].map((t) => match('with', t, t))
  matches.push(...[50, 350, 550, 750, 250].map((t) => match('apart', t, t)))
  matches.push(match('rare', 110, 120))
  expect(correlateMatches(matches, windows, { range })).toEqual([
    { pattern: 'with', n: 5, inside: 4, windowsMet: 1, share: 0.8, lift: 4 },
    { pattern: 'apart', n: 5, inside: 1, windowsMet: 1, share: 0.2, lift: 1 },
    { pattern: 'rare', n: 1, inside: 1, windowsMet: 1, share: null, lift: null },
  ])
})

test('a long match meets a window more easily, so its lift is less', () => {
  const windows = [{ t0Ms: 400, t1Ms: 500 }]
  const range = { t0Ms: 0, t1Ms: 1_000 }
  const liftOf = (lengthMs: number): number | null | undefined => {
    const matches = Array.from({ length: 5 }, () => match('m', 450, 450 + lengthMs))
    return correlateMatches(matches, windows, { range })[0]?.lift
  }
  expect(liftOf(0)).toBe(10)
  expect(liftOf(200)).toBeCloseTo(800 / 300)
})

test('without windows, or when windows are everywhere, there is no lift', () => {
  const range = { t0Ms: 0, t1Ms: 1_000 }
  const matches = Array.from({ length: 5 }, () => match('m', 450, 450))
  expect(correlateMatches(matches, [], { range })).toMatchObject([{ share: 0, lift: null }])
  expect(correlateMatches(matches, [range], { range })).toMatchObject([{ share: 1, lift: null }])
  expect(correlateMatches([], [range], { range })).toEqual([])
})

test('spans that meet are counted once', () => {
  const spans = [
    { t0Ms: 50, t1Ms: 60 },
    { t0Ms: 0, t1Ms: 20 },
    { t0Ms: 10, t1Ms: 30 },
  ]
  expect(union(spans)).toEqual([
    { t0Ms: 0, t1Ms: 30 },
    { t0Ms: 50, t1Ms: 60 },
  ])
  expect(coveredMs(spans, { t0Ms: 25, t1Ms: 55 })).toBe(10)
})

test('a log is read line by line, and a bad line is named', () => {
  const line = JSON.stringify({ id: '1', source: 's', type: 't', time: '2026-05-01T12:00:00Z' })
  expect(readEventLog(`${line}\n\n${line}\n`)).toHaveLength(2)
  expect(readEventLog('')).toEqual([])
  const refused = (text: string, message: string): void =>
    expect(() => readEventLog(text)).toThrow(
      expect.objectContaining({ code: 'InputError', message: expect.stringContaining(message) }),
    )
  refused(`${line}\n{"id":`, 'line 2: ')
  refused(`${line}\n\n{"id":"1"}`, "line 3: this is no event: 'source'")
})

test.each([
  ['{', 'labels are no JSON'],
  ['{}', 'labels: fromMs'],
  ['{"fromMs":1,"toMs":1,"incidents":[]}', 'toMs is not after fromMs'],
  ['{"fromMs":0,"toMs":1,"incidents":[{"kind":"a","t0Ms":2,"t1Ms":1}]}', 'incidents.0.t1Ms'],
])('bad labels are refused with the place: %s', (text, message) => {
  expect(() => readEventLabels(text)).toThrow(
    expect.objectContaining({ code: 'InputError', message: expect.stringContaining(message) }),
  )
})

test('labels are read without what nobody asks for', () => {
  const text = JSON.stringify({ ...labels, tdaWindows: undefined, seed: 1 })
  expect(readEventLabels(text)).toEqual(labels)
})

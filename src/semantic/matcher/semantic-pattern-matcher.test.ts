import { expect, test } from 'vitest'
import { unavailableTda } from '../../core/contracts/tda.ts'
import { limits } from '../../core/limits.ts'
import type { Embedder } from '../embedder.ts'
import { HashedEmbedder } from '../embedders/hashed-embedder.ts'
import type { PatternData } from './declared-pattern.ts'
import type { SemanticEvent } from './semantic-event.ts'
import { SemanticPatternMatcher } from './semantic-pattern-matcher.ts'

const atMs = Date.parse('2026-05-01T12:00:00Z')
const event: SemanticEvent = {
  eventId: 'e-1',
  eventType: 'semantic_routing_needed',
  semanticContext: { summary: 'The card of the customer was refused twice' },
  urgencyScore: 0.4,
  routingHints: ['payments'],
  atMs,
}
const refusals: PatternData = {
  name: 'card-refused',
  kind: 'basic',
  event: {
    type: 'semantic_*',
    like: { texts: ['card refused', 'payment declined by the bank'], similarity: 0.3 },
  },
  requiresConsensus: true,
}
const tda = {
  ...unavailableTda,
  available: true,
  anomalySeverity: 0.9,
  anomalies: [
    { source: 'p95', t0Ms: atMs - 5_000, t1Ms: atMs + 5_000, severity: 0.9, correlationId: 'w-1' },
  ],
}

test('without patterns and without a TDA feed an event is judged by itself', async () => {
  const analysis = await new SemanticPatternMatcher().analyzeWithTda(event, unavailableTda)
  expect(analysis).toMatchObject({
    semanticComplexity: analysis.complexityScore,
    tdaPatternMatch: 0,
    urgencyAmplification: 0.4,
    suggestedCoordination: 'pipeline',
    requiresConsensus: false,
    matches: [],
    observation: { outcome: { kind: 'unconcerned' }, matches: [] },
    explanation: { consensus: [] },
  })
})

test('a text that is like an example fits, by the attributes and the likeness', async () => {
  const matcher = new SemanticPatternMatcher({ patterns: [refusals] })
  const analysis = await matcher.analyzeWithTda(event, tda)
  expect(analysis.matches.map(({ pattern, t0Ms }) => [pattern, t0Ms])).toEqual([
    ['card-refused', atMs],
  ])
  expect(analysis).toMatchObject({
    requiresConsensus: true,
    suggestedCoordination: 'consensus',
    tdaPatternMatch: 0.9,
    explanation: { consensus: ["pattern 'card-refused' requires it"] },
  })
  expect(analysis.urgencyAmplification).toBeCloseTo(0.67)
  const other = { ...event, eventId: 'e-2', semanticContext: { summary: 'Nightly backup is done' } }
  expect((await matcher.analyzeWithTda(other, tda)).matches).toEqual([])
  const type = 'tda_anomaly_detected'
  const elsewhere = { ...event, eventId: 'e-3', eventType: type } as const
  expect((await matcher.analyzeWithTda(elsewhere, tda)).matches).toEqual([])
})

test('a text that is like two patterns is more complex than one that is like one', async () => {
  const another: PatternData = {
    ...refusals,
    name: 'customer-complains',
    event: { type: '*', like: { texts: ['the customer complains twice'], similarity: 0.9 } },
  }
  const complexityWith = async (patterns: readonly PatternData[]): Promise<number> =>
    (await new SemanticPatternMatcher({ patterns }).analyzeWithTda(event, tda)).semanticComplexity
  expect(await complexityWith([refusals, another])).toBeGreaterThan(
    await complexityWith([refusals]),
  )
})

test('consensus is required by type, and by urgent hints that contradict each other', async () => {
  const matcher = new SemanticPatternMatcher()
  const asked = { ...event, eventType: 'agent_consensus_required' } as const
  expect(await matcher.analyzeWithTda(asked, unavailableTda)).toMatchObject({
    requiresConsensus: true,
    explanation: { consensus: ['the event is of type agent_consensus_required'] },
  })
  const torn = { ...event, routingHints: ['scale up', 'scale down'], urgencyScore: 0.7 }
  expect((await matcher.analyzeWithTda(torn, unavailableTda)).requiresConsensus).toBe(false)
  expect((await matcher.analyzeWithTda(torn, tda)).explanation.consensus).toEqual([
    'urgent hints contradict each other: scale up / scale down',
  ])
})

test('what was found in the stream before concerns an event that names its key', async () => {
  const patterns: PatternData[] = [
    {
      name: 'refused-thrice',
      kind: 'repetition',
      event: { type: 'payment.refused' },
      atLeast: 3,
      within: '1m',
      by: 'data.card',
      requiresConsensus: true,
    },
  ]
  const matcher = new SemanticPatternMatcher({ patterns })
  for (const second of [1, 2, 3]) {
    const time = new Date(atMs - 30_000 + second * 1_000).toISOString()
    const data = { card: 'card-9' }
    const sent = { id: `r-${second}`, source: '/pay', type: 'payment.refused', subject: null }
    await matcher.observe({ ...sent, time, data })
  }
  expect(matcher.advanceTo(atMs)).toHaveLength(1)
  const about = { ...event, semanticContext: { card: 'card-9', summary: 'What now?' } }
  const analysis = await matcher.analyzeWithTda(about, unavailableTda)
  expect(analysis.matches.map(({ pattern, key }) => [pattern, key])).toEqual([
    ['refused-thrice', 'card-9'],
  ])
  expect(analysis.complexityScore).toBeGreaterThan(analysis.semanticComplexity)
  expect(analysis.requiresConsensus).toBe(true)
  const other = { ...event, eventId: 'e-4', semanticContext: { card: 'card-1' } }
  expect((await matcher.analyzeWithTda(other, unavailableTda)).matches).toEqual([])
  const later = { ...about, eventId: 'e-5', atMs: atMs + 3_600_000 }
  expect((await matcher.analyzeWithTda(later, unavailableTda)).matches).toEqual([])
})

test('semantic events are events of the patterns too', async () => {
  const patterns: PatternData[] = [
    {
      name: 'restless',
      kind: 'repetition',
      event: { type: 'semantic_*', where: { 'data.context.shop': 'berlin' } },
      atLeast: 2,
      within: '1m',
    },
  ]
  const matcher = new SemanticPatternMatcher({ patterns })
  for (const second of [0, 1]) {
    const semanticContext = { shop: 'berlin' }
    const one = { ...event, eventId: `s-${second}`, semanticContext, atMs: atMs + second * 1_000 }
    expect((await matcher.analyzeWithTda(one, unavailableTda)).observation.outcome).toEqual({
      kind: 'taken',
    })
  }
  const later = (seconds: number) => ({
    ...event,
    eventId: `t-${seconds}`,
    atMs: atMs + seconds * 1_000,
  })
  for (const seconds of [60, 61]) await matcher.analyzeWithTda(later(seconds), unavailableTda)
  // What this event makes certain is given, although it is not about it.
  const { observation } = await matcher.analyzeWithTda(later(62), unavailableTda)
  expect(observation.matches.map(({ pattern }) => pattern)).toEqual(['restless'])
  expect(matcher.finish()).toEqual([])
})

test('an event without a time is analysed, but takes no part in patterns over time', async () => {
  const { atMs: _, ...untimed } = event
  const matcher = new SemanticPatternMatcher({ patterns: [refusals] })
  const analysis = await matcher.analyzeWithTda(untimed, unavailableTda)
  expect(analysis.observation.outcome).toEqual({ kind: 'untimed' })
  expect(analysis.matches).toMatchObject([{ pattern: 'card-refused', t0Ms: 0, t1Ms: 0 }])
})

test.each([
  ['an unknown type', { eventType: 'tda_anomaly_detect' }, "did you mean 'tda_anomaly_detected'?"],
  ['a type that is no text', { eventType: 5 }, 'send {'],
  ['no id', { eventId: '' }, 'send {'],
  ['an urgency over 1', { urgencyScore: 1.1 }, 'send {'],
  ['an urgency that is no number', { urgencyScore: Number.NaN }, 'send {'],
  ['a context that is no object', { semanticContext: null }, 'send {'],
  ['a context that is no JSON', { semanticContext: { n: 1n } }, 'send texts'],
  ['a time beyond the year 9999', { atMs: 253_402_300_800_000 }, 'send {'],
  ['a time in fractions', { atMs: 0.5 }, 'send {'],
  ['too many hints', { routingHints: Array.from({ length: 101 }, String) }, 'send {'],
])('%s is refused with what to do', async (_, wrong, hint) => {
  const given = { ...event, ...wrong } as unknown as SemanticEvent
  const analysis = new SemanticPatternMatcher().analyzeWithTda(given, unavailableTda)
  await expect(analysis).rejects.toMatchObject({
    code: 'InputError',
    hint: expect.stringContaining(hint) as string,
  })
})

test('a huge text is read at its beginning; one over payloadBytesMax is refused', async () => {
  const matcher = new SemanticPatternMatcher({ patterns: [refusals] })
  const tail = 'Deploy. '.repeat(200_000)
  const long = { ...event, semanticContext: { summary: `The card was refused. ${tail}` } }
  const analysis = await matcher.analyzeWithTda(long, unavailableTda)
  const clauses = analysis.explanation.evidence.find(({ name }) => name === 'clauses')
  expect(clauses?.value).toBeLessThan(limits.taskCharactersMax / 8)
  const huge = { ...event, semanticContext: { summary: 'x'.repeat(limits.payloadBytesMax) } }
  await expect(matcher.analyzeWithTda(huge, unavailableTda)).rejects.toMatchObject({
    code: 'ResourceExhaustionError',
    details: { limit: 'payloadBytesMax' },
  })
})

test('an embedder that fails once is asked again, and its error reaches the caller', async () => {
  const hashed = new HashedEmbedder()
  let isDown = true
  const flaky: Embedder = {
    id: 'flaky',
    dimensions: null,
    embed: (texts) => (isDown ? Promise.reject(new Error('model is down')) : hashed.embed(texts)),
  }
  const matcher = new SemanticPatternMatcher({ patterns: [refusals], embedder: flaky })
  await expect(matcher.analyzeWithTda(event, tda)).rejects.toThrow('model is down')
  isDown = false
  expect((await matcher.analyzeWithTda(event, tda)).matches).toHaveLength(1)
})

test.each([
  [{ allowedLatenessMs: -1 }],
  [{ lookBackMs: Number.NaN }],
  [{ timeWitnesses: 0 }],
  [{ timeWitnesses: 1.5 }],
  [{ hierarchicalAbove: 2 }],
  [{ patterns: [{ name: 'x' }] as unknown as PatternData[] }],
])('options out of range are refused: %j', (options) => {
  expect(() => new SemanticPatternMatcher(options)).toThrow(
    expect.objectContaining({ code: 'InputError' }),
  )
})

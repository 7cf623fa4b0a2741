import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { BaseAgent } from '../agents/index.ts'
import { unavailableTda } from '../core/contracts/tda.ts'
import type { JsonObject, JsonValue } from '../core/json.ts'
import { AnalystAgent, builtinAgents, ObserverAgent } from './index.ts'

const series = fileURLToPath(new URL('../../examples/series/checkout.csv', import.meta.url))
const labels = JSON.parse(readFileSync(series.replace('.csv', '.labels.json'), 'utf8')) as {
  faults: { kind: string; t0Ms: number; t1Ms: number }[]
}

const agents = new Map(builtinAgents().map((agent) => [agent.type, agent]))
beforeAll(async () => {
  for (const agent of agents.values()) await agent.init()
})
afterAll(async () => {
  for (const agent of agents.values()) await agent.close()
})

/** One call as the engine makes it; throws the call's error. */
function call(type: string, action: string, input: JsonValue): Promise<JsonValue> {
  const agent = agents.get(type) as BaseAgent
  return new Promise((resolve, reject) => {
    const about = {
      executionId: 'e',
      stepId: 's',
      index: null,
      attempt: 1,
      idempotencyKey: 'e/s/1',
    }
    const rest = { timeoutMs: null, correlationId: 'c', tda: unavailableTda, resumed: null }
    agent.invoke(
      action,
      {
        input,
        ...about,
        ...rest,
        budget: { agentCallsLeft: null, tokensLeft: null, costUsdLeft: null },
      },
      (outcome) => {
        if (outcome.kind === 'completed') resolve(outcome.output)
        else reject(new Error(`${outcome.kind}: ${JSON.stringify(outcome)}`))
      },
    )
  })
}

interface Found {
  readonly anomalies: readonly (JsonObject & { t0Ms: number; t1Ms: number })[]
  readonly points: number
}

const detect = async (input: JsonObject): Promise<Found> =>
  (await call('observer', 'detect', input)) as unknown as Found

const isFalse = (a: { t0Ms: number; t1Ms: number }): boolean =>
  !labels.faults.some((fault) => a.t0Ms <= fault.t1Ms + 3_000 && a.t1Ms >= fault.t0Ms)

describe('observer.detect', () => {
  it('finds every fault of the recorded incident and cries wolf at most once', async () => {
    const { anomalies, points } = await detect({ series })
    expect(points).toBe(900)
    for (const fault of labels.faults) {
      const hit = anomalies.find((a) => a.t0Ms <= fault.t1Ms && a.t1Ms >= fault.t0Ms)
      expect(hit, `${fault.kind} at ${fault.t0Ms}`).toBeDefined()
    }
    expect(anomalies.filter(isFalse).length).toBeLessThanOrEqual(1)
  })

  it('takes a named column, values and points, and answers small JSON', async () => {
    const memory = await detect({ series, column: 'memory_mb' })
    expect(memory.anomalies[0]).toMatchObject({ source: series, column: 'memory_mb' })
    const values = Array.from({ length: 400 }, (_, i) => Math.sin(i) + (i === 300 ? 40 : 0))
    const byValue = await detect({ series: values })
    expect(byValue).toMatchObject({ points: 400, anomalies: [{ t0Ms: 300_000 }] })
    const byPoint = await detect({
      series: values.map((v, i) => ({ t: i * 1_000, v })),
      column: null,
    })
    expect(byPoint).toEqual(byValue)
    expect(JSON.stringify(byValue).length).toBeLessThan(2_000)
  })

  it('fails without retry and with file and hint when the series cannot be read', async () => {
    await expect(detect({ series: '/nowhere/x.csv' })).rejects.toThrow(
      /SeriesError.*"retryable":false/,
    )
    await expect(detect({ series, column: 'disk' })).rejects.toThrow(/columns with numbers: p95_ms/)
    await expect(detect({ series: 5 })).rejects.toThrow(/AgentInputError/)
  })
})

describe('analyst', () => {
  it('explains each anomaly of the incident with its companions', async () => {
    const { anomalies } = await detect({ series })
    for (const [index, anomaly] of anomalies.entries()) {
      const told = (await call('analyst', 'explain', { anomaly, index })) as JsonObject
      expect(Object.keys(told).toSorted()).toEqual([
        'correlated',
        'kind',
        'magnitude',
        'summary',
        't0Ms',
        't1Ms',
      ])
      expect(told).toMatchObject({ t0Ms: anomaly.t0Ms, t1Ms: anomaly.t1Ms })
      const columns = (told['correlated'] as JsonObject[]).map((entry) => entry['column'])
      expect(columns).toContain('p50_ms')
      expect(told['summary']).toContain('p95_ms')
    }
  })

  it('finds the errors that came with the lost dependency', async () => {
    const lost = labels.faults.find((fault) => fault.kind === 'lostDependency')
    const { anomalies } = await detect({ series })
    const anomaly = anomalies.find(
      (a) => a.t0Ms <= (lost?.t1Ms ?? 0) && a.t1Ms >= (lost?.t0Ms ?? 0),
    )
    const told = (await call('analyst', 'explain', {
      anomaly: anomaly as JsonObject,
    })) as JsonObject
    expect((told['correlated'] as JsonObject[]).map((entry) => entry['column'])).toContain(
      'error_rate',
    )
  })

  it('explains from the anomaly alone when its source is no file or is gone', async () => {
    const anomaly = {
      t0Ms: 1_000,
      t1Ms: 4_000,
      kind: 'trend',
      score: 6,
      features: { magnitude: -9.5 },
    }
    for (const source of ['cpu of web-1', '/nowhere/gone.csv']) {
      const told = await call('analyst', 'explain', { anomaly: { ...anomaly, source }, index: '0' })
      expect(told).toMatchObject({
        kind: 'trend',
        magnitude: -9.5,
        t0Ms: 1_000,
        t1Ms: 4_000,
        correlated: [],
      })
    }
  })

  it('retracts as often as asked, also a call that never happened', async () => {
    for (const output of [null, { kind: 'spike' }, null]) {
      expect(await call('analyst', 'retract', { input: { anomaly: 1 }, output })).toEqual({
        retracted: true,
      })
    }
    expect(agents.get('analyst')?.contract('retract')?.effect).toBe('idempotent')
  })
})

const decide = async (type: string, input: JsonObject): Promise<JsonObject> =>
  (await call(type, 'decide', input)) as JsonObject

/** 0 for low up to 3 for critical. */
const rank = async (type: string, finding: JsonObject): Promise<number> => {
  const { severity } = await decide(type, { findings: [finding] })
  return ['low', 'medium', 'high', 'critical'].indexOf(severity as string)
}

describe('decide', () => {
  const everyone = ['observer', 'analyst', 'supervisor']

  it.each(everyone)('of the %s is low and sure when nothing was found', async (type) => {
    for (const findings of [[], null, [null, null], { anomalies: [], points: 900 }, 'none']) {
      expect(await decide(type, { findings })).toMatchObject({
        severity: 'low',
        action: 'record',
        confidence: 0.9,
      })
    }
    expect(await decide(type, {})).toMatchObject({ severity: 'low' })
  })

  it.each(everyone)('of the %s takes explanations as well as what detect answers', async (type) => {
    const found = await detect({ series })
    const explained = []
    for (const anomaly of found.anomalies)
      explained.push(await call('analyst', 'explain', { anomaly }))
    for (const findings of [found as unknown as JsonObject, found.anomalies, explained]) {
      const decision = await decide(type, { findings })
      expect(['high', 'critical']).toContain(decision['severity'])
      expect(decision['confidence']).toBeGreaterThanOrEqual(0.5)
      expect((decision['reason'] as string).length).toBeGreaterThan(10)
    }
  })

  const spike = { kind: 'spike', magnitude: 30, t0Ms: 0, t1Ms: 200, correlated: [], summary: '' }
  const shift = { ...spike, kind: 'levelShift', t1Ms: 60_000, correlated: [{}, {}, {}, {}] }

  it('differs by viewpoint: the observer minds the strength, the analyst what it is', async () => {
    expect(await rank('observer', spike)).toBe(await rank('observer', shift))
    expect(await rank('analyst', spike)).toBeLessThan(await rank('analyst', shift))
    expect(await rank('observer', spike)).toBeGreaterThan(await rank('analyst', spike))
  })

  it('lets the supervisor be moved by earlier decisions, as far as they were sure', async () => {
    const alone = await decide('supervisor', { findings: [spike] })
    const alarmed = { severity: 'critical', action: 'page', confidence: 1, reason: 'all is lost' }
    const decisions = [alarmed, alarmed, alarmed, 'nonsense']
    const urged = await decide('supervisor', { findings: [spike], decisions })
    expect(alone['severity']).not.toBe('critical')
    expect(urged['severity']).toBe('critical')
    const unsure = decisions.slice(0, 3).map(() => ({ ...alarmed, confidence: 0 }))
    expect((await decide('supervisor', { findings: [spike], decisions: unsure }))['severity']).toBe(
      alone['severity'],
    )
  })
})

describe('builtinAgents', () => {
  it('are an observer, an analyst and a supervisor that say what they do', () => {
    expect([...agents.keys()]).toEqual(['observer', 'analyst', 'supervisor'])
    for (const agent of agents.values()) {
      expect(agent.description).not.toBeNull()
      expect(agent.actions).toContain('decide')
      expect(agent.capabilities.length).toBeGreaterThan(0)
    }
  })

  it('can be extended by id and actions', () => {
    const greet = { effect: 'read', run: () => 'hello' } as const
    class MyObserver extends ObserverAgent {
      constructor() {
        super({ id: 'observer-eu', actions: { greet } })
      }
    }
    const mine = new MyObserver()
    expect(mine.id).toBe('observer-eu')
    expect(mine.actions).toEqual(['detect', 'decide', 'greet'])
    expect(new AnalystAgent()).toBeInstanceOf(AnalystAgent)
  })
})

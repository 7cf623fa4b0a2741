import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { WorkflowData } from '../workflow/index.ts'
import type { ShortAgents } from './agent-script.ts'
import { OrchestrationTestSuite } from './orchestration-test-suite.ts'
import { faultNames } from './simulation/fault-plan.ts'

const suite = new OrchestrationTestSuite()

function pay(step: object = {}): WorkflowData {
  return {
    name: 'pay',
    version: '1.0.0',
    steps: { charge: { agent: 'bank', action: 'charge', ...step } },
  }
}

const agents: ShortAgents = { bank: { charge: () => 'paid' } }

describe('testWorkflowResilience', () => {
  it('tries every fault at every place, crashes around each commit and inside each call', async () => {
    const report = await suite.testWorkflowResilience(pay(), { agents })
    expect(report.passed).toBe(true)
    expect(report.clean.output).toEqual({ charge: 'paid' })
    const counts = Object.fromEntries(report.faults.map((one) => [one.fault, one.executions]))
    expect(Object.keys(counts)).toEqual([...faultNames])
    // Two commits (start with attempt, result with end) and one call.
    expect(counts).toEqual({
      crash: 2 * 3 + 2,
      agentFailure: 2,
      agentHang: 2,
      slow: 2,
      duplicateDelivery: 1,
      clockJump: 2 * 2,
      diskFull: 2,
    })
    expect(report.faults.every(({ isExhaustive }) => isExhaustive)).toBe(true)
  })

  it('says at which place which fault is not stood, and how the workflow ended', async () => {
    const report = await suite.testWorkflowResilience(pay({ retry: { maxAttempts: 1 } }), {
      agents,
    })
    expect(report.passed).toBe(false)
    const failed = report.faults.filter(({ passed }) => !passed).map(({ fault }) => fault)
    expect(failed).toEqual(['agentFailure', 'agentHang', 'slow'])
    const [failure] = report.faults.filter(({ fault }) => fault === 'agentFailure')
    expect(failure?.details[0]).toBe(
      "call sim-0/charge/1#1 fails before its effect: it ends failed: AgentError: step 'charge' failed: injected failure",
    )
  })

  it('measures against what the author expects, and leaves out what cannot happen', async () => {
    const endless = pay({ timeout: undefined })
    const report = await suite.testWorkflowResilience(endless, {
      agents,
      faults: ['crash', 'duplicateDelivery'],
      expect: (run) => run.steps['charge']?.attempts === 2,
      runsPerFaultMax: 3,
    })
    expect(report.faults).toMatchObject([
      { fault: 'crash', passed: false, executions: 3, isExhaustive: false },
      { fault: 'duplicateDelivery', passed: false, executions: 1, isExhaustive: true },
    ])
  })

  it('finds an effect that happens twice when the process dies before its result is recorded', async () => {
    const report = await suite.testWorkflowResilience(pay(), {
      agents: { bank: { charge: { effect: 'once', run: () => 'paid', lookup: () => undefined } } },
      faults: ['crash'],
    })
    expect(report.faults[0]?.details).toEqual([
      'the process is killed before the commit of event 4 of execution 1: onceNotTwice sim-0/charge/1',
      'the process is killed inside call sim-0/charge/1#1, after its effect: onceNotTwice sim-0/charge/1',
    ])
  })

  it('refuses a workflow that fails without any fault of the process', async () => {
    const broken = pay({ with: { n: '${ input.missing }' } })
    const report = await suite.testWorkflowResilience(broken, { agents, faults: ['crash'] })
    expect([report.clean.status, report.passed]).toEqual(['failed', true])
    await expect(
      suite.testWorkflowResilience(pay(), { agents, properties: { never: () => false } }),
    ).rejects.toThrow('it fails without any fault: never it gave false')
  })
})

describe('runLoad', () => {
  it('starts executions by the clock and counts how they end', async () => {
    let count = 0
    const run = (): string => {
      if (++count % 10 === 0) throw Object.assign(new Error('declined'), { retryable: false })
      return 'paid'
    }
    const report = await suite.runLoad({
      arrivalsPerSecond: 500,
      durationMs: 200,
      document: pay(),
      agents: { bank: { charge: run } },
    })
    expect(report).toMatchObject({
      count: 100,
      completed: 90,
      failed: 10,
      refused: 0,
      unfinished: 0,
    })
    expect(report.throughputPerSecond).toBeGreaterThan(0)
  })

  it('lets a stall show in the latency of everything that arrived in it', async () => {
    const stallMs = 300
    let count = 0
    const run = (): void => {
      if (++count === 10) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, stallMs)
    }
    const report = await suite.runLoad({
      arrivalsPerSecond: 200,
      durationMs: 500,
      document: pay(),
      agents: { bank: { charge: run } },
    })
    // 60 of 100 arrive while nothing moves; half of them wait for at least half of it.
    expect(report.completed).toBe(100)
    expect(report.p90Ms).toBeGreaterThan(stallMs / 2)
    expect(report.maxMs).toBeGreaterThanOrEqual(stallMs - 10)
  })

  it('counts what does not end in time, with its latency so far', async () => {
    const report = await suite.runLoad({
      arrivalsPerSecond: 100,
      durationMs: 20,
      drainMs: 30,
      document: { name: 'waits', version: '1.0.0', steps: { a: { waitFor: { signal: 'never' } } } },
    })
    expect(report).toMatchObject({ count: 2, completed: 0, unfinished: 2, throughputPerSecond: 0 })
    expect(report.p50Ms).toBeGreaterThanOrEqual(20)
  })

  it('runs over a file, and tells the author of a start that can never succeed', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'load-'))
    try {
      const load = { arrivalsPerSecond: 100, durationMs: 50, agents, db: join(folder, 'aura.db') }
      const report = await suite.runLoad({ ...load, document: pay() })
      expect(report.completed).toBe(5)
      const strict = { ...pay(), input: { type: 'object', required: ['n'] } }
      await expect(suite.runLoad({ ...load, document: strict })).rejects.toMatchObject({
        code: 'InputError',
      })
      await expect(suite.runLoad({ ...load, document: pay(), durationMs: 0 })).rejects.toThrow(
        'over 0',
      )
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})

describe('benchmarkCoordinationPatterns', () => {
  it('measures the patterns of today by name', async () => {
    const rows = await suite.benchmarkCoordinationPatterns({ rounds: 3 })
    expect(rows.map(({ pattern, rounds }) => [pattern, rounds])).toEqual([
      ['pipeline', 3],
      ['fanOut', 3],
      ['consensus', 3],
      ['approval', 3],
    ])
    for (const { meanMs, maxMs } of rows) {
      expect(meanMs).toBeGreaterThan(0)
      expect(maxMs).toBeGreaterThanOrEqual(meanMs)
    }
  })

  it('takes more patterns by name, and says when one is unknown or does not complete', async () => {
    let calls = 0
    const patterns = { vote: { document: pay(), agents: { bank: { charge: () => ++calls } } } }
    const rows = await suite.benchmarkCoordinationPatterns({ rounds: 2, only: ['vote'], patterns })
    expect(rows.map(({ pattern }) => pattern)).toEqual(['vote'])
    expect(calls).toBe(5 + 2)
    await expect(suite.benchmarkCoordinationPatterns({ only: ['pipelin'] })).rejects.toMatchObject({
      code: 'UsageError',
      hint: "did you mean 'pipeline'?",
    })
    const failing = { vote: { document: pay({ with: { n: '${ input.n }' } }), agents } }
    await expect(
      suite.benchmarkCoordinationPatterns({ only: ['vote'], patterns: failing }),
    ).rejects.toThrow("pattern 'vote' ended failed")
  })
})

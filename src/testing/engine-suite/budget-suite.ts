import assert from 'node:assert/strict'
import type { JsonObject } from '../../core/json.ts'
import type { StepData } from '../../workflow/index.ts'
import { type EngineChecks, type EngineStage, probe } from '../engine-stage.ts'
import { deaf, final, held, passing } from '../scripted-agents.ts'

/** Within this time whoever waits for a budget of many processes has asked it again. */
const soonMs = 10_000

/** `think` declares 10 tokens and a cent as the most that it uses; `idea` the same, and may not happen twice. */
function think(rest: JsonObject = {}): StepData {
  return { agent: 'worker', action: 'think', ...rest }
}

/** Of the agent whose own budget is 25 tokens. */
function metered(rest: JsonObject = {}): StepData {
  return { agent: 'metered', action: 'think', ...rest }
}

function uses(stage: EngineStage, tokens: number): void {
  stage.script.run = (call) => {
    call.report({ tokens, costUsd: tokens / 1_000 })
    return null
  }
}

/** Budgets of tokens and dollars: of an execution, its tree, and an agent. */
export const budgetChecks: EngineChecks = {
  async 'what calls report is counted and shown'(stage) {
    stage.script.run = (call) => {
      call.report({ tokens: 3 })
      call.report({ tokens: 4, costUsd: 0.1 })
      call.report({ costUsd: 0.2 })
      return null
    }
    await stage.finish(probe({ a: think(), b: think() }), { executionId: 'x' })
    const { metrics } = await stage.show('x')
    assert.deepEqual([metrics.tokens, metrics.costUsd], [14, 0.6])
  },
  async 'a call that could exceed the budget is not made, and its fallback is'(stage) {
    uses(stage, 8)
    const steps = {
      a: think(),
      b: think({ needs: ['a'], fallback: { agent: 'backup', action: 'read' } }),
    }
    const run = await stage.finish(probe(steps, { budget: { tokens: 17 } }), { executionId: 'x' })
    assert.equal(run.status, 'completed')
    assert.match(run.steps['b']?.degraded?.because ?? '', /^BudgetExceededError: .*execution 'x'/)
    assert.deepEqual(
      stage.script.calls.map(({ agent }) => agent),
      ['worker', 'backup'],
    )
  },
  async 'a budget of money refuses for good, and says what is left'(stage) {
    uses(stage, 9)
    const steps = { a: think(), b: think({ needs: ['a'] }) }
    const run = await stage.finish(probe(steps, { budget: { costUsd: 0.018 } }))
    assert.equal(run.error?.code, 'BudgetExceededError')
    assert.equal(run.error?.retryable, false)
    assert.match(run.error?.message ?? '', /has 0\.009 costUsd left and the call may use 0\.01/)
    assert.equal(run.steps['b']?.attempts, 0)
  },
  async 'calls that run together never exceed it: who does not fit waits until it is known what they used'(
    stage,
  ) {
    stage.script.run = () => held
    const forEach = '[1, 2, 3, 4, 5]'
    await stage.begin(probe({ a: think({ forEach }) }, { budget: { tokens: 25 } }), {
      executionId: 'x',
    })
    assert.equal(stage.script.calls.length, 2)
    for (let made = 0; made < 5; made++) {
      stage.script.calls[made]?.report({ tokens: 3 })
      stage.script.calls[made]?.resolve(null)
      await stage.harness.advance(0)
    }
    assert.equal((await stage.ended('x')).status, 'completed')
    assert.equal((await stage.show('x')).metrics.tokens, 15)
    stage.releasedAll()
  },
  async 'when nobody is left who could give something back, it is exceeded'(stage) {
    stage.script.run = () => held
    const forEach = '[1, 2, 3]'
    await stage.begin(probe({ a: think({ forEach }) }, { budget: { tokens: 15 } }), {
      executionId: 'x',
    })
    stage.script.calls[0]?.report({ tokens: 6 })
    stage.script.calls[0]?.resolve(null)
    const run = await stage.ended('x')
    assert.equal(run.error?.code, 'BudgetExceededError')
    assert.equal(stage.script.calls.length, 1)
  },
  async 'an overrun is recorded, and nothing more starts'(stage) {
    uses(stage, 40)
    const steps = { a: think(), b: { agent: 'backup', action: 'read', needs: ['a'] } }
    const run = await stage.finish(probe(steps, { budget: { tokens: 30 } }), { executionId: 'x' })
    assert.equal(run.steps['a']?.status, 'completed')
    assert.match(run.error?.message ?? '', /was exceeded by 10 tokens/)
    assert.equal((await stage.show('x')).metrics.tokens, 40)
    assert.equal(stage.script.calls.length, 1)
  },
  async 'a failed attempt costs what it reported, one that timed out all that it had reserved'(
    stage,
  ) {
    stage.script.run = (call) => {
      call.report({ tokens: 2 })
      if (call.attempt === 1) throw passing()
      return call.attempt === 2 ? deaf : null
    }
    const retry = { maxAttempts: 3, initialInterval: '10ms', jitter: 0 }
    await stage.finish(probe({ a: think({ retry, timeout: '100ms' }) }), {
      executionId: 'x',
      forMs: 1_000,
    })
    assert.equal((await stage.show('x')).metrics.tokens, 2 + 10 + 2)
  },
  async 'a delivery lost in a crash counts as all that it had reserved, and the next reserves anew'(
    stage,
  ) {
    stage.script.run = () => held
    const document = probe({ a: think(), b: think({ needs: ['a'] }) }, { budget: { tokens: 25 } })
    await stage.begin(document, { executionId: 'x' })
    await stage.harness.restart()
    assert.equal(stage.script.calls.length, 2)
    stage.script.call('a').resolve(null)
    const run = await stage.ended('x').catch(() => null)
    assert.equal(run, null)
    stage.script.call('b').resolve(null)
    assert.equal((await stage.ended('x')).status, 'completed')
    assert.equal((await stage.show('x')).metrics.tokens, 10)
  },
  async 'a lost call counts in full although a lookup finds that it never came to its effect'(
    stage,
  ) {
    stage.script.run = () => held
    const idea = { agent: 'worker', action: 'idea' }
    await stage.begin(probe({ a: idea }), { executionId: 'x' })
    await stage.harness.restart()
    assert.deepEqual(stage.script.lookups, ['x/a/1'])
    stage.script.call('a').report({ tokens: 5 })
    stage.script.call('a').resolve(null)
    await stage.ended('x')
    assert.equal((await stage.show('x')).metrics.tokens, 10 + 5)
  },
  async 'a compensation is outside the budget, and what it used is shown'(stage) {
    stage.script.run = (call) => {
      if (call.stepId === 'b') throw final()
      call.report({ tokens: 8 })
      return null
    }
    const steps = {
      a: think({ compensate: { agent: 'worker', action: 'think' } }),
      b: think({ needs: ['a'] }),
    }
    const document = probe(steps, { budget: { tokens: 19 }, onFailure: 'compensate' })
    const run = await stage.finish(document, { executionId: 'x' })
    assert.equal(run.steps['a']?.status, 'compensated')
    assert.equal((await stage.show('x')).metrics.tokens, 16)
  },
  async 'who waits for the budget of a paused execution does not start before it is resumed'(
    stage,
  ) {
    stage.script.run = () => held
    const document = probe({ a: think(), b: think() }, { budget: { tokens: 15 } })
    await stage.begin(document, { executionId: 'x' })
    await stage.now(stage.engine.pauseWorkflow('x'))
    stage.script.call('a').report({ tokens: 2 })
    stage.script.call('a').resolve(null)
    await stage.harness.advance(0)
    assert.deepEqual(stage.script.keys, ['x/a/1'])
    await stage.now(stage.engine.resumeWorkflow('x'))
    assert.deepEqual(stage.script.keys, ['x/a/1', 'x/b/1'])
    stage.script.call('b').resolve(null)
    assert.equal((await stage.ended('x')).status, 'completed')
    stage.releasedAll()
  },
  async 'a sub-workflow spends the budget of its parent, also while both run'(stage) {
    stage.script.run = () => held
    const child = { ...probe({ c: think() }), name: 'child' }
    const steps = { own: think(), sub: { workflow: { name: 'child' } } }
    const document = probe(steps, { budget: { tokens: 15 } })
    await stage.begin(document, { executionId: 'x', workflows: [child] })
    assert.equal(stage.script.calls.length, 1)
    stage.script.calls[0]?.report({ tokens: 5 })
    stage.script.calls[0]?.resolve(null)
    await stage.harness.advance(0)
    assert.equal(stage.script.calls.length, 2)
    stage.script.calls[1]?.report({ tokens: 7 })
    stage.script.calls[1]?.resolve(null)
    assert.equal((await stage.ended('x')).status, 'completed')
    assert.equal((await stage.show('x')).metrics.tokens, 12)
  },
  async 'the budget of an agent holds over all executions and over a crash'(stage) {
    stage.script.run = () => held
    for (const executionId of ['x', 'y', 'z'])
      await stage.begin(probe({ a: metered() }), { executionId })
    assert.deepEqual(stage.script.keys, ['x/a/1', 'y/a/1'])
    await stage.harness.restart()
    // Two lost deliveries count in full: nothing is left for a third.
    for (const id of ['x', 'y', 'z'])
      assert.equal((await stage.ended(id, soonMs)).error?.code, 'BudgetExceededError')
    const { error } = await stage.ended('x')
    assert.match(error?.message ?? '', /budget of agent 'metered' has 5 tokens left/)
    assert.equal(stage.script.calls.length, 2)
    stage.releasedAll()
  },
  async 'who waits for the budget of an agent follows when another execution has used less'(stage) {
    stage.script.run = () => held
    for (const executionId of ['x', 'y', 'z'])
      await stage.begin(probe({ a: metered() }), { executionId })
    stage.script.calls[0]?.report({ tokens: 1 })
    stage.script.calls[0]?.resolve(null)
    await stage.harness.advance(soonMs)
    assert.deepEqual(stage.script.keys, ['x/a/1', 'y/a/1', 'z/a/1'])
  },
  async 'who waits for a budget is paused, resumed and cancelled like any other'(stage) {
    stage.script.run = () => held
    for (const executionId of ['x', 'y', 'z', 'u'])
      await stage.begin(probe({ a: metered() }), { executionId })
    await stage.now(stage.engine.pauseWorkflow('z'))
    await stage.now(stage.engine.resumeWorkflow('z'))
    await stage.now(stage.engine.cancelWorkflow('u'))
    for (const made of [0, 1]) stage.script.calls[made]?.resolve(null)
    await stage.harness.advance(soonMs)
    assert.deepEqual(stage.script.keys, ['x/a/1', 'y/a/1', 'z/a/1'])
    stage.script.calls[2]?.resolve(null)
    assert.equal((await stage.ended('z')).status, 'completed')
    stage.releasedAll()
  },
}

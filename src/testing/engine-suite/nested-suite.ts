import assert from 'node:assert/strict'
import type { JsonObject, JsonValue } from '../../core/json.ts'
import type { StepData } from '../../workflow/index.ts'
import { call, type EngineChecks, type EngineStage, probe } from '../engine-stage.ts'
import { final, held, passing, type SeenCall } from '../scripted-agents.ts'

const patient = { maxAttempts: 3, initialInterval: '1ms', jitter: 0 } as const
const outer = (rest: JsonObject = {}): StepData => call('read', rest)

/** Step `a` calls `backup`, as `asks` has it, and `answers` is what that one does. */
function scripted(
  stage: EngineStage,
  asks: (outer: SeenCall) => unknown,
  answers: (inner: SeenCall) => unknown,
): void {
  stage.script.run = (seen) => (seen.agent === 'backup' ? answers(seen) : asks(seen))
}

const paying = (seen: SeenCall): Promise<JsonValue> => seen.call('backup', 'pay', { amount: 5 })
const made = (stage: EngineStage): number =>
  stage.script.calls.filter(({ agent }) => agent === 'backup').length

/** Calls that agents make inside their calls. */
export const nestedChecks: EngineChecks = {
  async 'a call inside a call gives its output to the outer one, under a key of its own'(stage) {
    scripted(stage, paying, ({ input }) => ({ paid: input }))
    const run = await stage.finish(probe({ a: outer() }), { executionId: 'x' })
    assert.deepEqual(run.steps['a']?.output, { paid: { amount: 5 } })
    assert.deepEqual(stage.script.keys, ['x/a/1', 'x/a/1/c1'])
    const inner = await stage.show('x.a.1.c1')
    assert.deepEqual([inner.workflow, inner.status], ['direct-call', 'completed'])
    stage.releasedAll()
  },
  async 'it is made once, although the outer call is tried again'(stage) {
    let tries = 0
    const asks = async (seen: SeenCall): Promise<JsonValue> => {
      const receipt = await paying(seen)
      if (++tries < 3) throw passing('the printer is out of paper')
      return receipt
    }
    scripted(stage, asks, () => ({ receipt: made(stage) }))
    const run = await stage.finish(probe({ a: outer({ retry: patient }) }), { forMs: 100 })
    assert.deepEqual(run.steps['a']?.output, { receipt: 1 })
    assert.deepEqual([tries, made(stage)], [3, 1])
  },
  async 'it is made once, although the process dies before the outer call has ended'(stage) {
    let outerCalls = 0
    const asks = async (seen: SeenCall): Promise<unknown> => {
      const receipt = await paying(seen)
      return ++outerCalls === 1 ? new Promise(() => {}) : receipt
    }
    scripted(stage, asks, () => ({ receipt: made(stage) }))
    await stage.begin(probe({ a: outer() }), { executionId: 'x' })
    assert.deepEqual([outerCalls, made(stage)], [1, 1])
    await stage.harness.restart()
    const run = await stage.ended('x')
    assert.deepEqual(run.steps['a']?.output, { receipt: 1 })
    assert.deepEqual([outerCalls, made(stage)], [2, 1])
  },
  async 'one under way when the process dies goes on, and the outer call gets its output'(stage) {
    scripted(
      stage,
      (seen) => seen.call('backup', 'write', {}),
      () => (made(stage) === 1 ? held : 'written'),
    )
    await stage.begin(probe({ a: outer() }), { executionId: 'x' })
    assert.equal(made(stage), 1)
    await stage.harness.restart()
    const run = await stage.ended('x')
    assert.equal(run.steps['a']?.output, 'written')
    assert.deepEqual(new Set(stage.script.keys), new Set(['x/a/1', 'x/a/1/c1']))
  },
  async 'what it used is counted with the outer call, once'(stage) {
    let tries = 0
    const asks = async (seen: SeenCall): Promise<null> => {
      seen.report({ tokens: 5 })
      await seen.call('backup', 'think', {})
      if (++tries === 1) throw passing('again')
      return null
    }
    scripted(stage, asks, (inner) => inner.report({ tokens: 8 }))
    const document = probe({ a: outer({ retry: patient }) })
    await stage.finish(document, { executionId: 'x', forMs: 100 })
    assert.equal((await stage.show('x')).metrics.tokens, 18)
  },
  async 'one that failed is made again with the outer call, and counted again'(stage) {
    const asks = async (seen: SeenCall): Promise<unknown> => {
      try {
        return await seen.call('backup', 'think', {})
      } catch {
        throw passing('the inner call failed')
      }
    }
    scripted(stage, asks, (inner) => {
      inner.report({ tokens: 8 })
      if (made(stage) === 1) throw final()
      return 'yes'
    })
    const document = probe({ a: outer({ retry: patient }) })
    const run = await stage.finish(document, { executionId: 'x', forMs: 100 })
    assert.equal(run.steps['a']?.output, 'yes')
    assert.equal((await stage.show('x')).metrics.tokens, 16)
  },
  async 'its error is the error of the outer call that does not catch it'(stage) {
    const failing = (): never => {
      throw final('no funds')
    }
    scripted(stage, paying, failing)
    const run = await stage.finish(probe({ a: outer() }))
    assert.deepEqual([run.status, run.error?.code], ['failed', 'AgentError'])
    assert.match(run.error?.message ?? '', /no funds/)
  },
  async 'it never waits for a place that its own chain holds'(stage) {
    stage.script.run = (seen) => {
      const { depth } = seen.input as { readonly depth: number }
      return depth === 0 ? 'bottom' : seen.call('narrow', 'read', { depth: depth - 1 })
    }
    const step = { agent: 'narrow', action: 'read', with: { depth: 2 } }
    const run = await stage.finish(probe({ a: step }))
    assert.equal(run.steps['a']?.output, 'bottom')
    stage.releasedAll()
  },
  async 'an agent that calls itself without end fails, and is told of the chain'(stage) {
    stage.script.run = (seen) => seen.call('worker', 'read', {})
    const run = await stage.finish(probe({ a: outer() }))
    assert.equal(run.error?.code, 'RefusedError')
    assert.match(run.error?.message ?? '', /callDepthMax \(16\): worker → worker/)
    assert.equal(stage.script.calls.length, 17)
  },
  async 'an outer call that asks something else when it is made again is refused'(stage) {
    let amount = 5
    const asks = async (seen: SeenCall): Promise<void> => {
      await seen.call('backup', 'pay', { amount })
      amount++
      throw passing('after the inner call')
    }
    scripted(stage, asks, () => null)
    const run = await stage.finish(probe({ a: outer({ retry: patient }) }), { forMs: 100 })
    assert.equal(run.error?.code, 'UsageError')
    assert.match(run.error?.message ?? '', /backup\.pay inside '.*' was begun with another input/)
    assert.equal(made(stage), 1)
  },
  async 'a cancel of the execution reaches it'(stage) {
    scripted(
      stage,
      (seen) => seen.call('backup', 'read', {}),
      () => held,
    )
    await stage.begin(probe({ a: outer() }), { executionId: 'x' })
    await stage.now(stage.engine.cancelWorkflow('x'))
    assert.equal((await stage.ended('x')).status, 'cancelled')
    assert.equal(stage.script.calls.at(-1)?.signal.aborted, true)
    assert.equal(await stage.status('x.a.1.c1'), 'cancelled')
    stage.releasedAll()
  },
  async 'of one that nobody knows whether it happened, the outer call is as uncertain'(stage) {
    scripted(stage, paying, () => held)
    const document = probe({ a: { agent: 'worker', action: 'pay' } })
    await stage.begin(document, { executionId: 'x' })
    await stage.harness.restart()
    for (const [id, step] of [
      ['x.a.1.c1', 'call'],
      ['x', 'a'],
    ] as const)
      assert.equal((await stage.show(id)).steps[step]?.status, 'uncertain')
  },
}

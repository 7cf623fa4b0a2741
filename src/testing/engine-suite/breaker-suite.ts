import assert from 'node:assert/strict'
import type { StepData } from '../../workflow/index.ts'
import { type EngineChecks, type EngineStage, probe } from '../engine-stage.ts'
import { final, held, passing } from '../scripted-agents.ts'

/** `fragile` has a breaker that opens after two failures and lets one call through after 10 s. */
function fragile(rest: Partial<StepData> = {}): StepData {
  return { agent: 'fragile', action: 'read', ...rest } as StepData
}
const once = { maxAttempts: 1 }
const patient = { maxAttempts: 3, initialInterval: '100ms', jitter: 0 } as const

/** Two executions fail, and the breaker is open. */
async function open(stage: EngineStage): Promise<void> {
  stage.script.run = ({ agent }) => {
    if (agent === 'fragile') throw passing('down')
    return null
  }
  const document = probe({ a: fragile({ retry: once }) })
  for (const executionId of ['f1', 'f2']) await stage.finish(document, { executionId })
  assert.equal(stage.script.calls.length, 2)
}

/** The circuit breaker in front of an agent. */
export const breakerChecks: EngineChecks = {
  async 'a call that an open breaker refuses is no attempt, and is made when the agent is tried again'(
    stage,
  ) {
    await open(stage)
    stage.script.run = () => 'up'
    await stage.begin(probe({ a: fragile({ retry: patient }) }), { executionId: 'x' })
    assert.equal(stage.script.calls.length, 2)
    assert.equal(await stage.status('x'), 'waiting')
    const { errorLog, steps } = await stage.show('x')
    assert.equal(steps['a']?.attempts, 0)
    assert.deepEqual(
      errorLog.map(({ code }) => code),
      ['AgentCommunicationError'],
    )
    const run = await stage.ended('x', 10_000)
    assert.equal(run.steps['a']?.attempts, 1)
    assert.equal(run.steps['a']?.output, 'up')
  },
  async 'a fallback takes over at once while the breaker is open'(stage) {
    await open(stage)
    const fallback = { agent: 'backup', action: 'read' }
    const run = await stage.finish(probe({ a: fragile({ fallback }) }))
    assert.equal(run.status, 'completed')
    assert.match(run.steps['a']?.degraded?.because ?? '', /^AgentCommunicationError: .*breaker/)
    assert.equal(stage.script.calls.at(-1)?.agent, 'backup')
  },
  async 'a call that is refused as often as it may be tried fails, and its agent was not called'(
    stage,
  ) {
    await open(stage)
    const run = await stage.finish(probe({ a: fragile({ retry: once }) }))
    assert.equal(run.error?.code, 'AgentCommunicationError')
    assert.equal(run.steps['a']?.attempts, 0)
    assert.equal(stage.script.calls.length, 2)
  },
  async 'one call tries the agent out, the others wait for it and follow when it succeeds'(stage) {
    await open(stage)
    await stage.harness.advance(10_000)
    stage.script.run = () => held
    const document = probe({ a: fragile() })
    for (const executionId of ['x', 'y', 'z']) await stage.begin(document, { executionId })
    assert.deepEqual(stage.script.keys.slice(2), ['x/a/1'])
    stage.script.call('a').resolve(null)
    await stage.harness.advance(0)
    assert.deepEqual(stage.script.keys.slice(2), ['x/a/1', 'y/a/1', 'z/a/1'])
  },
  async 'who waits while the agent is tried out is refused when that fails'(stage) {
    await open(stage)
    await stage.harness.advance(10_000)
    stage.script.run = () => held
    const document = probe({ a: fragile({ retry: patient }) })
    for (const executionId of ['x', 'y']) await stage.begin(document, { executionId })
    stage.script.call('a').reject(passing('down'))
    await stage.harness.advance(0)
    assert.deepEqual(stage.script.keys.slice(2), ['x/a/1'])
    assert.equal(await stage.status('y'), 'waiting')
  },
  async 'an agent that refuses for good is not taken for a sick one'(stage) {
    stage.script.run = () => {
      throw final('no')
    }
    const document = probe({ a: fragile({ continueOnFailure: true }) })
    for (const executionId of ['f1', 'f2', 'f3']) await stage.finish(document, { executionId })
    assert.equal(stage.script.calls.length, 3)
  },
  async 'a new process begins with closed breakers, and what was refused asks when it said'(stage) {
    await open(stage)
    stage.script.run = () => 'up'
    await stage.begin(probe({ a: fragile({ retry: patient }) }), { executionId: 'x' })
    await stage.harness.restart()
    const other = await stage.finish(probe({ a: fragile() }))
    assert.equal(other.status, 'completed')
    assert.equal((await stage.ended('x', 10_000)).status, 'completed')
  },
}

import assert from 'node:assert/strict'
import { call, type EngineChecks, probe } from '../engine-stage.ts'
import { deaf, held, passing } from '../scripted-agents.ts'
import { beginParent, kid, kidWith, runsKid } from './children-scenes.ts'
import { done } from './undo-scenes.ts'

/** Children while they run: verbs, timeouts, budgets and crashes. */
export const childrenInFlightChecks: EngineChecks = {
  async 'a child is shown while it runs'(stage) {
    stage.script.run = () => held
    await beginParent(stage, kid)
    const [parent, child] = [await stage.show('p'), await stage.show('p.page')]
    assert.deepEqual([parent.status, parent.steps['page']?.status], ['running', 'running'])
    assert.deepEqual(
      [child.executionId, child.workflow, child.status, child.currentSteps],
      ['p.page', 'kid', 'running', ['k1']],
    )
  },
  async 'pause and resume go down to every child'(stage) {
    stage.script.run = () => held
    const grand = { ...kid, name: 'grand' }
    const middle = kidWith({ m: call('write'), deep: { workflow: { name: 'grand' } } })
    await stage.begin(probe({ page: runsKid() }), {
      executionId: 'p',
      workflows: [middle, grand],
    })
    assert.equal(await stage.now(stage.engine.pauseWorkflow('p')), true)
    for (const id of ['p', 'p.page', 'p.page.deep']) assert.equal(await stage.status(id), 'paused')
    stage.script.call('k1').resolve({ v: 1 })
    stage.script.call('m').resolve(null)
    await stage.harness.advance(60_000)
    assert.equal(stage.script.count('k2'), 0)
    assert.equal(await stage.now(stage.engine.resumeWorkflow('p')), true)
    stage.script.call('k2').resolve(null)
    assert.equal((await stage.ended('p')).status, 'completed')
  },
  async 'a child does not start while its parent is paused'(stage) {
    await beginParent(stage, kid, {
      page: { needs: ['wait'] },
      steps: { wait: { waitFor: { signal: 'go' } } },
    })
    await stage.now(stage.engine.pauseWorkflow('p'))
    await stage.now(stage.engine.signal('p', 'go', null))
    assert.equal(stage.script.calls.length, 0)
    await stage.now(stage.engine.resumeWorkflow('p'))
    assert.equal((await stage.ended('p')).status, 'completed')
  },
  async 'cancel goes down to every child and gives everything back'(stage) {
    stage.script.run = () => held
    const grand = { ...kid, name: 'grand' }
    const middle = kidWith({ m: { sleep: '1h' }, deep: { workflow: { name: 'grand' } } })
    await stage.begin(probe({ page: runsKid({ forEach: '[0, 1]' }) }), {
      executionId: 'p',
      workflows: [middle, grand],
    })
    assert.equal(await stage.now(stage.engine.cancelWorkflow('p')), true)
    assert.equal((await stage.ended('p')).status, 'cancelled')
    for (const id of ['p.page.0', 'p.page.1', 'p.page.0.deep', 'p.page.1.deep'])
      assert.equal(await stage.status(id), 'cancelled')
    assert.ok(stage.script.calls.every(({ signal }) => signal.aborted))
    stage.releasedAll()
  },
  async 'a child that is cancelled by itself fails the step of its parent'(stage) {
    stage.script.run = () => held
    await beginParent(stage, kid)
    assert.equal(await stage.now(stage.engine.cancelWorkflow('p.page')), true)
    const run = await stage.ended('p')
    assert.deepEqual([run.status, run.steps['page']?.status], ['failed', 'failed'])
    assert.equal(await stage.status('p.page'), 'cancelled')
    stage.releasedAll()
  },
  async 'a signal reaches a child by its id'(stage) {
    const waits = kidWith({ w: { waitFor: { signal: 'go' } } })
    await beginParent(stage, waits)
    await stage.now(stage.engine.signal('p.page', 'go', 5))
    assert.deepEqual((await stage.ended('p')).output, { page: { w: 5 } })
  },
  async 'an uncertain step of a child holds the parent until resolve'(stage) {
    stage.script.run = ({ action }) => {
      if (action === 'pay') throw passing('connection lost')
      return null
    }
    await beginParent(stage, kidWith({ pay: call('pay') }))
    await stage.harness.advance(60_000)
    assert.equal((await stage.show('p.page')).steps['pay']?.status, 'uncertain')
    assert.equal((await stage.show('p')).steps['page']?.output, null)
    await stage.now(stage.engine.resolve('p.page', 'pay', { kind: 'succeed', output: 'paid' }))
    assert.deepEqual((await stage.ended('p')).output, { page: { pay: 'paid' } })
  },
  async 'children spend the budget of their parent'(stage) {
    await beginParent(stage, kid, {
      steps: { last: call('read', { needs: ['page'] }) },
      rest: { budget: { agentCalls: 2 } },
    })
    const run = await stage.ended('p')
    assert.equal(run.steps['page']?.status, 'completed')
    assert.equal(run.error?.code, 'BudgetExceededError')
    assert.deepEqual(
      stage.script.calls.map(({ agentCallsLeft }) => agentCallsLeft),
      [1, 0],
    )
  },
  async 'a call of a child that the budget of the parent refuses fails the child'(stage) {
    await beginParent(stage, kid, {
      page: { needs: ['first'] },
      steps: { first: call('read') },
      rest: { budget: { agentCalls: 2 } },
    })
    const run = await stage.ended('p')
    assert.deepEqual([run.status, done(stage)], ['failed', ['p/first/1', 'p.page/k1/1']])
    assert.match(JSON.stringify(run.steps['page']?.error), /BudgetExceededError|budget/)
    assert.equal((await stage.ended('p.page')).error?.code, 'BudgetExceededError')
  },
  async 'items do not overspend the budget of their parent, also over a crash'(stage) {
    stage.script.run = ({ stepId }) => (stepId === 'k2' ? held : null)
    await beginParent(stage, kid, {
      page: { forEach: '[0, 1, 2]' },
      rest: { budget: { agentCalls: 5 } },
    })
    stage.script.run = () => null
    await stage.harness.restart()
    assert.equal((await stage.ended('p')).status, 'failed')
    assert.equal(new Set(stage.script.keys).size, 5)
  },
  async 'the timeout of a workflow step cancels its child'(stage) {
    stage.script.run = () => held
    await beginParent(stage, kid, { page: { timeout: '10s' } })
    await stage.harness.advance(9_999)
    assert.equal(await stage.status('p.page'), 'running')
    const run = await stage.ended('p', 31_000)
    assert.equal(run.status, 'failed')
    assert.equal((run.steps['page']?.error as { code?: string })?.code, 'WorkflowTimeoutError')
    assert.equal(await stage.status('p.page'), 'cancelled')
    assert.equal(stage.script.call('k1').signal.aborted, true)
    stage.releasedAll()
  },
  async 'the execution timeout of the parent ends its children'(stage) {
    stage.script.run = () => held
    await beginParent(stage, kid, { rest: { timeout: '10s' } })
    const run = await stage.ended('p', 41_000)
    assert.equal(run.error?.code, 'WorkflowTimeoutError')
    assert.ok(['cancelled', 'failed'].includes(await stage.status('p.page')))
    assert.equal(stage.script.call('k1').signal.aborted, true)
    stage.releasedAll()
  },
  async 'a crash while a child runs goes on with that child'(stage) {
    stage.script.run = ({ stepId }) => (stepId === 'k2' ? held : { v: 1 })
    await beginParent(stage, kid, { steps: { last: call('read', { needs: ['page'] }) } })
    stage.script.run = ({ stepId }) => (stepId === 'last' ? held : null)
    await stage.harness.restart()
    stage.script.run = () => 'end'
    await stage.harness.restart()
    assert.deepEqual((await stage.ended('p')).output, { last: 'end' })
    assert.deepEqual(done(stage), [
      'p.page/k1/1',
      'p.page/k2/1',
      'p.page/k2/1',
      'p/last/1',
      'p/last/1',
    ])
  },
  async 'a crash while children wait loses none of them'(stage) {
    const waits = kidWith({ nap: { sleep: '1h' }, w: { waitFor: { signal: 'go' } } })
    await beginParent(stage, waits, { page: { forEach: '[0, 1]' } })
    await stage.harness.restart({ downMs: 60_000 })
    for (const index of [0, 1]) await stage.now(stage.engine.signal(`p.page.${index}`, 'go', index))
    await stage.harness.restart()
    const run = await stage.ended('p', 3_600_000)
    assert.deepEqual(run.output, {
      page: [
        { nap: null, w: 0 },
        { nap: null, w: 1 },
      ],
    })
  },
  async 'a child that ended while nobody drove its parent is taken over'(stage) {
    await beginParent(stage, kidWith({ w: { waitFor: { signal: 'go' } } }))
    await stage.harness.restart({ isRecovering: false })
    await stage.now(stage.engine.signal('p.page', 'go', 'data'))
    await stage.harness.restart()
    assert.deepEqual((await stage.ended('p')).output, { page: { w: 'data' } })
  },
  async 'a cancel that was accepted before a crash reaches the children after it'(stage) {
    stage.script.run = () => deaf
    await beginParent(stage, kid)
    assert.equal(await stage.now(stage.engine.cancelWorkflow('p')), true)
    assert.equal(await stage.status('p.page'), 'running')
    await stage.harness.restart()
    assert.equal((await stage.ended('p', 31_000)).status, 'cancelled')
    assert.equal(await stage.status('p.page'), 'cancelled')
    stage.releasedAll()
  },
}

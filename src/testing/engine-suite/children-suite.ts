import assert from 'node:assert/strict'
import type { WorkflowData } from '../../workflow/index.ts'
import { call, type EngineChecks, probe } from '../engine-stage.ts'
import { final } from '../scripted-agents.ts'
import { childrenInFlightChecks } from './children-in-flight-suite.ts'
import { childrenUndoChecks } from './children-undo-suite.ts'
import { beginParent, kid, kidWith, runsKid, versionOfKid } from './children-scenes.ts'
import { done, letters } from './undo-scenes.ts'

/** Which workflow a step runs, under which id, and what comes back. */
const childrenResolvedChecks: EngineChecks = {
  async 'a workflow step runs a child under its own id, and its output is that of the child'(
    stage,
  ) {
    const parent = probe({
      first: call('read', { with: { n: 7 } }),
      page: runsKid(
        { needs: ['first'], outputs: { got: '${ output.v }' } },
        { input: { v: '${ steps.first.output.n }' } },
      ),
      last: call('read', { needs: ['page'], with: { page: '${ steps.page.output }' } }),
    })
    const run = await stage.finish(parent, { executionId: 'p', workflows: [kid] })
    assert.deepEqual([run.status, run.output], ['completed', { last: { page: { got: 7 } } }])
    assert.deepEqual(stage.script.keys, ['p/first/1', 'p.page/k1/1', 'p.page/k2/1', 'p/last/1'])
    const child = await stage.ended('p.page')
    assert.deepEqual(
      [child.workflow, child.version, child.status, child.output],
      ['kid', '1.0.0', 'completed', { kid: '1.0.0', v: 7 }],
    )
    stage.releasedAll()
  },
  async 'items have a child each, under their index'(stage) {
    const parent = probe({
      page: runsKid({ forEach: '[5, 6, 7]', maxParallel: 2 }, { input: { v: '${ item }' } }),
    })
    const run = await stage.finish(parent, { executionId: 'p', workflows: [kid] })
    const output = (v: number) => ({ kid: '1.0.0', v })
    assert.deepEqual(run.output, { page: [output(5), output(6), output(7)] })
    for (const index of [0, 1, 2]) {
      const child = await stage.ended(`p.page.${index}`)
      assert.deepEqual([child.status, child.output], ['completed', output(5 + index)])
    }
    await stage.refused(stage.engine.getExecution('p.page'), 'NotFoundError')
  },
  async 'a child has items and children of its own'(stage) {
    const grand: WorkflowData = { ...kid, name: 'grand' }
    const middle = kidWith({
      each: call('write', { forEach: '[1, 2]' }),
      deep: { needs: ['each'], workflow: { name: 'grand', version: '*' } },
    })
    const parent = probe({ page: runsKid() })
    const run = await stage.finish(parent, { executionId: 'p', workflows: [middle, grand] })
    assert.equal(run.status, 'completed')
    assert.deepEqual(done(stage), [
      'p.page/each[0]/1',
      'p.page/each[1]/1',
      'p.page.deep/k1/1',
      'p.page.deep/k2/1',
    ])
  },
  async 'the highest version that matches is taken, of the registry and of those handed in'(stage) {
    for (const version of ['1.0.0', '1.10.0', '2.0.0', '3.0.0-beta.1'])
      await stage.now(stage.engine.registerWorkflow(versionOfKid(version)))
    const handedIn = [versionOfKid('1.9.0'), versionOfKid('2.1.0')]
    for (const [range, version] of [
      ['1', '1.10.0'],
      ['~1.9', '1.9.0'],
      ['^2.0.0', '2.1.0'],
      ['1.0.0', '1.0.0'],
      ['>=1 <2', '1.10.0'],
      ['*', '2.1.0'],
    ] as const) {
      const parent = probe({ page: runsKid({}, { version: range }) })
      const run = await stage.finish(parent, { workflows: handedIn })
      assert.deepEqual((run.output as { page: { kid: string } }).page.kid, version, range)
    }
  },
  async 'a workflow that was started before is known'(stage) {
    await stage.finish(versionOfKid('1.3.0'))
    await stage.harness.restart()
    const run = await stage.finish(probe({ page: runsKid() }))
    assert.equal((run.output as { page: { kid: string } }).page.kid, '1.3.0')
  },
  async 'versions are those of the start, for the whole tree, also after a crash'(stage) {
    const grand = (version: string): WorkflowData => ({ ...versionOfKid(version), name: 'grand' })
    const middle = kidWith(
      {
        wait: { waitFor: { signal: 'go' } },
        deep: { needs: ['wait'], workflow: { name: 'grand', version: '1' } },
      },
      { output: '${ steps.deep.output }' },
    )
    await stage.now(stage.engine.registerWorkflow(grand('1.0.0')))
    await stage.now(stage.engine.registerWorkflow(middle))
    await stage.begin(
      probe({ wait: { waitFor: { signal: 'go' } }, page: runsKid({ needs: ['wait'] }) }),
      { executionId: 'p' },
    )
    await stage.now(stage.engine.registerWorkflow({ ...middle, version: '1.5.0', output: 'new' }))
    await stage.now(stage.engine.registerWorkflow(grand('1.5.0')))
    await stage.harness.restart()
    await stage.now(stage.engine.signal('p', 'go', null))
    assert.equal((await stage.show('p.page')).version, '1.0.0')
    await stage.harness.restart()
    await stage.now(stage.engine.signal('p.page', 'go', null))
    assert.deepEqual((await stage.ended('p')).output, { page: { kid: '1.0.0', v: null } })
  },
  async 'the same start attaches, whatever versions have come since'(stage) {
    const begun = { executionId: 'p', workflows: [kid] }
    const parent = probe({ wait: { waitFor: { signal: 'go' } }, page: runsKid() })
    await stage.begin(parent, begun)
    await stage.now(stage.engine.registerWorkflow(versionOfKid('1.8.0')))
    await stage.begin(parent, { executionId: 'p', workflows: [versionOfKid('1.9.0')] })
    await stage.now(stage.engine.signal('p', 'go', null))
    const run = await stage.finish(parent, { executionId: 'p' })
    assert.deepEqual(run.steps['page']?.output, { kid: '1.0.0', v: null })
  },
  async 'a workflow that nobody knows is a problem of the document, with the nearest name'(stage) {
    const parent = probe({ page: { workflow: { name: 'kidd', version: '1' } } })
    const error = await stage.refused(
      stage.engine.startWorkflow('probe', parent, { executionId: 'p', workflows: [kid] }),
      'DocumentError',
    )
    assert.match(JSON.stringify(error), /kidd/)
    assert.match(JSON.stringify(error), /'kid'|\bkid\b/)
    await stage.refused(stage.engine.getExecution('p'), 'NotFoundError')
  },
  async 'a version that nobody has is one too, also deep in the tree, and all are told at once'(
    stage,
  ) {
    const middle = kidWith({
      deep: { workflow: { name: 'gone', version: '1' } },
    })
    const parent = probe({
      page: runsKid(),
      none: { workflow: { name: 'kid', version: '^9' } },
    })
    const error = await stage.refused(
      stage.engine.startWorkflow('probe', parent, { executionId: 'p', workflows: [middle] }),
      'DocumentError',
    )
    assert.match(JSON.stringify(error), /gone/)
    assert.match(JSON.stringify(error), /\^9/)
    await stage.refused(stage.engine.getExecution('p'), 'NotFoundError')
  },
  async 'an input that the child refuses fails the step at once, and no child is there'(stage) {
    const strict = {
      ...kid,
      input: { type: 'object', required: ['v'], properties: { v: { type: 'integer' } } },
    }
    const parent = probe({
      page: runsKid(
        { retry: { maxAttempts: 3, initialInterval: '1s' } },
        { input: { v: '${ input.v }' } },
      ),
    })
    const run = await stage.finish(parent, {
      executionId: 'p',
      input: { v: 'text' },
      workflows: [strict],
    })
    assert.equal(run.status, 'failed')
    assert.equal((run.steps['page']?.error as { code?: string })?.code, 'InputError')
    assert.equal(stage.script.calls.length, 0)
    await stage.refused(stage.engine.getExecution('p.page'), 'NotFoundError')
  },
  async "defaults of the child's input are applied"(stage) {
    const input = { type: 'object', properties: { v: { type: 'integer', default: 5 } } }
    const run = await stage.finish(probe({ page: runsKid() }), { workflows: [{ ...kid, input }] })
    assert.deepEqual(run.output, { page: { kid: '1.0.0', v: 5 } })
  },
  async 'a child that fails fails the step, with what failed in it'(stage) {
    stage.script.run = ({ stepId }) => {
      if (stepId === 'k2') throw final('broken')
      return null
    }
    await beginParent(stage, kid, { steps: { next: call('read', { needs: ['page'] }) } })
    const run = await stage.ended('p')
    assert.equal(run.status, 'failed')
    assert.match(JSON.stringify(run.steps['page']?.error), /broken/)
    assert.match(JSON.stringify(run.steps['page']?.error), /p\.page/)
    assert.match(run.error?.message ?? '', /page/)
    assert.equal((await stage.ended('p.page')).status, 'failed')
    assert.deepEqual((await letters(stage)).toSorted(), ['p', 'p.page'])
  },
  async 'without a retry of its own a workflow step has one attempt'(stage) {
    stage.script.run = () => {
      throw final()
    }
    await beginParent(stage, kid, { rest: { retry: { maxAttempts: 5, initialInterval: '1s' } } })
    const run = await stage.ended('p', 60_000)
    assert.equal(run.steps['page']?.attempts, 1)
    assert.equal(stage.script.calls.length, 1)
  },
  async 'a retry goes on with the same child where it failed'(stage) {
    stage.script.run = ({ stepId }) => {
      if (stepId === 'k2' && stage.script.count('k2') < 3) throw final()
      return { v: 1 }
    }
    await beginParent(stage, kid, {
      page: { retry: { maxAttempts: 3, initialInterval: '1s', jitter: 0 } },
    })
    assert.equal(await stage.status('p'), 'waiting')
    const run = await stage.ended('p', 10_000)
    assert.deepEqual([run.status, run.steps['page']?.attempts], ['completed', 3])
    assert.deepEqual(done(stage), ['p.page/k1/1', ...Array(3).fill('p.page/k2/1')])
    assert.deepEqual(await letters(stage), [])
    stage.releasedAll()
  },
  async 'a redrive of the parent goes on with the failed child'(stage) {
    stage.script.run = ({ stepId }) => {
      if (stepId === 'k2') throw final()
      return { v: 1 }
    }
    await beginParent(stage, kid)
    assert.equal((await stage.ended('p')).status, 'failed')
    stage.script.run = () => null
    await stage.now(stage.engine.redrive('p'))
    assert.equal((await stage.ended('p')).status, 'completed')
    assert.deepEqual(done(stage), ['p.page/k1/1', 'p.page/k2/1', 'p.page/k2/1'])
    assert.deepEqual(await letters(stage), [])
    assert.equal((await stage.ended('p.page')).status, 'completed')
  },
  async 'a child that was redriven by itself is not called again by a redrive of its parent'(
    stage,
  ) {
    stage.script.run = ({ stepId }) => {
      if (stepId === 'k2') throw final()
      return { v: 1 }
    }
    await beginParent(stage, kid)
    stage.script.run = () => ({ v: 1 })
    await stage.now(stage.engine.redrive('p.page'))
    assert.equal((await stage.ended('p.page')).status, 'completed')
    assert.deepEqual(await letters(stage), ['p'])
    await stage.now(stage.engine.redrive('p'))
    assert.deepEqual((await stage.ended('p')).output, { page: { kid: '1.0.0', v: 1 } })
    assert.deepEqual(done(stage), ['p.page/k1/1', 'p.page/k2/1', 'p.page/k2/1'])
  },
  async 'a tolerated failure of a child lets the parent go on'(stage) {
    stage.script.run = ({ stepId }) => {
      if (stepId === 'k1') throw final('broken')
      return null
    }
    await beginParent(stage, kid, {
      page: { continueOnFailure: true },
      steps: { next: call('read', { needs: ['page'] }) },
    })
    const run = await stage.ended('p')
    assert.deepEqual([run.status, run.steps['page']?.status], ['completed', 'failed'])
  },
  async '16 workflows inside one another run, one more does not'(stage) {
    const level = (n: number): WorkflowData => ({
      name: `level${n}`,
      version: '1.0.0',
      steps:
        n === 0
          ? { last: call('read') }
          : { s: { workflow: { name: `level${n - 1}`, version: '1' } } },
    })
    const workflows = Array.from({ length: 20 }, (_, n) => level(n))
    const run = await stage.finish(level(16), { executionId: 'deep', workflows })
    assert.equal(run.status, 'completed')
    assert.equal(stage.script.keys[0], `deep${'.s'.repeat(16)}/last/1`)
    const tooDeep = stage.engine.executeWorkflow('level17', level(17), {
      executionId: 'deeper',
      workflows,
    })
    const ending = await stage.now(tooDeep.catch(() => null))
    assert.notEqual(ending?.status, 'completed')
    assert.equal(stage.script.calls.length, 1)
  },
  async 'a workflow that runs itself does not run for ever'(stage) {
    const endless = kidWith({ a: call('read'), again: runsKid({ needs: ['a'] }) })
    const answer = stage.engine.executeWorkflow('kid', endless, {
      executionId: 'p',
      workflows: [endless],
    })
    const ending = await stage.now(answer.catch(() => null))
    assert.notEqual(ending?.status, 'completed')
    assert.ok(stage.script.calls.length <= 17)
    stage.releasedAll()
  },
  async 'a child whose id would be longer than 200 characters is refused'(stage) {
    const executionId = 'x'.repeat(198)
    const parent = probe({ page: runsKid() })
    const answer = stage.engine.executeWorkflow('probe', parent, { executionId, workflows: [kid] })
    const ending = await stage.now(answer.catch(() => null))
    assert.notEqual(ending?.status, 'completed')
    assert.equal(stage.script.calls.length, 0)
    await stage.refused(stage.engine.getExecution(`${executionId}.page`), 'NotFoundError')
  },
}

/** Sub-workflows. */
export const childrenChecks: EngineChecks = {
  ...childrenResolvedChecks,
  ...childrenInFlightChecks,
  ...childrenUndoChecks,
}

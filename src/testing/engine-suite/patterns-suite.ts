import assert from 'node:assert/strict'
import type { JsonObject } from '../../core/json.ts'
import { call, type EngineChecks, probe } from '../engine-stage.ts'
import { deaf, final, held, passing } from '../scripted-agents.ts'
import { coordinatorChecks } from './coordinator-suite.ts'
import { patternEndingChecks } from './patterns-ending-suite.ts'
import { once, outputOf, pattern, three } from './pattern-scenes.ts'

/** What a step with a pattern calls, and what becomes of it when the process dies. */
export const patternChecks: EngineChecks = {
  async 'each call of a pattern has a key of its own, in the order of the journal'(stage) {
    await stage.finish(
      probe({
        line: pattern('pipeline'),
        each: pattern('fanOut', { forEach: '[1, 2]', needs: ['line'] }),
      }),
      { executionId: 'x' },
    )
    assert.deepEqual(stage.script.keys.slice(0, 3), ['x/line/1/c1', 'x/line/1/c2', 'x/line/1/c3'])
    assert.deepEqual(
      stage.script.keys.slice(3).toSorted(),
      [0, 1].flatMap((item) => [1, 2, 3].map((part) => `x/each[${item}]/1/c${part}`)),
    )
  },
  async 'a pipeline goes on at the stage that a crash has stopped'(stage) {
    stage.script.run = ({ agent, input }) =>
      agent === 'backup' ? held : { ...(input as object), [agent]: 1 }
    const id = await stage.begin(probe({ line: pattern('pipeline', { with: { v: 0 } }) }), {
      executionId: 'x',
    })
    stage.script.run = ({ agent, input }) => ({ ...(input as object), [agent]: 1 })
    await stage.harness.restart()
    const run = await stage.ended(id)
    assert.deepEqual(stage.script.keys, [
      'x/line/1/c1',
      'x/line/1/c2',
      'x/line/1/c2',
      'x/line/1/c3',
    ])
    assert.deepEqual(run.steps['line']?.output, {
      output: { v: 0, worker: 1, backup: 1, narrow: 1 },
      stages: [
        { agent: 'worker', output: { v: 0, worker: 1 } },
        { agent: 'backup', output: { v: 0, worker: 1, backup: 1 } },
        { agent: 'narrow', output: { v: 0, worker: 1, backup: 1, narrow: 1 } },
      ],
    })
    assert.equal(run.steps['line']?.attempts, 3)
  },
  async 'expressions of a pipeline see the output, the item and the step before'(stage) {
    stage.script.run = ({ input }) => input
    const options = {
      joints: [{ map: { was: '${ output.v }', item: '${ item }', from: '${ steps.a.output }' } }],
      stopWhen: 'has(output.from)',
    }
    const run = await stage.finish(
      probe({
        a: call('read', { outputs: { n: '${ 7 }' } }),
        line: pattern('pipeline', { needs: ['a'], forEach: "['i']", with: { v: 1 }, options }),
      }),
    )
    assert.deepEqual(run.steps['line']?.output, [
      {
        output: { was: 1, item: 'i', from: { n: 7 } },
        stages: [
          { agent: 'worker', output: { v: 1 } },
          { agent: 'backup', output: { was: 1, item: 'i', from: { n: 7 } } },
        ],
      },
    ])
  },
  async 'a vote that was cast before a crash is not cast again, and is decided once'(stage) {
    stage.script.run = ({ agent }) =>
      agent === 'narrow' ? held : { choice: agent === 'worker' ? 'no' : 'yes' }
    const id = await stage.begin(probe({ vote: pattern('consensus') }), { executionId: 'x' })
    stage.script.run = () => ({ choice: 'yes', confidence: 0.5, reason: 'late' })
    await stage.harness.restart()
    const run = await stage.ended(id)
    assert.deepEqual(run.steps['vote']?.output, {
      choice: 'yes',
      agreement: 2 / 3,
      winner: { choice: 'yes' },
      votes: [
        { agent: 'worker', value: 'no', confidence: 1, weight: 1, reason: null, abstained: false },
        { agent: 'backup', value: 'yes', confidence: 1, weight: 1, reason: null, abstained: false },
        {
          agent: 'narrow',
          value: 'yes',
          confidence: 0.5,
          weight: 1,
          reason: 'late',
          abstained: false,
        },
      ],
    })
    assert.deepEqual(stage.script.keys.toSorted(), [
      'x/vote/1/c1',
      'x/vote/1/c2',
      'x/vote/1/c3',
      'x/vote/1/c3',
    ])
  },
  async 'a voter that is lost under `once` waits for whoever resolves it, and keeps the vote open'(
    stage,
  ) {
    stage.script.run = ({ agent }) => (agent === 'narrow' ? held : { choice: 'yes' })
    const id = await stage.begin(probe({ vote: pattern('consensus', { action: 'pay' }) }))
    await stage.harness.restart()
    assert.deepEqual(
      [(await stage.show(id)).steps['vote']?.status, await stage.status(id)],
      ['uncertain', 'waiting'],
    )
    await stage.now(
      stage.engine.resolve(id, 'vote/c3', { kind: 'succeed', output: { choice: 'no' } }),
    )
    const { output, attempts } = (await stage.ended(id)).steps['vote'] ?? {}
    assert.deepEqual([(output as JsonObject)['agreement'], attempts], [2 / 3, 3])
    assert.equal(stage.script.calls.length, 3)
  },
  async 'at its deadline a consensus decides without those who have not voted'(stage) {
    stage.script.run = ({ agent }) => (agent === 'narrow' ? deaf : { choice: 'yes' })
    const id = await stage.begin(
      probe({ vote: pattern('consensus', { action: 'read', options: { deadline: '20s' } }) }),
    )
    await stage.harness.advance(10_000)
    await stage.harness.restart({ downMs: 5_000 })
    assert.equal(await stage.status(id), 'running')
    const run = await stage.ended(id, 5_000)
    const { votes } = outputOf(run, 'vote')
    assert.deepEqual(votes[2], {
      agent: 'narrow',
      value: null,
      confidence: 0,
      weight: 0,
      reason: 'no vote before the deadline',
      abstained: true,
    })
    stage.releasedAll()
  },
  async 'calls of a pattern are retried, and time out, each for itself'(stage) {
    stage.script.run = ({ agent, attempt }) => {
      if (agent === 'backup' && attempt === 1) throw passing()
      return agent === 'narrow' ? held : agent
    }
    const rest = {
      action: 'read',
      timeout: '2s',
      retry: { maxAttempts: 2, initialInterval: '1s', jitter: 0 },
      options: { failuresMax: 1 },
    }
    const run = await stage.finish(probe({ fan: pattern('fanOut', rest) }), { forMs: 6_000 })
    const { results, output } = outputOf(run, 'fan')
    assert.deepEqual(output, ['worker', 'backup'])
    assert.equal(results[2]?.error.code, 'WorkflowTimeoutError')
    assert.equal(run.steps['fan']?.attempts, 5)
  },
  async 'the first answer ends a fan-out, and what else runs is told to stop'(stage) {
    stage.script.run = ({ agent }) => (agent === 'backup' ? 'here' : deaf)
    const run = await stage.finish(
      probe({ fan: pattern('fanOut', { options: { strategy: 'first' } }) }),
    )
    const { output, results } = outputOf(run, 'fan')
    assert.equal(output, 'here')
    assert.deepEqual(
      results.map(({ status }) => status),
      ['cancelled', 'completed', 'cancelled'],
    )
    assert.deepEqual(
      stage.script.calls.map(({ agent, signal }) => [agent, signal.aborted]),
      [
        ['worker', true],
        ['backup', false],
        ['narrow', true],
      ],
    )
  },
  async 'a `once` call that runs when its pattern has decided is awaited, and not lost'(stage) {
    stage.script.run = ({ agent }) => (agent === 'backup' ? 'here' : deaf)
    const id = await stage.begin(
      probe({ fan: pattern('fanOut', { action: 'pay', options: { strategy: 'first' } }) }),
      { executionId: 'x' },
    )
    assert.equal(await stage.status(id), 'running')
    stage.script.calls[0]?.resolve('paid')
    await stage.harness.advance(0)
    await stage.harness.restart()
    assert.equal((await stage.show(id)).steps['fan']?.status, 'uncertain')
    await stage.now(stage.engine.resolve(id, 'fan/c3', { kind: 'fail' }))
    const run = await stage.ended(id)
    assert.equal(outputOf(run, 'fan')['output'], 'here')
    const ledger = await stage.now(stage.engine.getExecution(id))
    assert.equal(ledger.metrics.attempts, 3)
  },
  async 'a consensus falls back to a fan-out with quorum, and that to one supervisor'(stage) {
    stage.script.run = ({ agent, action, input }) => {
      if (action === 'write') return { choice: agent }
      if (action === 'read') throw final()
      return { choice: 'told', of: input }
    }
    const fallback = [
      {
        pattern: 'fanOut',
        agents: three,
        action: 'read',
        options: { strategy: 'quorum' },
        retry: once,
      },
      { agent: 'backup', action: 'undo' },
    ]
    const run = await stage.finish(
      probe({ vote: pattern('consensus', { with: { v: 1 }, fallback }) }),
      {
        executionId: 'x',
      },
    )
    assert.deepEqual(run.steps['vote']?.output, { choice: 'told', of: { v: 1 } })
    const { from, to, because } = run.steps['vote']?.degraded ?? {}
    assert.deepEqual([from, to], ['pattern consensus', 'backup.undo'])
    assert.match(because ?? '', /^NoConsensusError: no decision on 'choice'/)
    assert.deepEqual(stage.script.keys, [
      ...[1, 2, 3, 4, 5, 6].map((part) => `x/vote/1/c${part}`),
      'x/vote/1/f2',
    ])
  },
  async 'a pattern is asked again by `repeat`, with new keys'(stage) {
    stage.script.run = ({ key }) => ({
      choice: key.endsWith('c3') || key.endsWith('c4') ? 'up' : 'down',
    })
    const repeat = { until: "output.choice == 'up'", delay: '1s' }
    const run = await stage.finish(
      probe({ vote: pattern('consensus', { agents: ['worker', 'backup'], repeat }) }),
      { executionId: 'x', forMs: 2_000 },
    )
    assert.equal(outputOf(run, 'vote')['choice'], 'up')
    assert.deepEqual(
      stage.script.keys,
      [1, 2, 3, 4].map((part) => `x/vote/1/c${part}`),
    )
  },
  async 'the budget counts every call of a pattern, and a refused one has failed'(stage) {
    const run = await stage.finish(
      probe(
        { fan: pattern('fanOut', { options: { failuresMax: 1 } }) },
        { budget: { agentCalls: 2 } },
      ),
    )
    const { results } = outputOf(run, 'fan')
    assert.deepEqual(
      results.map(({ error }) => (error as JsonObject | null)?.['code'] ?? null),
      [null, null, 'BudgetExceededError'],
    )
    assert.equal(stage.script.calls.length, 2)
  },
  ...patternEndingChecks,
  ...coordinatorChecks,
}

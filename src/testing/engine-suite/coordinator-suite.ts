import assert from 'node:assert/strict'
import { ConsensusCoordinator, type VoteDecision } from '../../patterns/index.ts'
import type { EngineChecks, EngineStage } from '../engine-stage.ts'
import { held } from '../scripted-agents.ts'
import { three } from './pattern-scenes.ts'

/** Votes that were decided, by id, over the lives of the process. */
class DecisionLog {
  readonly ids: string[] = []

  listen({ engine }: EngineStage): void {
    engine.subscribe({
      onEvent: ({ executionId, event }) => {
        if (event.kind === 'PatternDecided') this.ids.push(executionId)
      },
    })
  }
}

function decide(stage: EngineStage, voteId: string): Promise<VoteDecision> {
  const question = { voteId, agents: three, action: 'write', data: { about: voteId } }
  const deciding = new ConsensusCoordinator(stage.engine).decide(question)
  // Of a life that is killed nobody hears.
  deciding.catch(() => {})
  return deciding
}

/** What a coordinator of votes promises over every engine. */
export const coordinatorChecks: EngineChecks = {
  async 'killed between any two messages, a coordinator still gives one decision for one id'(
    stage,
  ) {
    const log = new DecisionLog()
    log.listen(stage)
    for (let cast = 0; cast <= three.length; cast++) {
      const voteId = `vote-${cast}`
      stage.script.run = () => held
      const first = stage.script.calls.length
      void decide(stage, voteId)
      await stage.harness.advance(0)
      const calls = stage.script.calls.slice(first)
      for (const one of calls.slice(0, cast)) {
        one.resolve({ choice: 'early', reason: one.agent })
        await stage.harness.advance(0)
      }
      stage.script.run = ({ agent }) => ({ choice: 'late', reason: agent })
      await stage.harness.restart({ isRecovering: false })
      log.listen(stage)
      const [one, other] = await stage.now(
        Promise.all([decide(stage, voteId), decide(stage, voteId)]),
      )
      assert.deepEqual(one, other)
      assert.equal(one.decision['choice'], cast > 1 ? 'early' : 'late')
      const votes = one.decision.votes.map(({ value }) => value)
      assert.deepEqual(
        votes,
        three.map((_, place) => (place < cast ? 'early' : 'late')),
      )
      await stage.harness.restart()
      log.listen(stage)
      const made = stage.script.calls.length
      assert.deepEqual(await stage.now(decide(stage, voteId)), one)
      assert.equal(stage.script.calls.length, made, 'who has voted is not asked again')
    }
    assert.deepEqual(log.ids, ['vote-0', 'vote-1', 'vote-2', 'vote-3'])
  },
  async 'every vote gets an id, and another question under a known one is refused'(stage) {
    stage.script.run = () => ({ choice: 'yes' })
    const coordinator = new ConsensusCoordinator(stage.engine, { random: () => 0.5 })
    const question = { agents: three, action: 'read', data: { a: 1, 'b c': '${ x }' } }
    const { voteId, decision } = await stage.now(coordinator.decide(question))
    assert.match(voteId, /^vote-[0-9a-z]{26}$/)
    assert.equal(decision['choice'], 'yes')
    assert.deepEqual(stage.script.calls[0]?.input, question.data)
    const again = coordinator.decide({ ...question, voteId, data: { a: 2, 'b c': '' } })
    await stage.refused(again, 'UsageError')
    await stage.refused(
      coordinator.decide({ ...question, agents: ['worker', 'worker'] }),
      'InputError',
    )
  },
  async 'a vote without a decision says so each time it is asked for'(stage) {
    stage.script.run = ({ agent }) => ({ choice: agent })
    await stage.refused(decide(stage, 'v'), 'NoConsensusError')
    stage.script.run = () => ({ choice: 'agreed' })
    await stage.refused(decide(stage, 'v'), 'NoConsensusError')
    assert.equal(stage.script.calls.length, 3)
  },
}

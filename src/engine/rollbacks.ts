import type { Clock } from '../core/clock.ts'
import { OrchestrationError } from '../core/errors.ts'
import {
  type Checkpoint,
  childrenAfter,
  effectsAfter,
  type ExecutionState,
  type RollbackOrder,
  type Stimulus,
} from '../workflow/index.ts'
import type { Executions } from './executions.ts'
import type { Runner } from './runner.ts'
import type { Running } from './running.ts'
import type { Steering } from './steering.ts'
import {
  anomalyInForce,
  checkedLabel,
  checkpointRefusal,
  namedCheckpoint,
  refuseCheckpoint,
  refuseGoingBack,
  rollbackOrder,
  takenCheckpoint,
} from './verbs/going-back.ts'
import type { CheckpointView } from './workflow-engine.ts'
import type { RollbackOptions } from './workflow-state.ts'

export interface RollbacksParts {
  readonly executions: Executions
  readonly runner: Runner
  readonly steering: Steering
  readonly clock: Clock
  readonly isRecordingOnly: boolean
}

/** Takes executions back to their checkpoints. */
export class Rollbacks {
  readonly #of: RollbacksParts

  constructor(of: RollbacksParts) {
    this.#of = of
  }

  /** @throws as `WorkflowEngine.checkpoint` */
  async takeCheckpoint(executionId: string, label: string | null): Promise<CheckpointView> {
    const { executions, runner, steering } = this.#of
    const name = label === null ? null : checkedLabel(label)
    steering.refuseWhenStalled()
    const running = executions.open(executionId)
    if (running === null) throw checkpointRefusal(executionId)
    refuseCheckpoint(running.state)
    return steering.holding(running, async () => {
      runner.stimulate(running, { kind: 'checkpoint', label: name })
      const taken = takenCheckpoint(running.state)
      await runner.flushed(running)
      return taken
    })
  }

  /** @throws as `WorkflowEngine.rollback` */
  async rollBack(executionId: string, to: string, options: RollbackOptions): Promise<boolean> {
    const { executions, runner, steering } = this.#of
    steering.refuseWhenStalled()
    const running = executions.openEnded(executionId)
    return steering.holding(running, async () => {
      const { state } = running
      const checkpoint = await this.durableCheckpoint(running, to)
      if (state.rollback?.checkpointId === checkpoint.checkpointId) return false
      refuseGoingBack(state, checkpoint.seq)
      const acceptEffects = options.acceptEffects ?? false
      const order = this.#order(running, checkpoint, { acceptEffects, isAutomatic: false })
      const stimuli: Stimulus[] = running.isDriven ? [] : [{ kind: 'recovered' }]
      // An open one goes on when whoever is to drive it takes it up.
      if (!this.#of.isRecordingOnly && state.phase === 'ended') running.isDriven = true
      for (const stimulus of [...stimuli, { kind: 'rollback', order } as const])
        runner.stimulate(running, stimulus)
      await runner.flushed(running)
      return true
    })
  }

  /** As `checkpoint`, once the journal has it: the state there is read from the journal. */
  async durableCheckpoint(running: Running, name: string): Promise<Checkpoint> {
    for (;;) {
      const { seq } = running.state
      await this.#of.runner.flushed(running)
      const checkpoint = this.checkpoint(running.state, name)
      if (checkpoint.seq <= seq) return checkpoint
    }
  }

  /** Obeys the document's `onFailure: rollback`. */
  automatic(running: Running, to: string): void {
    const { runner } = this.#of
    const { state } = running
    try {
      const checkpoint = this.checkpoint(state, to)
      const order = this.#order(running, checkpoint, { acceptEffects: false, isAutomatic: true })
      runner.stimulate(running, { kind: 'rollback', order })
    } catch (thrown) {
      if (!(thrown instanceof OrchestrationError)) throw thrown
      runner.stimulate(running, { kind: 'rollbackRefused', error: thrown.toJSON() })
    }
  }

  /** @throws NotFoundError for an unknown checkpoint; RefusedError for `lastHealthy` without an anomaly in force */
  checkpoint(state: ExecutionState, name: string): Checkpoint {
    const { runner, clock } = this.#of
    return namedCheckpoint(state, name, anomalyInForce(runner.moment.tda, state, clock.nowMs()))
  }

  #order(
    { state, row }: Running,
    checkpoint: Checkpoint,
    how: { readonly acceptEffects: boolean; readonly isAutomatic: boolean },
  ): RollbackOrder {
    const before = (): ExecutionState => this.#of.executions.stateAt(row, checkpoint.seq)
    const effectsBelow = this.#effectsBelow(state, checkpoint.seq)
    const nowMs = this.#of.clock.nowMs()
    return rollbackOrder({ state, before, checkpoint, effectsBelow, nowMs, ...how })
  }

  /** Effects of the sub-workflows of steps after the checkpoint that nothing undoes. */
  #effectsBelow(state: ExecutionState, seq: number): readonly string[] {
    const { executions, runner } = this.#of
    return childrenAfter(state, seq).flatMap((executionId) => {
      const row = executions.known(executionId)
      if (row === undefined) return []
      const child = runner.executions.get(executionId)?.state ?? executions.stateAt(row)
      const own = effectsAfter(child, 0).map((label) => `${executionId}/${label}`)
      return [...own, ...this.#effectsBelow(child, 0)]
    })
  }
}

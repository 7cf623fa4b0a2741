import { invariant } from '../core/assert.ts'
import type { Clock } from '../core/clock.ts'
import { OrchestrationError } from '../core/errors.ts'
import type { JsonObject } from '../core/json.ts'
import { limits } from '../core/limits.ts'
import { nearestOrAll } from '../core/nearest.ts'
import {
  type Checkpoint,
  checkpointsOf,
  checkpointWords,
  childrenAfter,
  effectsAfter,
  entriesAt,
  type ExecutionState,
  findCheckpoint,
  mayRollBack,
  type RollbackOrder,
  type Stimulus,
} from '../workflow/index.ts'
import type { Executions } from './executions.ts'
import type { Runner } from './runner.ts'
import type { Running } from './running.ts'
import type { Steering } from './steering.ts'
import { checkpointView } from './views/checkpoint-views.ts'
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
    if (running === null || running.state.phase === 'ended') {
      throw new OrchestrationError('RefusedError', `execution '${executionId}' has ended`, {
        hint: 'its checkpoints stay: `aura fork` starts a new execution from one',
      })
    }
    return steering.holding(running, async () => {
      runner.stimulate(running, { kind: 'checkpoint', label: name })
      const { state } = running
      const taken = checkpointsOf(state).findLast(({ reason }) => reason === 'verb')
      invariant(taken !== undefined, `no checkpoint of '${executionId}' was taken`)
      await runner.flushed(running)
      const entries = entriesAt(state, taken.atMs).map(({ key, value }) => [key, value])
      return checkpointView(executionId, taken, Object.fromEntries(entries) as JsonObject)
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
      refuseUnless(mayRollBack(state, checkpoint.seq), state)
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
    const found = findCheckpoint(state, name, this.#anomalyAtMs(state))
    if (found === null) {
      throw new OrchestrationError(
        'RefusedError',
        `'${name}' needs an anomaly in force, and the TDA feed names none`,
        { hint: 'name a checkpoint; `aura show` lists them' },
      )
    }
    if (found !== undefined) return found
    const names = checkpointsOf(state).flatMap(({ stepId, label, checkpointId }) =>
      [label, stepId, stepId === null ? checkpointId : null].filter((one) => one !== null),
    )
    throw new OrchestrationError(
      'NotFoundError',
      `execution '${state.executionId}' has no checkpoint '${name}'`,
      {
        hint:
          nearestOrAll(name, [...names, 'lastCheckpoint', 'lastHealthy', 'start']) ?? 'aura show',
      },
    )
  }

  /** By the feed; by what it said last to the execution while it is silent, since a process that restarts has heard nothing yet. */
  #anomalyAtMs({ tda: recorded }: ExecutionState): number | null {
    const { tda } = this.#of.runner.moment
    if (tda.available) return anomalyAtMs(tda.anomalies)
    if (recorded === null) return null
    const nowMs = this.#of.clock.nowMs()
    const anomalies = (recorded['anomalies'] ?? []) as readonly JsonObject[]
    return anomalyAtMs(
      anomalies.filter(({ t0Ms, t1Ms }) => {
        const lastMs = typeof t1Ms === 'number' ? t1Ms : Number(t0Ms)
        return lastMs + limits.anomalyInForceMs > nowMs
      }),
    )
  }

  /** @throws RefusedError when effects would remain and nobody accepts them */
  #order(
    running: Running,
    checkpoint: Checkpoint,
    how: { readonly acceptEffects: boolean; readonly isAutomatic: boolean },
  ): RollbackOrder {
    const { state } = running
    const effectsBelow = this.#effectsBelow(state, checkpoint.seq)
    const effects = [...effectsAfter(state, checkpoint.seq), ...effectsBelow]
    if (effects.length > 0 && !how.acceptEffects) throw effectsRemain(state, checkpoint, effects)
    const before = this.#of.executions.stateAt(running.row, checkpoint.seq)
    const entries = entriesAt(before, this.#of.clock.nowMs())
    return { checkpoint, entries, effectsBelow, ...how }
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

/** When the strongest anomaly in force began; null when none is. */
function anomalyAtMs(anomalies: readonly { readonly [key: string]: unknown }[]): number | null {
  let strongest = -Infinity
  let atMs: number | null = null
  for (const { severity, t0Ms } of anomalies) {
    if (typeof t0Ms !== 'number' || Number(severity) <= strongest) continue
    strongest = Number(severity)
    atMs = t0Ms
  }
  return atMs
}

function refuseUnless(isAllowed: boolean, { executionId, phase, result }: ExecutionState): void {
  if (isAllowed) return
  if (phase === 'ended') {
    throw new OrchestrationError('RefusedError', `execution '${executionId}' is ${result}`, {
      hint: '`aura fork` starts a new execution from a checkpoint',
    })
  }
  throw new OrchestrationError(
    'RefusedError',
    `execution '${executionId}' is ${phase === 'rollingBack' || phase === 'undoing' ? 'going back already' : 'being ended'}`,
    { retryable: true, hint: 'wait until it has come to its end' },
  )
}

function effectsRemain(
  { executionId }: ExecutionState,
  { checkpointId }: Checkpoint,
  effects: readonly string[],
): OrchestrationError {
  const named = effects.slice(0, 8).join(', ')
  const more = effects.length > 8 ? ` and ${effects.length - 8} more` : ''
  return new OrchestrationError(
    'RefusedError',
    `going back to '${checkpointId}' would leave effects of '${executionId}' that nothing undoes: ${named}${more}`,
    {
      hint: 'undo them yourself and repeat with --accept-effects, or declare `compensate`',
      details: { effects: effects.slice(0, limits.problemsMax) },
    },
  )
}

function checkedLabel(label: string): string {
  if (
    label === '' ||
    label.length > 200 ||
    (checkpointWords as readonly string[]).includes(label)
  ) {
    throw new OrchestrationError(
      'InputError',
      `'${label.slice(0, 220)}' is no label for a checkpoint`,
      {
        hint: `use 1 to 200 characters, and none of ${checkpointWords.join(', ')}`,
      },
    )
  }
  return label
}

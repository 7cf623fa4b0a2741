import { invariant } from '../../core/assert.ts'
import type { TdaContext } from '../../core/contracts/tda.ts'
import { OrchestrationError } from '../../core/errors.ts'
import type { JsonObject } from '../../core/json.ts'
import { limits } from '../../core/limits.ts'
import { nearestOrAll } from '../../core/nearest.ts'
import {
  type Checkpoint,
  checkpointsOf,
  checkpointWords,
  effectsAfter,
  entriesAt,
  type ExecutionState,
  findCheckpoint,
  mayRollBack,
  type RollbackOrder,
} from '../../workflow/index.ts'
import { checkpointView } from '../views/checkpoint-views.ts'
import type { CheckpointView } from '../workflow-engine.ts'

/** @throws NotFoundError for an unknown checkpoint; RefusedError for `lastHealthy` without an anomaly in force */
export function namedCheckpoint(
  state: ExecutionState,
  name: string,
  anomalyAtMs: number | null,
): Checkpoint {
  const found = findCheckpoint(state, name, anomalyAtMs)
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
      hint: nearestOrAll(name, [...names, 'lastCheckpoint', 'lastHealthy', 'start']) ?? 'aura show',
    },
  )
}

/** When the anomaly in force began: by the feed, and while it is silent by what it said last to the execution. */
export function anomalyInForce(
  tda: TdaContext,
  { tda: recorded }: ExecutionState,
  nowMs: number,
): number | null {
  if (tda.available) return strongestAtMs(tda.anomalies)
  if (recorded === null) return null
  const anomalies = (recorded['anomalies'] ?? []) as readonly JsonObject[]
  return strongestAtMs(
    anomalies.filter(({ t0Ms, t1Ms }) => {
      const lastMs = typeof t1Ms === 'number' ? t1Ms : Number(t0Ms)
      return lastMs + limits.anomalyInForceMs > nowMs
    }),
  )
}

export interface OrderParts {
  readonly state: ExecutionState
  /** The execution as it was at the checkpoint. */
  readonly before: () => ExecutionState
  readonly checkpoint: Checkpoint
  /** Effects of sub-workflows that nothing undoes. */
  readonly effectsBelow: readonly string[]
  readonly acceptEffects: boolean
  readonly isAutomatic: boolean
  readonly nowMs: number
}

/** @throws RefusedError when effects would remain and nobody accepts them */
export function rollbackOrder(parts: OrderParts): RollbackOrder {
  const { state, checkpoint, effectsBelow, acceptEffects, isAutomatic, nowMs } = parts
  const effects = [...effectsAfter(state, checkpoint.seq), ...effectsBelow]
  if (effects.length > 0 && !acceptEffects) throw effectsRemain(state, checkpoint, effects)
  const entries = entriesAt(parts.before(), nowMs)
  return { checkpoint, entries, effectsBelow, acceptEffects, isAutomatic }
}

/** The checkpoint that the verb has just taken. */
export function takenCheckpoint(state: ExecutionState): CheckpointView {
  const taken = checkpointsOf(state).findLast(({ reason }) => reason === 'verb')
  invariant(taken !== undefined, `no checkpoint of '${state.executionId}' was taken`)
  const entries = entriesAt(state, taken.atMs).map(({ key, value }) => [key, value])
  return checkpointView(state.executionId, taken, Object.fromEntries(entries) as JsonObject)
}

/** @throws RefusedError when the execution has ended */
export function refuseCheckpoint({ executionId, phase }: ExecutionState): void {
  if (phase === 'ended') throw checkpointRefusal(executionId)
}

/** The refusal of a checkpoint of an execution that has ended. */
export function checkpointRefusal(executionId: string): OrchestrationError {
  return new OrchestrationError('RefusedError', `execution '${executionId}' has ended`, {
    hint: 'its checkpoints stay: `aura fork` starts a new execution from one',
  })
}

/** When the strongest anomaly began; null when there is none. */
function strongestAtMs(anomalies: readonly { readonly [key: string]: unknown }[]): number | null {
  let strongest = -Infinity
  let atMs: number | null = null
  for (const { severity, t0Ms } of anomalies) {
    if (typeof t0Ms !== 'number' || Number(severity) <= strongest) continue
    strongest = Number(severity)
    atMs = t0Ms
  }
  return atMs
}

/** @throws RefusedError when the execution cannot go back to that position now */
export function refuseGoingBack(state: ExecutionState, seq: number): void {
  if (mayRollBack(state, seq)) return
  const { executionId, phase, result } = state
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

/** @throws InputError for a text that is no label */
export function checkedLabel(label: string): string {
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

import { assertNever } from '../../core/assert.ts'
import { unavailableTda } from '../../core/contracts/tda.ts'
import type { JsonValue } from '../../core/json.ts'
import {
  adaptationId,
  adapting,
  adaptedNoMore,
  anomalyInForce,
  checkSignal,
  deleting,
  discarding,
  ended,
  madeAdaptation,
  namedCheckpoint,
  redriving,
  refuseCheckpoint,
  refuseGoingBack,
  reverting,
  rollbackOrder,
  takenCheckpoint,
  uncertainCall,
  writing,
  writtenNoMore,
} from '../../engine/hosted.ts'
import type { ExecutionState, Stimulus } from '../../workflow/index.ts'
import type { Verb } from './wire.ts'

/** An execution as a verb looks at it. */
export interface Asked {
  readonly state: ExecutionState
  readonly nowMs: number
  /** As it was after an event. */
  readonly stateAt: (seq: number) => ExecutionState
}

/** What a verb comes to. */
export interface Decision {
  readonly stimuli: readonly Stimulus[]
  /** What is answered once they are applied. */
  readonly answer: (isChanged: boolean) => JsonValue
}

/** Verbs that an execution takes also after its end: it goes on in a new run. */
const reopening: readonly Verb['kind'][] = ['rollback', 'redrive', 'discard', 'undo']

export function reopens({ kind }: Verb): boolean {
  return reopening.includes(kind)
}

/** @throws the refusal, of which nothing is recorded */
export function decideVerb(asked: Asked, verb: Verb): Decision {
  const { state, nowMs } = asked
  switch (verb.kind) {
    case 'pause':
    case 'resume':
    case 'cancel':
    case 'undo':
      return changing([verb])
    case 'signal':
      if (state.phase === 'ended') throw ended(state.executionId, 'takes no signal any more')
      checkSignal(asked, verb.name, verb.data)
      return changing([verb])
    case 'resolve': {
      const { step, resolution } = verb
      return changing([{ kind: 'resolve', call: uncertainCall(asked, step), resolution }])
    }
    case 'checkpoint':
      refuseCheckpoint(state)
      return { stimuli: [verb], answer: () => ({ ...takenCheckpoint(state) }) }
    case 'rollback':
      return goingBack(asked, verb)
    case 'adapt': {
      const id = adaptationId(state, verb.request)
      const stimuli = adapting(state, verb.request, () => verb.flags)
      return { stimuli, answer: () => ({ ...madeAdaptation(state, id) }) }
    }
    case 'revertAdaptation':
      if (state.phase === 'ended') throw adaptedNoMore(state.executionId)
      return changing(reverting(state, verb.id, verb.because))
    case 'write':
    case 'delete':
      if (state.phase === 'ended') throw writtenNoMore(state.executionId)
      return changing((verb.kind === 'write' ? writing : deleting)(state, verb.write, nowMs))
    case 'redrive':
      return changing([redriving(state, verb.id)])
    case 'discard':
      return changing([discarding(state, verb.id)])
    default:
      return assertNever(verb, 'verb')
  }
}

function goingBack(
  { state, nowMs, stateAt }: Asked,
  { to, acceptEffects, effectsBelow }: Verb & { kind: 'rollback' },
): Decision {
  const anomalyAtMs = anomalyInForce(unavailableTda, state, nowMs)
  const checkpoint = namedCheckpoint(state, to, anomalyAtMs)
  if (state.rollback?.checkpointId === checkpoint.checkpointId) return changing([])
  refuseGoingBack(state, checkpoint.seq)
  const before = (): ExecutionState => stateAt(checkpoint.seq)
  const how = { effectsBelow, acceptEffects, isAutomatic: false, nowMs }
  const order = rollbackOrder({ state, before, checkpoint, ...how })
  return changing([{ kind: 'rollback', order }])
}

function changing(stimuli: readonly Stimulus[]): Decision {
  return { stimuli, answer: (isChanged) => isChanged }
}

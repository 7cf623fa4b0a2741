import { OrchestrationError } from '../../core/errors.ts'
import { nearestOrAll } from '../../core/nearest.ts'
import type { ExecutionState, Stimulus } from '../../workflow/index.ts'
import type { DeadLetterView } from '../workflow-engine.ts'

/** Ids of failed compensations begin with that of their execution. */
export function executionOfLetter(id: string): string {
  const end = id.indexOf('/')
  return end < 0 ? id : id.slice(0, end)
}

/** @throws NotFoundError when there is no such open one; RefusedError when it cannot be tried again now */
export function redriving(state: ExecutionState, id: string): Stimulus {
  const undo = undoOf(state, id)
  if (undo === null) {
    refuseHalfUndone(state)
    return { kind: 'redrive', token: null }
  }
  refuseOpen(state)
  return { kind: 'redriveCompensation', undo }
}

/** @throws NotFoundError when there is no such open one */
export function discarding(state: ExecutionState, id: string): Stimulus {
  undoOf(state, id)
  return { kind: 'discard', deadLetterId: id }
}

/** The open dead letters of one execution, oldest first. */
export function deadLetterViews({
  executionId,
  deadLetters,
}: ExecutionState): readonly DeadLetterView[] {
  return Array.from(deadLetters, ([id, { stepId, error, atMs }]) => ({
    id,
    executionId,
    stepId,
    error,
    atMs,
  }))
}

function undoOf(state: ExecutionState, id: string): number | null {
  const letter = state.deadLetters.get(id)
  if (letter === undefined) throw unknownLetter(id, state)
  return letter.undo
}

function unknownLetter(
  id: string,
  { executionId, phase, result, deadLetters }: ExecutionState,
): OrchestrationError {
  const others = Array.from(deadLetters.keys())
  const how = phase === 'ended' ? (result ?? 'failed') : 'open'
  return new OrchestrationError('NotFoundError', `there is no open dead letter '${id}'`, {
    hint:
      others.length > 0
        ? (nearestOrAll(id, others) ?? 'aura dlq ls')
        : `execution '${executionId}' is ${how} and has none`,
  })
}

function refuseOpen(state: ExecutionState): void {
  if (state.phase === 'ended') return
  throw new OrchestrationError(
    'RefusedError',
    `execution '${state.executionId}' has not ended: its failed compensation is tried again after that`,
    { retryable: true },
  )
}

/**
 * A step of which a part was undone can neither be left nor run anew: the part that was not undone would
 * happen twice.
 *
 * @throws RefusedError
 */
function refuseHalfUndone(state: ExecutionState): void {
  const halves = state.steps.filter(({ undoneCount, undoCount, plan }) => {
    if (undoneCount === 0 || undoneCount === undoCount) return false
    return Array.from(state.deadLetters.values()).some(
      ({ stepId, undo }) => stepId === plan.id && undo !== null,
    )
  })
  if (halves.length === 0) return
  const ids = halves.map(({ plan }) => plan.id).join(', ')
  throw new OrchestrationError(
    'RefusedError',
    `only a part of ${ids} in '${state.executionId}' was undone: run anew, the rest would happen twice`,
    { hint: 'redrive or discard the dead letters of its compensations first (aura dlq ls)' },
  )
}

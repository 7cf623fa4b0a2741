import { ApplicationFailure } from '@temporalio/workflow'
import { assertNever } from '../../../core/assert.ts'
import { isOrchestrationError } from '../../../core/errors.ts'
import { checkSignal, ended, uncertainCall } from '../../../engine/hosted.ts'
import type { Stimulus } from '../../../workflow/index.ts'
import type { Verb } from '../wire.ts'
import type { HostedExecution } from './hosted-execution.ts'

/** Refuses a verb before it is recorded. @throws ApplicationFailure that carries the error as JSON */
export function checkVerb(execution: HostedExecution, verb: Verb): void {
  try {
    stimulusOf(execution, verb)
  } catch (thrown) {
    if (!isOrchestrationError(thrown)) throw thrown
    const { code: type, message } = thrown
    throw ApplicationFailure.create({
      type,
      message,
      nonRetryable: true,
      details: [thrown.toJSON()],
    })
  }
}

/** @returns whether it changed something */
export function applyVerb(execution: HostedExecution, verb: Verb): boolean {
  return execution.stimulate(stimulusOf(execution, verb))
}

function stimulusOf(execution: HostedExecution, verb: Verb): Stimulus {
  const { state } = execution
  switch (verb.kind) {
    case 'pause':
    case 'resume':
    case 'cancel':
      return verb
    case 'signal':
      if (execution.isOver) throw ended(state.executionId, 'takes no signals')
      checkSignal(execution, verb.name, verb.data)
      return verb
    case 'resolve':
      return {
        kind: 'resolve',
        call: uncertainCall(execution, verb.step),
        resolution: verb.resolution,
      }
    default:
      return assertNever(verb, 'verb')
  }
}

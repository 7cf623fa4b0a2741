import { ApplicationFailure } from '@temporalio/workflow'
import { isOrchestrationError } from '../../../core/errors.ts'
import type { JsonValue } from '../../../core/json.ts'
import { decideVerb } from '../verbs.ts'
import type { Verb } from '../wire.ts'
import type { HostedExecution } from './hosted-execution.ts'

/** Refuses a verb before it is recorded. @throws ApplicationFailure that carries the error as JSON */
export function checkVerb(execution: HostedExecution, verb: Verb): void {
  try {
    decideVerb(execution.asked(), verb)
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

/** @returns what is answered to whoever asked */
export function applyVerb(execution: HostedExecution, verb: Verb): JsonValue {
  const { stimuli, answer } = decideVerb(execution.asked(), verb)
  let isChanged = false
  for (const stimulus of stimuli) isChanged = execution.stimulate(stimulus)
  return answer(isChanged)
}

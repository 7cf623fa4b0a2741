import { OrchestrationError } from '../core/errors.ts'
import { nearestName } from '../core/nearest.ts'

/** An agent definition, configuration or module that cannot be used. Never retryable. */
export function moduleError(message: string, hint?: string, cause?: unknown): OrchestrationError {
  return new OrchestrationError('AgentModuleError', message, {
    ...(hint === undefined ? {} : { hint }),
    ...(cause === undefined ? {} : { cause }),
  })
}

/** `did you mean 'x'?`, or the list of what there is when nothing is near. */
export function didYouMean(name: string, candidates: readonly string[]): string {
  const nearest = nearestName(name, candidates)
  return nearest === null ? `known here: ${candidates.join(', ')}` : `did you mean '${nearest}'?`
}

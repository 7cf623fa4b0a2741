import { OrchestrationError } from '../core/errors.ts'

/** Verbs that the contract names and a later release brings, with what they will do. */
export const laterVerbs: ReadonlyMap<string, string> = new Map([
  ['audit', 'verifies the audit chain'],
  ['kubeflow', 'Kubeflow pipelines'],
])

/** The refusal of something that the contract names and this release does not have. */
export function notYet(what: string): OrchestrationError {
  return new OrchestrationError('RefusedError', `${what} is not yet in this release`, {
    hint: 'not yet available; `aura --help` lists what is',
  })
}

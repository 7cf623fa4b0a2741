import { OrchestrationError } from '../core/errors.ts'

/** Verbs that the contract names and a later release brings, with what they will do. */
export const laterVerbs: ReadonlyMap<string, string> = new Map([
  ['init', 'makes a runnable project'],
  ['serve', 'API, dashboard, triggers, recovery'],
  ['worker', 'Temporal worker'],
  ['agent-host', 'agents over the mesh'],
  ['top', 'live view of all executions'],
  ['checkpoint', 'takes a checkpoint'],
  ['rollback', 'goes back to a checkpoint'],
  ['fork', 'starts anew from a checkpoint'],
  ['dlq', 'dead letters'],
  ['event', 'publishes an event'],
  ['route', 'semantic routing'],
  ['check', 'the gate for changed documents'],
  ['du', 'size by execution and table'],
  ['config', 'the configuration in force'],
  ['recover', 'salvages a damaged file'],
  ['backup', 'copies the file while it is in use'],
  ['audit', 'verifies the audit chain'],
  ['policy', 'tests a policy'],
  ['mcp', 'MCP server'],
  ['kubeflow', 'Kubeflow pipelines'],
])

/** The refusal of something that the contract names and this release does not have. */
export function notYet(what: string): OrchestrationError {
  return new OrchestrationError('RefusedError', `${what} is not yet in this release`, {
    hint: 'not yet available; `aura --help` lists what is',
  })
}

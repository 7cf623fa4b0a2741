import type { Artifact, Message, Task } from '@a2a-js/sdk'
import { failure, suspend, type Suspension } from '../../../agents/index.ts'
import type { ErrorJson } from '../../../core/errors.ts'
import type { JsonObject } from '../../../core/json.ts'
import type { A2aClientSdk } from '../load.ts'
import { contentOf, partJson } from '../message-parts.ts'

/** What became of a task that is no longer under way. */
export type TaskOutcome =
  | { readonly kind: 'completed'; readonly output: JsonObject }
  | { readonly kind: 'waits'; readonly suspension: Suspension }
  | { readonly kind: 'failed'; readonly error: ErrorJson }

/** Where a suspended call goes on. */
export interface ResumeToken extends JsonObject {
  readonly taskId: string
  readonly contextId: string
  /** How often the task has waited. */
  readonly round: number
}

/** The output of a task: `{ taskId, contextId, text, data, artifacts }`. */
export function taskOutput(task: Task): JsonObject {
  const said = task.artifacts.flatMap(({ parts }) => parts)
  const parts = said.length > 0 ? said : (task.status?.message?.parts ?? [])
  const { id: taskId, contextId } = task
  return { taskId, contextId, ...contentOf(parts), artifacts: task.artifacts.map(artifactJson) }
}

/** The output of an answer that needed no task: the same, with `taskId` null. */
export function messageOutput({ contextId, parts }: Message): JsonObject {
  return { taskId: null, contextId, ...contentOf(parts), artifacts: [] }
}

export function taskOutcome(
  sdk: A2aClientSdk,
  task: Task,
  {
    name,
    signal,
    round,
  }: { readonly name: string; readonly signal: string; readonly round: number },
): TaskOutcome {
  const { TaskState } = sdk
  const state = task.status?.state
  const said = contentOf(task.status?.message?.parts ?? []).text.slice(0, 1_000)
  switch (state) {
    case TaskState.TASK_STATE_COMPLETED:
      return { kind: 'completed', output: taskOutput(task) }
    case TaskState.TASK_STATE_INPUT_REQUIRED:
    case TaskState.TASK_STATE_AUTH_REQUIRED: {
      const resumeToken: ResumeToken = { taskId: task.id, contextId: task.contextId, round }
      const asked = said === '' ? {} : { schema: { description: said } }
      return { kind: 'waits', suspension: suspend({ signal, resumeToken, ...asked }) }
    }
    default: {
      const ended = endings.get(TaskState[state ?? TaskState.TASK_STATE_UNSPECIFIED])
      const because = said === '' ? '' : `: ${said}`
      const details = { taskId: task.id, contextId: task.contextId }
      const message = `the task of ${name} ${ended ?? 'is in a state that is not understood'}${because}`
      // The agent has done with it: sent again, the same message would be the same task.
      return {
        kind: 'failed',
        error: failure('AgentError', message, { retryable: false, details }),
      }
    }
  }
}

const endings: ReadonlyMap<string | undefined, string> = new Map([
  ['TASK_STATE_FAILED', 'failed'],
  ['TASK_STATE_REJECTED', 'was rejected'],
  ['TASK_STATE_CANCELED', 'was cancelled by its agent'],
])

function artifactJson({ artifactId, name, parts }: Artifact): JsonObject {
  return { artifactId, name, parts: parts.map(partJson) }
}

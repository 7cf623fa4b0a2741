import type { Artifact, Message, Task, TaskStatus } from '@a2a-js/sdk'
import type { ShowView } from '../../../engine/index.ts'
import type { A2aServerSdk } from '../load.ts'
import { dataPart, textPart } from '../message-parts.ts'
import { contextOf } from './task-id.ts'

/** An execution as a task. `waitsFor`: the signals that it waits for. */
export function taskOf(sdk: A2aServerSdk, view: ShowView, waitsFor: readonly string[]): Task {
  const { executionId: id, workflow, version, status } = view
  return {
    id,
    contextId: contextOf(id) ?? id,
    status: statusOf(sdk, view, waitsFor),
    artifacts: status === 'completed' ? [outputOf(view)] : [],
    history: [],
    metadata: { workflow, version, status },
  }
}

/** The output of an execution: a text as words, everything else as data, and its `text` as words too. */
export function outputOf({ output }: ShowView): Artifact {
  const text =
    typeof output === 'string' ? output : (output as { readonly text?: unknown } | null)?.text
  const words = typeof text === 'string' ? [textPart(text)] : []
  const parts = typeof output === 'string' ? words : [...words, dataPart(output)]
  const more = { description: '', metadata: undefined, extensions: [] }
  return { artifactId: 'output', name: 'output', parts, ...more }
}

export function statusOf(
  sdk: A2aServerSdk,
  view: ShowView,
  waitsFor: readonly string[],
): TaskStatus {
  const { TaskState } = sdk
  const say = (state: TaskStatus['state'], text: string): TaskStatus => ({
    state,
    message: text === '' ? undefined : agentMessage(sdk, view.executionId, text),
    timestamp: undefined,
  })
  const { completed, total } = view.progress
  switch (view.status) {
    case 'completed':
      return say(TaskState.TASK_STATE_COMPLETED, '')
    case 'failed':
      return say(
        TaskState.TASK_STATE_FAILED,
        view.error === null ? '' : `${view.error.code}: ${view.error.message}`,
      )
    case 'cancelled':
      return say(TaskState.TASK_STATE_CANCELED, '')
    case 'pending':
      return say(TaskState.TASK_STATE_SUBMITTED, '')
    default:
      return view.status === 'waiting' && waitsFor.length > 0
        ? say(TaskState.TASK_STATE_INPUT_REQUIRED, `waits for the signal ${waitsFor.join(', ')}`)
        : say(TaskState.TASK_STATE_WORKING, `${completed} of ${total} steps`)
  }
}

function agentMessage(sdk: A2aServerSdk, taskId: string, text: string): Message {
  return {
    messageId: `${taskId}/status`,
    contextId: contextOf(taskId) ?? taskId,
    taskId,
    role: sdk.Role.ROLE_AGENT,
    parts: [textPart(text)],
    metadata: undefined,
    extensions: [],
    referenceTaskIds: [],
  }
}

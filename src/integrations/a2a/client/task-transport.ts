import type { Message } from '@a2a-js/sdk'
import type { ActionPlan, AgentTransport, TransportCall } from '../../../agents/index.ts'
import { AgentCommunicationError } from '../../../core/errors.ts'
import { hashJson, type JsonValue } from '../../../core/json.ts'
import type { A2aClientSdk } from '../load.ts'
import { partsOf } from '../message-parts.ts'
import { callFailure } from './call-failure.ts'
import type { RemoteAgent } from './remote-agent.ts'
import { messageOutput, type ResumeToken, taskOutcome, taskOutput } from './task-outcome.ts'

const contextBytesMax = 60

export interface TaskTransportParts {
  readonly sdk: A2aClientSdk
  readonly remote: RemoteAgent
  /** Skills by actions, for those that name one. */
  readonly skills: ReadonlyMap<string, string>
  /** Signal that a call waits for whose task requires input. */
  readonly signal: string
  /** Whether the agent remembers every task it has ever taken, so that one it does not know never was. */
  readonly hasDurableTasks: boolean
}

/**
 * Calls a remote A2A agent: a call is a message, and its task is followed to its end. The idempotency key is the
 * id of the message and of its context, by which the task is found again after a crash.
 */
export class TaskTransport implements AgentTransport {
  readonly name = 'a2a'
  readonly #parts: TaskTransportParts

  constructor(parts: TaskTransportParts) {
    this.#parts = parts
  }

  /** The card is fetched by the first call. */
  open(): void {}

  call(call: TransportCall, input: JsonValue): void {
    const controller = new AbortController()
    let taskId: string | null = null
    call.onCancel(() => {
      controller.abort(new Error('the call was given up'))
      // It may have ended, or not know how to stop; the call is given up either way.
      if (taskId !== null) this.#parts.remote.cancel(taskId).catch(() => {})
    })
    void this.#call(call, input, { signal: controller.signal, onTask: (id) => (taskId = id) })
  }

  /** Waits for a task that is under way; one that failed leaves the outcome to be decided by a person. */
  async lookup(plan: ActionPlan, idempotencyKey: string, signal: AbortSignal): Promise<unknown> {
    const { sdk, remote, hasDurableTasks } = this.#parts
    const found = await remote.taskOf(contextIdOf(idempotencyKey), signal)
    if (found === undefined) {
      if (hasDurableTasks) return undefined
      throw new AgentCommunicationError(
        `${plan.fullName} knows no task of this call, and does not promise to remember every task`,
        { hint: 'declare durableTasks: true when it keeps its tasks on disk' },
      )
    }
    const task = await remote.settled(found.id, signal)
    if (task.status?.state === sdk.TaskState.TASK_STATE_COMPLETED) return taskOutput(task)
    throw new AgentCommunicationError(
      `the task '${task.id}' of ${plan.fullName} has not completed: what it has done is not known`,
    )
  }

  close(): void {}

  async #call(
    call: TransportCall,
    input: JsonValue,
    options: { readonly signal: AbortSignal; readonly onTask: (taskId: string) => void },
  ): Promise<void> {
    const { sdk, remote, signal } = this.#parts
    const { fullName: name } = call.plan
    let isTaken = false
    try {
      await remote.client()
      call.sent()
      const message = this.#message(call, input)
      const answer = await remote.send(message, options)
      isTaken = true
      if (answer.kind === 'message') {
        call.returned(messageOutput(answer.message))
        return
      }
      const task = await remote.settled(answer.taskId, options.signal)
      const round = roundOf(call) + 1
      const outcome = taskOutcome(sdk, task, { name, signal, round })
      if (outcome.kind === 'completed') call.returned(outcome.output)
      else if (outcome.kind === 'waits') call.returned(outcome.suspension)
      else call.failed(outcome.error, 'done')
    } catch (thrown) {
      const { error, happened } = callFailure(sdk, thrown, name)
      // Whatever became of looking after it: the agent has the message.
      call.failed(error, isTaken ? 'unknown' : happened)
    }
  }

  #message(call: TransportCall, input: JsonValue): Message {
    const { idempotencyKey, resumed } = call.call
    const skill = this.#parts.skills.get(call.plan.name)
    const metadata = skill === undefined ? undefined : { skill }
    const common = {
      role: this.#parts.sdk.Role.ROLE_USER,
      metadata,
      extensions: [],
      referenceTaskIds: [],
    }
    if (resumed === null) {
      const contextId = contextIdOf(idempotencyKey)
      return { ...common, messageId: idempotencyKey, contextId, taskId: '', parts: partsOf(input) }
    }
    const { taskId, contextId, round } = resumed.resumeToken as ResumeToken
    const messageId = `${idempotencyKey}/i${round}`
    return { ...common, messageId, contextId, taskId, parts: partsOf(resumed.data) }
  }
}

/** The context of a call's messages: its idempotency key, or a hash of one that is too long for some agents. */
function contextIdOf(idempotencyKey: string): string {
  return Buffer.byteLength(idempotencyKey) <= contextBytesMax
    ? idempotencyKey
    : `k-${hashJson(idempotencyKey).slice(0, 40)}`
}

function roundOf({ call }: TransportCall): number {
  return call.resumed === null ? 0 : (call.resumed.resumeToken as ResumeToken).round
}

import type {
  AgentCard,
  CancelTaskRequest,
  GetTaskRequest,
  ListTasksRequest,
  ListTasksResponse,
  Message,
  SendMessageRequest,
  StreamResponse,
  SubscribeToTaskRequest,
  Task,
} from '@a2a-js/sdk'
import type { A2ARequestHandler, ServerCallContext } from '@a2a-js/sdk/server'
import { isOrchestrationError } from '../../../core/errors.ts'
import { isJsonObject, type JsonObject } from '../../../core/json.ts'
import { nearestOrAll } from '../../../core/nearest.ts'
import type { ShowView } from '../../../engine/index.ts'
import type { A2aServerSdk } from '../load.ts'
import { contentOf } from '../message-parts.ts'
import type { ServedSkill, TaskHost } from './task-host.ts'
import { contextOf, contextPrefix, taskIdOf } from './task-id.ts'
import { outputOf, statusOf, taskOf } from './task-view.ts'
import { changesOf } from './task-changes.ts'

/** Under this key of a call's context is the signal that is aborted when its client has gone. */
export const goneKey = 'aura.gone'

const endedStatuses: ReadonlySet<string> = new Set(['completed', 'failed', 'cancelled'])
const tasksLookedAtMax = 1_000
const pageSizeDefault = 50

export interface ExecutionHandlerOptions {
  readonly sdk: A2aServerSdk
  readonly host: TaskHost
  readonly card: AgentCard
  /** Among these a message names one, unless there is only one. */
  readonly skills: ReadonlyMap<string, ServedSkill>
}

/**
 * Answers the protocol from executions: a message starts one, a task is one. Nothing is kept beside the file, so
 * every task is known to whoever owns it next.
 */
export class ExecutionHandler implements A2ARequestHandler {
  readonly #sdk: A2aServerSdk
  readonly #host: TaskHost
  readonly #options: ExecutionHandlerOptions

  constructor(options: ExecutionHandlerOptions) {
    this.#sdk = options.sdk
    this.#host = options.host
    this.#options = options
  }

  async getAgentCard(): Promise<AgentCard> {
    return this.#options.card
  }

  async sendMessage(params: SendMessageRequest, context: ServerCallContext): Promise<Task> {
    const taskId = await this.#take(params.message)
    if (params.configuration?.returnImmediately !== true) {
      for await (const view of this.#changes(taskId, context)) {
        if (this.#hasSettled(view)) break
      }
    }
    return this.#task(taskId)
  }

  async *sendMessageStream(
    params: SendMessageRequest,
    context: ServerCallContext,
  ): AsyncGenerator<StreamResponse, void, undefined> {
    yield* this.#stream(await this.#take(params.message), context)
  }

  async *resubscribe(
    { id }: SubscribeToTaskRequest,
    context: ServerCallContext,
  ): AsyncGenerator<StreamResponse, void, undefined> {
    const view = await this.#view(id)
    if (endedStatuses.has(view.status)) {
      throw new this.#sdk.errors.UnsupportedOperationError(`task '${id}' has ended`)
    }
    yield* this.#stream(id, context)
  }

  getTask({ id }: GetTaskRequest): Promise<Task> {
    return this.#task(id)
  }

  async cancelTask({ id }: CancelTaskRequest, context: ServerCallContext): Promise<Task> {
    const view = await this.#view(id)
    if (endedStatuses.has(view.status)) {
      throw new this.#sdk.errors.TaskNotCancelableError(`task '${id}' is ${view.status}`)
    }
    await this.#host.cancel(id)
    for await (const next of this.#changes(id, context)) {
      if (endedStatuses.has(next.status)) break
    }
    return this.#task(id)
  }

  /** Among the newest 1,000 executions of the file. */
  async listTasks(params: ListTasksRequest): Promise<ListTasksResponse> {
    const { contextId, status, pageSize = pageSizeDefault, pageToken } = params
    const start = contextId === '' ? 'a2a.' : contextPrefix(contextId)
    const ids = this.#host
      .list(tasksLookedAtMax)
      .map(({ executionId }) => executionId)
      .filter((id) => id.startsWith(start) && contextOf(id) !== null && id.split('.').length === 3)
    const { TASK_STATE_UNSPECIFIED, UNRECOGNIZED } = this.#sdk.TaskState
    const isAny = status === TASK_STATE_UNSPECIFIED || status === UNRECOGNIZED
    const from = Number.parseInt(pageToken, 10) || 0
    const to = from + Math.max(1, pageSize)
    // Which tasks have a state is known by looking at all of them; otherwise one page is enough.
    const looked = await Promise.all(
      (isAny ? ids.slice(from, to) : ids).map((id) => this.#task(id)),
    )
    const ofState = looked.filter((task) => task.status?.state === status)
    const totalSize = isAny ? ids.length : ofState.length
    return {
      tasks: isAny ? looked : ofState.slice(from, to),
      nextPageToken: to < totalSize ? String(to) : '',
      pageSize,
      totalSize,
    }
  }

  getAuthenticatedExtendedAgentCard(): Promise<never> {
    return Promise.reject(new this.#sdk.errors.ExtendedAgentCardNotConfiguredError())
  }

  createTaskPushNotificationConfig(): Promise<never> {
    return this.#noPush()
  }

  getTaskPushNotificationConfig(): Promise<never> {
    return this.#noPush()
  }

  listTaskPushNotificationConfigs(): Promise<never> {
    return this.#noPush()
  }

  deleteTaskPushNotificationConfig(): Promise<never> {
    return this.#noPush()
  }

  /** Starts what a message asks for, or hands it to the task that waits for it. */
  async #take(message: Message | undefined): Promise<string> {
    if (message === undefined || message.messageId === '') {
      throw this.#malformed('the message has no messageId')
    }
    const given = inputOf(message)
    if (message.taskId !== '') return this.#goOn(message, given)
    const skill = this.#skillOf(message)
    const taskId = taskIdOf(message)
    await this.#refusing(() => this.#host.start(skill, taskId, given))
    return taskId
  }

  async #goOn({ taskId, metadata }: Message, data: JsonObject): Promise<string> {
    const view = await this.#view(taskId)
    const names = this.#host.waitsFor(view)
    const asked: unknown = metadata?.['signal']
    const name = typeof asked === 'string' ? asked : names[0]
    if (name === undefined || endedStatuses.has(view.status)) {
      const { UnsupportedOperationError } = this.#sdk.errors
      throw new UnsupportedOperationError(
        `task '${taskId}' is ${view.status} and waits for no input`,
      )
    }
    await this.#refusing(() => this.#host.signal(taskId, name, data))
    return taskId
  }

  #skillOf({ metadata }: Message): ServedSkill {
    const { skills } = this.#options
    const known = [...skills.keys()]
    const asked: unknown = metadata?.['skill'] ?? metadata?.['workflow']
    const name = typeof asked === 'string' ? asked : known.length === 1 ? known[0] : undefined
    const skill = name === undefined ? undefined : skills.get(name)
    if (skill !== undefined) return skill
    const hint = nearestOrAll(name ?? '', known) ?? 'none is registered'
    throw this.#malformed(
      name === undefined
        ? `the message names no skill in its metadata; ${hint}`
        : `there is no skill '${name}'; ${hint}`,
    )
  }

  async *#stream(
    taskId: string,
    context: ServerCallContext,
  ): AsyncGenerator<StreamResponse, void, undefined> {
    const contextId = contextOf(taskId) ?? taskId
    let said = ''
    for await (const view of this.#changes(taskId, context)) {
      const waitsFor = this.#host.waitsFor(view)
      const status = statusOf(this.#sdk, view, waitsFor)
      const news = JSON.stringify([status.state, view.progress.completed, waitsFor])
      if (news === said) continue
      const isFirst = said === ''
      said = news
      if (isFirst) {
        yield { payload: { $case: 'task', value: taskOf(this.#sdk, view, waitsFor) } }
      } else {
        if (view.status === 'completed') yield artifactUpdate({ taskId, contextId }, view)
        const value = { taskId, contextId, status, metadata: undefined }
        yield { payload: { $case: 'statusUpdate', value } }
      }
      if (this.#hasSettled(view)) return
    }
  }

  #changes(taskId: string, context: ServerCallContext): AsyncGenerator<ShowView, void, undefined> {
    const gone = context.state.get(goneKey) as AbortSignal | undefined
    return changesOf(this.#host, taskId, gone ?? new AbortController().signal)
  }

  #hasSettled(view: ShowView): boolean {
    const isWaiting = view.status === 'waiting' && this.#host.waitsFor(view).length > 0
    return isWaiting || endedStatuses.has(view.status)
  }

  async #task(id: string): Promise<Task> {
    const view = await this.#view(id)
    return taskOf(this.#sdk, view, this.#host.waitsFor(view))
  }

  async #view(id: string): Promise<ShowView> {
    const { TaskNotFoundError } = this.#sdk.errors
    if (contextOf(id) === null) throw new TaskNotFoundError(`there is no task '${id}'`)
    try {
      return await this.#host.show(id)
    } catch (thrown) {
      if (!isOrchestrationError(thrown) || thrown.code !== 'NotFoundError') throw thrown
      throw new TaskNotFoundError({ message: `there is no task '${id}'`, cause: thrown })
    }
  }

  /** What the engine refuses for good is the sender's to correct. */
  async #refusing(work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (thrown) {
      if (!isOrchestrationError(thrown) || thrown.retryable) throw thrown
      const hint = thrown.hint === null ? '' : ` (${thrown.hint})`
      throw this.#malformed(`${thrown.code}: ${thrown.message}${hint}`, thrown)
    }
  }

  #malformed(message: string, cause?: unknown): Error {
    return new this.#sdk.errors.RequestMalformedError({ message, cause })
  }

  #noPush(): Promise<never> {
    return Promise.reject(new this.#sdk.errors.PushNotificationNotSupportedError())
  }
}

function artifactUpdate(
  ids: { readonly taskId: string; readonly contextId: string },
  view: ShowView,
): StreamResponse {
  const value = {
    ...ids,
    artifact: outputOf(view),
    append: false,
    lastChunk: true,
    metadata: undefined,
  }
  return { payload: { $case: 'artifactUpdate', value } }
}

/** A message as an input: its data, and its words as `text`. */
function inputOf({ parts }: Message): JsonObject {
  const { text, data } = contentOf(parts)
  const object = isJsonObject(data) ? data : data === null ? {} : { data }
  return text === '' ? object : { text, ...object }
}

import type { Message, Task } from '@a2a-js/sdk'
import type { Client } from '@a2a-js/sdk/client'
import type { Clock } from '../../../core/clock.ts'
import { AgentCommunicationError, messageOf } from '../../../core/errors.ts'
import type { A2aClientSdk } from '../load.ts'
import { HttpStatusError, remoteFetch } from './remote-fetch.ts'

export interface RemoteAgentOptions {
  readonly sdk: A2aClientSdk
  /** Base URL of the agent, or the URL of its card. */
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly answerBytesMax: number
  readonly pollMs: number
  /** How long a task may be out of reach before its call is given up. */
  readonly patienceMs: number
  readonly clock: Clock
}

/** What a message has led to. */
export type Answer =
  | { readonly kind: 'message'; readonly message: Message }
  | { readonly kind: 'task'; readonly taskId: string }

const tasksMax = 50

/** A remote A2A agent: sends it messages, and follows the tasks that it makes of them. */
export class RemoteAgent {
  readonly #options: RemoteAgentOptions
  #client: Promise<Client> | null = null

  constructor(options: RemoteAgentOptions) {
    this.#options = options
  }

  /** @throws AgentCommunicationError when no A2A agent of a version that is understood answers */
  client(): Promise<Client> {
    this.#client ??= this.#connect()
    return this.#client
  }

  /**
   * Sends a message. With an agent that streams it comes back when the task has ended or waits, else at once.
   *
   * @param onTask told the id of the task as soon as it is known
   */
  async send(
    message: Message,
    { signal, onTask }: { readonly signal: AbortSignal; readonly onTask: (taskId: string) => void },
  ): Promise<Answer> {
    const client = await this.client()
    const request = {
      tenant: '',
      message,
      configuration: {
        acceptedOutputModes: [],
        taskPushNotificationConfig: undefined,
        returnImmediately: true,
      },
      metadata: undefined,
    }
    const card = await client.getAgentCard()
    if (card.capabilities?.streaming !== true) {
      const answer = await client.sendMessage(request, { signal })
      if (!('status' in answer)) return { kind: 'message', message: answer }
      onTask(answer.id)
      return { kind: 'task', taskId: answer.id }
    }
    let taskId = ''
    try {
      for await (const { payload } of client.sendMessageStream(request, { signal })) {
        if (payload?.$case === 'message') return { kind: 'message', message: payload.value }
        const seen = payload?.$case === 'task' ? payload.value.id : payload?.value.taskId
        if (seen === undefined || seen === taskId) continue
        taskId = seen
        onTask(taskId)
      }
    } catch (thrown) {
      // What it has taken it goes on with: the task itself tells how it ends.
      if (taskId === '' || signal.aborted) throw thrown
    }
    if (taskId === '') throw new AgentCommunicationError('the stream of its answer was empty')
    return { kind: 'task', taskId }
  }

  /** Looks after a task until it has ended or waits for somebody. */
  async settled(taskId: string, signal: AbortSignal): Promise<Task> {
    const { sdk, clock, pollMs, patienceMs } = this.#options
    const client = await this.client()
    let seenMs = clock.monotonicMs()
    for (;;) {
      try {
        const task = await client.getTask({ tenant: '', id: taskId, historyLength: 0 }, { signal })
        if (!this.#isUnderWay(task)) return task
        seenMs = clock.monotonicMs()
      } catch (thrown) {
        const isGone = thrown instanceof sdk.errors.A2AError
        if (isGone || signal.aborted || clock.monotonicMs() - seenMs > patienceMs) throw thrown
      }
      await this.#pause(pollMs, signal)
    }
  }

  /** The newest task of a context; undefined for none. */
  async taskOf(contextId: string, signal: AbortSignal): Promise<Task | undefined> {
    const client = await this.client()
    const { tasks } = await client.listTasks(
      {
        tenant: '',
        contextId,
        status: this.#options.sdk.TaskState.TASK_STATE_UNSPECIFIED,
        pageSize: tasksMax,
        pageToken: '',
        historyLength: 0,
        statusTimestampAfter: undefined,
        includeArtifacts: true,
      },
      { signal },
    )
    // An agent that does not know the filter answers with everybody's.
    return tasks.find((task) => task.contextId === contextId)
  }

  async cancel(id: string): Promise<void> {
    const client = await this.client()
    await client.cancelTask({ tenant: '', id, metadata: undefined })
  }

  #isUnderWay({ status }: Task): boolean {
    const { TaskState } = this.#options.sdk
    const state = status?.state
    return state === TaskState.TASK_STATE_SUBMITTED || state === TaskState.TASK_STATE_WORKING
  }

  #pause(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const stop = (): void => {
        clear()
        reject(signal.reason as Error)
      }
      const clear = this.#options.clock.after(ms, () => {
        signal.removeEventListener('abort', stop)
        resolve()
      })
      if (signal.aborted) stop()
      else signal.addEventListener('abort', stop, { once: true })
    })
  }

  async #connect(): Promise<Client> {
    const { sdk, url, headers, answerBytesMax } = this.#options
    const options = { fetchImpl: remoteFetch(headers, answerBytesMax) }
    try {
      const factory = new sdk.ClientFactory({
        transports: [
          new sdk.JsonRpcTransportFactory(options),
          new sdk.RestTransportFactory(options),
        ],
        cardResolver: new sdk.DefaultAgentCardResolver(options),
      })
      return await (url.endsWith('.json')
        ? factory.createFromUrl(url, '')
        : factory.createFromUrl(url, `${url.replace(/\/$/, '')}/.well-known/agent-card.json`))
    } catch (thrown) {
      this.#client = null
      throw noAgent(url, thrown)
    }
  }
}

function noAgent(url: string, thrown: unknown): AgentCommunicationError {
  const cause = thrown instanceof Error ? thrown.cause : undefined
  const because = cause === undefined ? '' : ` (${messageOf(cause)})`
  const isRefused =
    thrown instanceof HttpStatusError && (thrown.status === 401 || thrown.status === 403)
  return new AgentCommunicationError(
    `no A2A agent answers at '${url}': ${messageOf(thrown)}${because}`,
    {
      hint: isRefused
        ? 'give its credentials in headers'
        : 'its card must be at /.well-known/agent-card.json below the URL and offer A2A 1.0 over JSONRPC or HTTP+JSON',
      cause: thrown,
    },
  )
}

/**
 * A remote agent made with the official SDK, for tests: `node a2a-server.ts PORT LOG [TASKS]`. What it does outside
 * is a line in LOG. With TASKS, a file, its tasks survive it. It answers as the text of a message says.
 */
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { type AgentCard, Message, Task, TaskState } from '@a2a-js/sdk'
import {
  AgentEvent,
  type AgentExecutor,
  DefaultRequestHandler,
  type ExecutionEventBus,
  InMemoryTaskStore,
  type RequestContext,
  type ServerCallContext,
} from '@a2a-js/sdk/server'
import { agentCardHandler, jsonRpcHandler, UserBuilder } from '@a2a-js/sdk/server/express'
import express from 'express'

const [port = '0', logFile = '', tasksFile] = process.argv.slice(2)
const log = (line: string): void => appendFileSync(logFile, `${line}\n`)

/** The SDK's own store, written to a file and read from it, so that a killed process knows its tasks again. */
class FileTaskStore extends InMemoryTaskStore {
  override async save(task: Task, context: ServerCallContext): Promise<void> {
    await super.save(task, context)
    if (tasksFile === undefined) return
    const known = existsSync(tasksFile)
      ? (JSON.parse(readFileSync(tasksFile, 'utf8')) as Record<string, unknown>)
      : {}
    writeFileSync(tasksFile, JSON.stringify({ ...known, [task.id]: Task.toJSON(task) }))
  }
}

class Outside implements AgentExecutor {
  readonly #cancelled = new Set<string>()

  async execute(context: RequestContext, bus: ExecutionEventBus): Promise<void> {
    const { taskId, contextId, userMessage, task } = context
    const words = userMessage.parts.flatMap(({ content }) =>
      content?.$case === 'text' ? [content.value] : [],
    )
    const data = userMessage.parts.find(({ content }) => content?.$case === 'data')?.content?.value
    const text = words.join(' ')
    const messageOf = (said: string): Message =>
      Message.fromJSON({
        messageId: `answer-${userMessage.messageId}`,
        role: 'ROLE_AGENT',
        parts: [{ text: said }],
        taskId,
        contextId,
      })
    if (text === 'hello') {
      bus.publish(AgentEvent.message({ ...messageOf('hello back'), taskId: '' }))
      bus.finished()
      return
    }
    const status = (state: TaskState, said?: string) => ({
      state,
      message: said === undefined ? undefined : messageOf(said),
      timestamp: undefined,
    })
    const end = (state: TaskState, said?: string): void => {
      const update = { taskId, contextId, status: status(state, said), metadata: undefined }
      bus.publish(AgentEvent.statusUpdate(update))
      bus.finished()
    }
    const begun = task ?? { ...Task.fromJSON({ id: taskId, contextId }), history: [userMessage] }
    bus.publish(AgentEvent.task({ ...begun, status: status(TaskState.TASK_STATE_WORKING) }))
    log(`${text} ${userMessage.messageId} ${String(userMessage.metadata?.['skill'] ?? '-')}`)
    if (text === 'fail') return end(TaskState.TASK_STATE_FAILED, 'out of paper')
    if (text === 'ask') return end(TaskState.TASK_STATE_INPUT_REQUIRED, 'which one?')
    if (text.startsWith('sleep')) {
      const untilMs = Number(text.split(' ')[1] ?? 30_000)
      for (let ms = 0; ms < untilMs; ms += 20) {
        await sleep(20)
        if (this.#cancelled.has(taskId)) {
          log('cancelled')
          return end(TaskState.TASK_STATE_CANCELED)
        }
      }
      log('awake')
    }
    bus.publish(
      AgentEvent.artifactUpdate({
        taskId,
        contextId,
        artifact: {
          artifactId: 'a',
          name: 'answer',
          description: '',
          parts: [
            { content: { $case: 'text', value: `did ${text}` }, ...plain },
            { content: { $case: 'data', value: { got: data ?? null } }, ...plain },
          ],
          metadata: undefined,
          extensions: [],
        },
        append: false,
        lastChunk: true,
        metadata: undefined,
      }),
    )
    end(TaskState.TASK_STATE_COMPLETED)
  }

  async cancelTask(taskId: string): Promise<void> {
    this.#cancelled.add(taskId)
  }
}

const plain = { metadata: undefined, filename: '', mediaType: '' }
const url = `http://127.0.0.1:${port}`
const card: AgentCard = {
  name: 'outside',
  description: 'Does things outside',
  version: '2.0.0',
  supportedInterfaces: [
    { url: `${url}/rpc`, protocolBinding: 'JSONRPC', protocolVersion: '1.0', tenant: '' },
  ],
  provider: undefined,
  capabilities: { streaming: process.env['A2A_STREAMING'] !== 'no', extensions: [] },
  securitySchemes: {},
  securityRequirements: [],
  defaultInputModes: ['text/plain'],
  defaultOutputModes: ['text/plain'],
  skills: [
    {
      id: 'do things',
      name: 'Do',
      description: 'Does things',
      tags: [],
      examples: [],
      inputModes: [],
      outputModes: [],
      securityRequirements: [],
    },
  ],
  signatures: [],
}
const store = new FileTaskStore()
const handler = new DefaultRequestHandler(card, store, new Outside())
if (tasksFile !== undefined && existsSync(tasksFile)) {
  const known = JSON.parse(readFileSync(tasksFile, 'utf8')) as Record<string, unknown>
  const { ServerCallContext: Context, UnauthenticatedUser } = await import('@a2a-js/sdk/server')
  const context = new Context({ user: new UnauthenticatedUser() })
  for (const task of Object.values(known)) await store.save(Task.fromJSON(task), context)
}
const app = express()
app.use('/.well-known/agent-card.json', agentCardHandler({ agentCardProvider: handler }))
app.use(
  '/rpc',
  jsonRpcHandler({ requestHandler: handler, userBuilder: UserBuilder.noAuthentication }),
)
app.listen(Number(port), '127.0.0.1', () => process.stdout.write('ready\n'))

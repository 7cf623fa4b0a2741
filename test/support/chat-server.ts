import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What a model that speaks OpenAI's wire format answers. */
export interface ChatAnswer {
  readonly text?: string
  readonly tool?: { readonly name: string; readonly arguments: string }
  readonly tools?: readonly { readonly name: string; readonly arguments: string }[]
  readonly finishReason?: 'stop' | 'length' | 'content_filter' | 'tool_calls'
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  /** Of a streamed answer: the connection is cut after the first piece. */
  readonly dies?: boolean
  /** Never answers. */
  readonly hangs?: boolean
}

/** A request as the server read it. */
export interface ChatRequest {
  readonly messages: readonly { readonly role: string; readonly content: unknown }[]
  readonly tools?: readonly { readonly function: { readonly name: string } }[]
  readonly stream?: boolean
  readonly max_tokens?: number
}

/** A server of chat completions in OpenAI's wire format on loopback, which answers as it is told. */
export class ChatServer {
  readonly requests: ChatRequest[] = []
  readonly #server = createServer((request, response) => void this.#serve(request, response))
  readonly #answer: (request: ChatRequest, number: number) => ChatAnswer

  private constructor(answer: (request: ChatRequest, number: number) => ChatAnswer) {
    this.#answer = answer
  }

  /** @param answer given the request and its number, from 1 */
  static async start(
    answer: (request: ChatRequest, number: number) => ChatAnswer,
  ): Promise<ChatServer> {
    const server = new ChatServer(answer)
    server.#server.listen(0, '127.0.0.1')
    await once(server.#server, 'listening')
    return server
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/v1`
  }

  stop(): void {
    this.#server.closeAllConnections()
    this.#server.close()
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const asked = JSON.parse(Buffer.concat(chunks).toString()) as ChatRequest
    this.requests.push(asked)
    const answer = this.#answer(asked, this.requests.length)
    if (answer.hangs === true) return
    const { status = 200, headers = {} } = answer
    if (status !== 200) {
      response.writeHead(status, { 'content-type': 'application/json', ...headers })
      response.end(JSON.stringify({ error: { message: `status ${status}`, type: 'test' } }))
    } else if (asked.stream === true) stream(response, answer)
    else {
      response.writeHead(200, { 'content-type': 'application/json' })
      response.end(JSON.stringify(completion(answer)))
    }
  }
}

const usage = { prompt_tokens: 100, completion_tokens: 20, total_tokens: 120 }
const about = { id: 'chat-1', created: 1, model: 'test' }

function toolCalls({ tool, tools = tool === undefined ? [] : [tool] }: ChatAnswer) {
  return tools.map((call, index) => ({
    index,
    id: `call-${index}`,
    type: 'function',
    function: call,
  }))
}

function reasonOf(answer: ChatAnswer): string {
  return answer.finishReason ?? (toolCalls(answer).length > 0 ? 'tool_calls' : 'stop')
}

function completion(answer: ChatAnswer) {
  const calls = toolCalls(answer)
  const message = {
    role: 'assistant',
    content: answer.text ?? null,
    ...(calls.length === 0 ? {} : { tool_calls: calls }),
  }
  const choices = [{ index: 0, message, finish_reason: reasonOf(answer) }]
  return { ...about, object: 'chat.completion', choices, usage }
}

function stream(response: ServerResponse, answer: ChatAnswer): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  const send = (delta: object, finish: string | null = null): void => {
    const choices = [{ index: 0, delta, finish_reason: finish }]
    response.write(
      `data: ${JSON.stringify({ ...about, object: 'chat.completion.chunk', choices })}\n\n`,
    )
  }
  const pieces = (answer.text ?? '').match(/[\s\S]{1,4}/g) ?? []
  for (const [place, piece] of pieces.entries()) {
    send(place === 0 ? { role: 'assistant', content: piece } : { content: piece })
    if (answer.dies === true) {
      setImmediate(() => response.destroy())
      return
    }
  }
  for (const call of toolCalls(answer)) send({ tool_calls: [call] })
  send({}, reasonOf(answer))
  response.write(`data: ${JSON.stringify({ ...about, choices: [], usage })}\n\n`)
  response.end('data: [DONE]\n\n')
}

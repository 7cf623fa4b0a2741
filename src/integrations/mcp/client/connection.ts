import type { Client } from '@modelcontextprotocol/sdk/client/index.js'
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js'
import { AgentCommunicationError, messageOf } from '../../../core/errors.ts'
import type { McpClientSdk } from '../load.ts'
import { type McpEndpoint, nameOf } from './endpoint.ts'
import { guardedFetch } from './guarded-fetch.ts'

const complaintCharactersMax = 2_000

export interface ConnectionOptions {
  readonly sdk: McpClientSdk
  readonly endpoint: McpEndpoint
  /** For the start of the process and the handshake. */
  readonly connectTimeoutMs: number
  /** Bytes of one answer on the wire; one that is longer ends the connection. */
  readonly answerBytesMax: number
}

/**
 * One connection to an MCP server, made when it is first wanted and anew when it has ended: a server that
 * died is started again, or found again, by the next call.
 */
export class McpConnection {
  readonly #options: ConnectionOptions
  #connected: Promise<Client> | null = null
  #complaint = ''

  constructor(options: ConnectionOptions) {
    this.#options = options
  }

  /** @throws AgentCommunicationError when the server cannot be started or reached, or speaks no known MCP */
  get(): Promise<Client> {
    this.#connected ??= this.#connect()
    return this.#connected
  }

  /** The end of what the server's process wrote on its standard error; empty for none. */
  get complaint(): string {
    return this.#complaint.trim()
  }

  /** Ends the connection; what waits for an answer is told so. A process gets 4 s to end by itself. */
  async close(): Promise<void> {
    const connected = this.#connected
    this.#connected = null
    const client = await connected?.catch(() => undefined)
    await client?.close()
  }

  #connect(): Promise<Client> {
    const { sdk, connectTimeoutMs } = this.#options
    const client = new sdk.Client({ name: 'aura', version: '1' })
    const forget = (): void => {
      if (this.#connected === connecting) this.#connected = null
    }
    const connecting = Promise.resolve().then(async () => {
      try {
        await client.connect(this.#transport(client), { timeout: connectTimeoutMs })
        return client
      } catch (thrown) {
        forget()
        await client.close()
        throw this.#unreachable(thrown)
      }
    })
    Object.assign(client, { onclose: forget })
    return connecting
  }

  #transport(client: Client): Transport {
    const { sdk, endpoint, answerBytesMax } = this.#options
    this.#complaint = ''
    if ('url' in endpoint) {
      const { url, headers = {} } = endpoint
      const guarded = guardedFetch(answerBytesMax, () => void client.close())
      return new sdk.StreamableHTTPClientTransport(new URL(url), {
        fetch: guarded,
        requestInit: { headers },
      })
    }
    const { command, args = [], env = {}, cwd } = endpoint
    const transport = new sdk.StdioClientTransport({
      command,
      args: [...args],
      env: { ...env },
      stderr: 'pipe',
      maxBufferSize: answerBytesMax,
      ...(cwd === undefined ? {} : { cwd }),
    })
    transport.stderr?.on('data', (text: Buffer) => {
      this.#complaint = `${this.#complaint}${text.toString()}`.slice(-complaintCharactersMax)
    })
    return transport
  }

  #unreachable(thrown: unknown): AgentCommunicationError {
    const { endpoint, connectTimeoutMs } = this.#options
    const said = this.complaint === '' ? '' : `; it wrote: ${this.complaint}`
    const isUrl = 'url' in endpoint
    return new AgentCommunicationError(
      `no MCP server answers at '${nameOf(endpoint)}': ${messageOf(thrown)}${said}`,
      {
        hint: isUrl
          ? 'the URL must be that of its streamable HTTP endpoint, usually ending in /mcp; is it up?'
          : `try the command by hand: within ${connectTimeoutMs} ms it must speak MCP on its standard streams`,
        cause: thrown,
      },
    )
  }
}

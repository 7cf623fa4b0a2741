import { isOrchestrationError, OrchestrationError } from '../../core/errors.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../../core/json.ts'
import type { ShowView } from '../../engine/index.ts'
import type { ServedWorkflow, WorkflowHost } from '../../integrations/mcp/index.ts'
import { findOwner } from '../../storage/index.ts'
import type { OwnerInfo } from '../../storage/index.ts'
import type { CommandContext } from '../command-context.ts'
import { askOwner } from '../owner-client.ts'
import { followAtOwner } from './owner-follow.ts'

/** How soon an owner that went away is looked for again. */
const lookAgainMs = 200

/** The workflows of the owner of the file, whichever process that is at the time. */
export class OwnerHost implements WorkflowHost {
  readonly #context: CommandContext
  /** Names of the workflows that are served; null for all. */
  readonly #names: ReadonlySet<string> | null

  constructor(context: CommandContext, names: ReadonlySet<string> | null) {
    this.#context = context
    this.#names = names
  }

  async workflows(): Promise<readonly ServedWorkflow[]> {
    const listed = itemsOf(await this.#get('/v1/workflows'), 'workflows')
    const names = listed.map((one) => textOf(one, 'name')).filter((name) => this.#serves(name))
    return Promise.all(
      names.map(async (name) => {
        const known = await this.#get(`/v1/workflows/${encodeURIComponent(name)}`)
        const document = itemsOf(known, 'versions')[0]?.['document'] ?? null
        return servedWorkflow(name, isJsonObject(document) ? document : {})
      }),
    )
  }

  async start(
    workflow: string,
    options: { readonly input: JsonObject; readonly executionId?: string },
  ): Promise<string> {
    const body = { workflow, ...options }
    const answer = await this.#ask({ method: 'POST', path: '/v1/executions', body })
    return isJsonObject(answer) ? textOf(answer, 'executionId') : ''
  }

  async show(executionId: string): Promise<ShowView> {
    const answer = await this.#get(`/v1/executions/${encodeURIComponent(executionId)}`)
    return answer as unknown as ShowView
  }

  list(filter: Readonly<Record<string, string>>): Promise<JsonValue> {
    return this.#get(`/v1/executions?${new URLSearchParams(filter).toString()}`)
  }

  steer(executionId: string, verb: string, body: JsonObject): Promise<JsonValue> {
    const path = `/v1/executions/${encodeURIComponent(executionId)}/${verb}`
    return this.#ask({ method: 'POST', path, body })
  }

  async follow(executionId: string, options: Parameters<WorkflowHost['follow']>[1]): Promise<void> {
    while (!options.signal.aborted) {
      try {
        await followAtOwner(this.#owner(), executionId, options)
        return
      } catch (thrown) {
        if (!isOrchestrationError(thrown) || thrown.code !== 'OwnerError') throw thrown
        // The next owner goes on with the execution, and so does who waits for it.
        await new Promise<void>((resolve) => this.#context.clock.after(lookAgainMs, resolve))
      }
    }
  }

  #serves(name: string): boolean {
    return this.#names === null || this.#names.has(name)
  }

  #get(path: string): Promise<JsonValue> {
    return this.#ask({ method: 'GET', path })
  }

  #ask(asked: Parameters<typeof askOwner>[1]): Promise<JsonValue> {
    return askOwner(this.#owner(), asked)
  }

  #owner(): OwnerInfo {
    const { databasePath } = this.#context
    const { owner } = findOwner(databasePath)
    if (owner !== null) return owner
    throw new OrchestrationError('OwnerError', `${databasePath} has no owner at present`, {
      retryable: true,
      hint: 'start `aura serve` on it again, or this MCP server',
    })
  }
}

function servedWorkflow(name: string, document: JsonObject): ServedWorkflow {
  const { description = null, input = null } = document
  return {
    name,
    version: textOf(document, 'version'),
    description: typeof description === 'string' ? description : null,
    input: isJsonObject(input) ? input : null,
  }
}

function textOf(object: JsonObject, key: string): string {
  const value = object[key]
  return typeof value === 'string' ? value : ''
}

function itemsOf(answer: JsonValue, key: string): readonly JsonObject[] {
  const items = isJsonObject(answer) ? answer[key] : undefined
  return Array.isArray(items) ? (items as readonly JsonObject[]).filter(isJsonObject) : []
}

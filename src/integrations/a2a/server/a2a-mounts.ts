import type { AgentCard as Card } from '@a2a-js/sdk'
import type { HttpMount, MountAnswer, MountRequest } from '../../../core/contracts/http-mount.ts'
import { OrchestrationError } from '../../../core/errors.ts'
import { nearestOrAll } from '../../../core/nearest.ts'
import { type A2aServerSdk, loadA2aServer } from '../load.ts'
import { agentCard } from './agent-card.ts'
import { ExecutionHandler, goneKey } from './execution-handler.ts'
import type { TaskHost } from './task-host.ts'

const cardPath = '/.well-known/agent-card.json'
const versionHeader = 'a2a-version'

/**
 * A2A 1.0 over JSON-RPC: all workflows as the skills of one agent at `/a2a`, and each as an agent of its own at
 * `/a2a/{name}`. Cards are public, everything else needs the owner's token. The SDK is loaded by the first
 * request.
 */
export function a2aMounts(host: TaskHost): readonly HttpMount[] {
  const card = (request: MountRequest): Card => {
    const { origin, params } = request
    const { name } = params
    const skills = host.skills()
    if (name === undefined) return agentCard(skills, { origin, path: '/a2a' })
    if (skills.some((skill) => skill.name === name)) {
      return agentCard(skills, { origin, path: `/a2a/${name}`, only: name })
    }
    const hint = nearestOrAll(
      name,
      skills.map((skill) => skill.name),
    )
    throw new OrchestrationError(
      'NotFoundError',
      `no workflow '${name}' is registered`,
      hint === null ? {} : { hint },
    )
  }
  const showCard = async (request: MountRequest): Promise<MountAnswer> => {
    const sdk = await loadA2aServer()
    return { kind: 'json', status: 200, body: sdk.AgentCard.toJSON(card(request)) }
  }
  const answer = async (request: MountRequest): Promise<MountAnswer> =>
    speak(await loadA2aServer(), { host, card: card(request), request })
  return [
    { method: 'GET', path: cardPath, isPublic: true, handle: showCard },
    { method: 'GET', path: `/a2a/{name}${cardPath}`, isPublic: true, handle: showCard },
    { method: 'POST', path: '/a2a', isPublic: false, handle: answer },
    { method: 'POST', path: '/a2a/{name}', isPublic: false, handle: answer },
  ]
}

async function speak(
  sdk: A2aServerSdk,
  {
    host,
    card,
    request,
  }: { readonly host: TaskHost; readonly card: Card; readonly request: MountRequest },
): Promise<MountAnswer> {
  const { text, headers, params, signal } = request
  const workflow = params['name'] ?? null
  const transport = new sdk.JsonRpcTransportHandler(
    new ExecutionHandler({ sdk, host, card, workflow }),
  )
  try {
    const version = headers[versionHeader]
    const context = new sdk.ServerCallContext({
      ...(typeof version === 'string' ? { requestedVersion: version } : {}),
      state: new Map([[goneKey, signal]]),
    })
    sdk.validateVersion(context.requestedVersion, card, 'JSONRPC')
    const reply = await transport.handle(text, context)
    if (!(Symbol.asyncIterator in reply)) return { kind: 'json', status: 200, body: reply }
    return await streamOf(sdk, reply, text)
  } catch (thrown) {
    return { kind: 'json', status: 200, body: errorOf(sdk, text, thrown) }
  }
}

type Responses = AsyncGenerator<unknown, void, undefined>

/** A stream that fails before its first answer is one answer: the error. */
async function streamOf(
  sdk: A2aServerSdk,
  responses: Responses,
  text: string,
): Promise<MountAnswer> {
  const first = await responses.next()
  const frames = async function* (): AsyncGenerator<string, void, undefined> {
    if (first.done === true) return
    yield sdk.formatSSEEvent(first.value)
    try {
      for await (const response of responses) yield sdk.formatSSEEvent(response)
    } catch (thrown) {
      yield sdk.formatSSEEvent(errorOf(sdk, text, thrown))
    }
  }
  return { kind: 'events', frames: frames() }
}

function errorOf(sdk: A2aServerSdk, text: string, thrown: unknown): object {
  const error = sdk.JsonRpcTransportHandler.mapToJSONRPCError(thrown)
  return { jsonrpc: '2.0', id: idOf(text), error }
}

function idOf(text: string): string | number | null {
  try {
    const { id } = JSON.parse(text) as { readonly id?: unknown }
    return typeof id === 'string' || typeof id === 'number' ? id : null
  } catch {
    return null // a body that is no JSON has no id
  }
}

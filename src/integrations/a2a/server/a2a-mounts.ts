import type { HttpMount, MountAnswer, MountRequest } from '../../../core/contracts/http-mount.ts'
import { type A2aServerSdk, loadA2aServer } from '../load.ts'
import { agentCard } from './agent-card.ts'
import { ExecutionHandler, goneKey } from './execution-handler.ts'
import { everything, oneAgent, oneWorkflow, type ServedAgent } from './served-agent.ts'
import type { TaskHost } from './task-host.ts'

const cardPath = '/.well-known/agent-card.json'
const versionHeader = 'a2a-version'

/**
 * A2A 1.0 over JSON-RPC: everything as the skills of one agent at `/a2a`, each workflow as an agent of its own at
 * `/a2a/{name}`, and each agent of the registry at `/a2a/agents/{id}`. Cards are public, everything else needs the
 * owner's token. The SDK is loaded by the first request.
 */
export function a2aMounts(host: TaskHost): readonly HttpMount[] {
  return [
    ...mountsOf(host, '', () => everything(host.skills())),
    ...mountsOf(host, '/{name}', ({ name = '' }) => oneWorkflow(host.skills(), name)),
    ...mountsOf(host, '/agents/{id}', ({ id = '' }) => oneAgent(host.skills(), id)),
  ]
}

/** @param below of `/a2a`; the card of all is where clients look for it first */
function mountsOf(
  host: TaskHost,
  below: string,
  find: (params: MountRequest['params']) => ServedAgent,
): readonly HttpMount[] {
  const showCard = async ({ params, origin }: MountRequest): Promise<MountAnswer> => {
    const sdk = await loadA2aServer()
    const body = sdk.AgentCard.toJSON(agentCard(find(params), origin))
    return { kind: 'json', status: 200, body }
  }
  const answer = async (request: MountRequest): Promise<MountAnswer> =>
    speak(await loadA2aServer(), { host, agent: find(request.params), request })
  const cardAt = below === '' ? cardPath : `/a2a${below}${cardPath}`
  return [
    { method: 'GET', path: cardAt, isPublic: true, handle: showCard },
    { method: 'POST', path: `/a2a${below}`, isPublic: false, handle: answer },
  ]
}

async function speak(
  sdk: A2aServerSdk,
  {
    host,
    agent,
    request,
  }: { readonly host: TaskHost; readonly agent: ServedAgent; readonly request: MountRequest },
): Promise<MountAnswer> {
  const { text, headers, signal, origin } = request
  const card = agentCard(agent, origin)
  const { skills } = agent
  const transport = new sdk.JsonRpcTransportHandler(
    new ExecutionHandler({ sdk, host, card, skills }),
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

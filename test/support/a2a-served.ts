import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Message, Role, type SendMessageRequest, type Task } from '@a2a-js/sdk'
import {
  type Client,
  ClientFactory,
  createAuthenticatingFetchWithRetry,
  DefaultAgentCardResolver,
  JsonRpcTransportFactory,
} from '@a2a-js/sdk/client'
import { type RunningAura, startAura } from '../cli-process.ts'

export interface Served {
  readonly folder: string
  readonly url: string
  readonly token: string
  readonly process: RunningAura
}

/** `aura serve` with the agents of `agents.ts` and every workflow in the folder. */
export async function serveFolder(folder: string): Promise<Served> {
  const words = ['serve', '--port', '0', '--json', '--agents', 'agents.ts', '--workflows', '.']
  const process = startAura(folder, words)
  const { url } = JSON.parse(await process.prints(/^.*\n/)) as { readonly url: string }
  const owner = readFileSync(join(folder, '.aura', 'aura.db.owner'), 'utf8')
  return { folder, url, process, token: (JSON.parse(owner) as { readonly token: string }).token }
}

/** The official client, which learns from the card where to go. */
export async function clientOf({ url, token }: Served, path = ''): Promise<Client> {
  const headers = async () => ({ authorization: `Bearer ${token}` })
  const fetchImpl = createAuthenticatingFetchWithRetry(fetch, {
    headers,
    shouldRetryWithHeaders: async () => undefined,
  })
  const factory = new ClientFactory({
    transports: [new JsonRpcTransportFactory({ fetchImpl })],
    cardResolver: new DefaultAgentCardResolver(),
  })
  return factory.createFromUrl(`${url}${path}/.well-known/agent-card.json`, '')
}

export function messageOf(
  messageId: string,
  data: object,
  more: Partial<Message> = {},
): SendMessageRequest {
  const part = { content: { $case: 'data' as const, value: data }, ...noMore }
  return {
    tenant: '',
    configuration: undefined,
    metadata: undefined,
    message: {
      messageId,
      contextId: '',
      taskId: '',
      role: Role.ROLE_USER,
      parts: [part],
      metadata: undefined,
      extensions: [],
      referenceTaskIds: [],
      ...more,
    },
  }
}

export const atOnce = {
  acceptedOutputModes: [],
  taskPushNotificationConfig: undefined,
  returnImmediately: true,
}
const noMore = { metadata: undefined, filename: '', mediaType: '' }
export const taskOf = (id: string) => ({ tenant: '', id, metadata: undefined })
export const dataOf = ({ artifacts }: Task): unknown =>
  artifacts[0]?.parts.find(({ content }) => content?.$case === 'data')?.content?.value

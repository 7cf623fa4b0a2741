import { OrchestrationError } from '../../core/errors.ts'

type ClientModule = typeof import('@a2a-js/sdk/client')
type ServerModule = typeof import('@a2a-js/sdk/server')
type RootModule = typeof import('@a2a-js/sdk')

/** What this room uses of `@a2a-js/sdk` to be a client. */
export interface A2aClientSdk extends Pick<RootModule, 'Role' | 'TaskState'> {
  readonly ClientFactory: ClientModule['ClientFactory']
  readonly DefaultAgentCardResolver: ClientModule['DefaultAgentCardResolver']
  readonly JsonRpcTransportFactory: ClientModule['JsonRpcTransportFactory']
  readonly RestTransportFactory: ClientModule['RestTransportFactory']
  readonly errors: typeof import('@a2a-js/sdk/errors')
}

/** What it uses to be a server. */
export interface A2aServerSdk extends Pick<
  RootModule,
  'AgentCard' | 'formatSSEEvent' | 'Role' | 'SSE_HEADERS' | 'TaskState'
> {
  readonly JsonRpcTransportHandler: ServerModule['JsonRpcTransportHandler']
  readonly ServerCallContext: ServerModule['ServerCallContext']
  readonly validateVersion: ServerModule['validateVersion']
  readonly errors: typeof import('@a2a-js/sdk/errors')
}

/**
 * The client half of the SDK, loaded when it is first needed.
 *
 * @param load for tests. @throws UsageError that says what to install when it is not there
 */
export function loadA2aClient(
  load: () => Promise<A2aClientSdk> = importClient,
): Promise<A2aClientSdk> {
  return installed(load)
}

/** As `loadA2aClient`, the server half. */
export function loadA2aServer(): Promise<A2aServerSdk> {
  return installed(importServer)
}

async function importClient(): Promise<A2aClientSdk> {
  const [root, client, errors] = await Promise.all([
    import('@a2a-js/sdk'),
    import('@a2a-js/sdk/client'),
    import('@a2a-js/sdk/errors'),
  ])
  return { ...root, ...client, errors }
}

async function importServer(): Promise<A2aServerSdk> {
  const [root, server, errors] = await Promise.all([
    import('@a2a-js/sdk'),
    import('@a2a-js/sdk/server'),
    import('@a2a-js/sdk/errors'),
  ])
  return { ...root, ...server, errors }
}

async function installed<T>(load: () => Promise<T>): Promise<T> {
  try {
    return await load()
  } catch (thrown) {
    const code = (thrown as { readonly code?: unknown } | null)?.code
    if (code !== 'ERR_MODULE_NOT_FOUND') throw thrown
    throw new OrchestrationError('UsageError', 'the package @a2a-js/sdk 1.3.0 is not installed', {
      hint: 'npm install @a2a-js/sdk@1.3.0',
      cause: thrown,
    })
  }
}

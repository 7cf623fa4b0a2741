import { loadOptional } from '../../core/optional-package.ts'

const packages = ['@a2a-js/sdk@1.3.0'] as const

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
  return loadOptional(packages, load)
}

/** As `loadA2aClient`, the server half. */
export function loadA2aServer(): Promise<A2aServerSdk> {
  return loadOptional(packages, importServer)
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

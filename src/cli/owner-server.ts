import { randomBytes } from 'node:crypto'
import { isOrchestrationError, messageOf, OrchestrationError } from '../core/errors.ts'
import type { Logger } from '../core/logger.ts'
import { openLook } from '../engine/index.ts'
import type { OpenedEngine, WorkflowEngine } from '../engine/index.ts'
import type { ProcessTelemetry } from '../observability/index.ts'
import { startControlServer } from '../server/index.ts'
import type { ApiServer, ApiServerOptions, Readiness } from '../server/index.ts'
import type { OwnerInfo } from '../storage/index.ts'
import type { CommandContext } from './command-context.ts'
import { openJournal } from './journal-file.ts'
import { fileLetters } from './queue-letters.ts'
import { registeredDocuments } from './registered-documents.ts'

/** Where requests are taken, and the secret that they carry; null: a new one. */
export interface ListenAt {
  readonly host: string
  readonly port: number
  readonly token: string | null
}

export interface OwnerServerParts {
  readonly opened: OpenedEngine
  /** What answers requests; default the opened engine itself. */
  readonly engine?: WorkflowEngine
  readonly telemetry: ProcessTelemetry
  readonly logger: Logger
  readonly kind: OwnerInfo['kind']
  /** Default: 127.0.0.1, on a port that the system chooses. */
  readonly listen?: ListenAt
  /** Default: ready. */
  readonly readiness?: () => Readiness
  /** Default: routes nothing. */
  readonly route?: NonNullable<ApiServerOptions['route']>
  /** Default: no other protocol. */
  readonly mounts?: NonNullable<ApiServerOptions['mounts']>
}

/**
 * Opens the owner's API, so that other processes steer this one, and tells them where it listens.
 *
 * @throws OwnerError when the port is taken or the address is not this machine's
 */
export async function openOwnerServer(
  context: CommandContext,
  parts: OwnerServerParts,
): Promise<ApiServer> {
  const { opened, telemetry, logger, kind, listen, readiness } = parts
  const { agents, database } = opened
  const { databasePath: path, clock } = context
  const token = listen?.token ?? randomBytes(32).toString('base64url')
  const options: ApiServerOptions = {
    engine: parts.engine ?? opened.engine,
    token,
    logger,
    clock,
    kind,
    readiness: () => {
      const { stalled } = opened.engine
      if (stalled !== null) return { isReady: false, reason: stalled.message }
      return readiness?.() ?? { isReady: true, reason: null }
    },
    metrics: { text: () => telemetry.metricsText(), contentType: telemetry.metricsContentType },
    list: (filter) => {
      using file = openJournal(path)
      return file.journal.list(filter)
    },
    log: (executionId, afterSeq) => {
      const look = openLook(path)
      try {
        return look.log(executionId, afterSeq)
      } finally {
        look.close()
      }
    },
    agents: () => agents.list(),
    watch: () => agents.watch,
    ...(parts.route === undefined ? {} : { route: parts.route }),
    ...(parts.mounts === undefined ? {} : { mounts: parts.mounts }),
    ...(database === null ? {} : { queueLetters: fileLetters(opened, database, clock) }),
    workflows: (name) => registeredDocuments(path, name),
    startDocument: (document, options) => opened.engine.startDocument(document, options),
  }
  const server = await startAt(options, listen)
  const startedAtMs = clock.nowMs()
  const { port } = server.local
  database?.publishOwner({ pid: process.pid, port, token, kind, startedAtMs })
  return server.api
}

/** Addresses that also answer on 127.0.0.1, where verbs look for an owner. */
const localHosts: ReadonlySet<string> = new Set(['127.0.0.1', '0.0.0.0', '::'])

/** Listens where it is told, and beside that on 127.0.0.1 where verbs could not reach it otherwise. */
export async function startAt(
  options: ApiServerOptions,
  listen: Pick<ListenAt, 'host' | 'port'> | undefined,
): Promise<{ readonly api: ApiServer; readonly local: ApiServer }> {
  if (listen === undefined) {
    const api = await startControlServer(options)
    return { api, local: api }
  }
  const { host, port } = listen
  const api = await startControlServer({ ...options, host, port }).catch((thrown: unknown) => {
    throw cannotListen(thrown, listen)
  })
  if (localHosts.has(listen.host)) return { api, local: api }
  const local = await startControlServer(options)
  const both = [api, local]
  return {
    local,
    api: {
      host: api.host,
      port: api.port,
      drain: () => both.forEach((server) => server.drain()),
      close: async () => void (await Promise.all(both.map((server) => server.close()))),
    },
  }
}

/** What is recorded is recorded: trouble on the way out is told, and changes nothing of how it ended. */
export async function closeEngine({ engine }: OpenedEngine, logger: Logger): Promise<void> {
  try {
    await engine.close()
  } catch (thrown) {
    logger.log('warn', 'the engine did not close as it should', { error: messageOf(thrown) })
  }
}

function cannotListen(
  thrown: unknown,
  { host, port }: { readonly host: string; readonly port: number },
): unknown {
  const cause = isOrchestrationError(thrown) ? thrown.cause : thrown
  if (!(cause instanceof Error) || !('code' in cause)) return thrown
  const reasons: Readonly<Record<string, readonly [why: string, hint: string]>> = {
    EADDRINUSE: ['another process listens there', 'stop it, or take another port with --port'],
    EACCES: ['this user may not', 'take a port from 1024 on with --port'],
    EADDRNOTAVAIL: ['this machine has no such address', 'correct --host'],
    ENOTFOUND: ['there is no such host', 'correct --host'],
  }
  const [why, hint] = reasons[String(cause.code)] ?? [messageOf(cause), 'see --port and --host']
  return new OrchestrationError('OwnerError', `cannot listen on ${host}:${port}: ${why}`, {
    retryable: true,
    hint,
    details: { host, port },
    cause,
  })
}

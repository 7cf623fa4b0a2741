import type {
  QueueDesk,
  QueueLetter,
  QueueLetterPlace,
  QueueLetterWithEvent,
} from '../core/contracts/queue-letter.ts'
import type { AgentListing, AgentWatch } from '../agents/index.ts'
import type { Clock } from '../core/clock.ts'
import type { HttpMount } from '../core/contracts/http-mount.ts'
import type { Logger } from '../core/logger.ts'
import type {
  ExecuteOptions,
  ExecutionFilter,
  ExecutionRow,
  LogEntry,
  WorkflowEngine,
} from '../engine/index.ts'
import type { PlacementView } from '../placement/index.ts'
import type { RouteAnswer, RouteTask } from '../semantic/index.ts'
import type { WorkflowDocument } from '../workflow/index.ts'

/** Whether the process does its work at present. */
export interface Readiness {
  readonly isReady: boolean
  /** Why it is not; null when it is. */
  readonly reason: string | null
}

/** A task to route. */
export interface RouteRequest extends RouteTask {
  readonly isExplained: boolean
  /** The agent that did the task to somebody's satisfaction; null to ask only. */
  readonly accept: string | null
}

/** An execution of a list. */
export type ListedRow = Pick<
  ExecutionRow,
  | 'execution'
  | 'executionId'
  | 'workflow'
  | 'version'
  | 'status'
  | 'metadata'
  | 'startedAtMs'
  | 'endedAtMs'
>

/** How the work of an installation is shared, as one of its instances sees it. */
export interface PlacementReport extends PlacementView {
  /** The instance that answers. */
  readonly instance: string
  readonly shards: number
  /** What the names of the shards' task queues begin with. */
  readonly taskQueue: string
}

/**
 * What the server serves. It opens no files: what it reads besides the engine is given to it. The
 * requests of an optional part that is not given are answered with 501.
 */
export interface ApiServerOptions {
  readonly engine: WorkflowEngine
  /** Secret that every request must carry as a bearer token, but those for `/healthz`, `/readyz`, `/metrics` and `/openapi.json`. */
  readonly token: string
  /** The executions of the file that the filter names, newest first. */
  list(filter: ExecutionFilter): readonly ListedRow[] | Promise<readonly ListedRow[]>
  /** What `/metrics` answers. */
  readonly metrics: { text(): Promise<string>; readonly contentType: string }
  readonly logger: Logger
  readonly clock: Clock
  /**
   * Who the owner of the file is. `run` (the default) drives one execution and takes no others; it loads
   * what answers requests when the first one comes, so that nobody waits for it who never asks.
   */
  readonly kind?: 'run' | 'serve'
  /** Default `127.0.0.1`. On a loopback address only requests to a loopback name are answered. */
  readonly host?: string
  /** Default 0: one that the system chooses. */
  readonly port?: number
  /**
   * What is recorded of an execution after the event `afterSeq` (default 0), at least; what comes before
   * it is dropped. Serves the events of one execution.
   *
   * @throws NotFoundError
   */
  log?(executionId: string, afterSeq?: number): readonly LogEntry[] | Promise<readonly LogEntry[]>
  /**
   * For an engine that tells nobody what happens (its `subscribe` is refused): an execution that somebody follows
   * is asked by `log` so often. The events of all executions are then not offered. Default: the engine tells.
   */
  readonly eventsEveryMs?: number
  /** Serves `/v1/agents`. */
  agents?(): readonly AgentListing[]
  /** Keeps new work from agents, and lets it come again; null while nobody watches them. */
  watch?(): Pick<AgentWatch, 'quarantine' | 'release'> | null
  /** Routes a task, after learning that `accept` is the agent for it when that is given. Serves `/v1/route`. */
  route?(asked: RouteRequest): Promise<RouteAnswer>
  /**
   * Every registered document, or those of one name, in the order of their registration. Serves
   * `/v1/workflows`, and with `startDocument` starts by name.
   */
  workflows?(name?: string): readonly WorkflowDocument[] | Promise<readonly WorkflowDocument[]>
  /** Starts a registered document; as `EmbeddedEngine.startDocument`. */
  startDocument?(document: WorkflowDocument, options: ExecuteOptions): Promise<string>
  /** Dead letters of the file's work queues, at most `limit`, the oldest first. Default: there are none. */
  readonly queueLetters?: QueueDesk & {
    list(limit: number): readonly QueueLetter[]
    find(place: QueueLetterPlace): QueueLetterWithEvent | undefined
  }
  /** Which instance has which shard, where several share the work. Serves `/v1/placement`. */
  placement?(): PlacementReport
  /** Protocols beside its own API, under the same token. Default none. */
  readonly mounts?: readonly HttpMount[]
  /** What `/readyz` says while the server takes requests. Default: ready. */
  readiness?(): Readiness
}

/** A server that takes requests. */
export interface ApiServer {
  /** As bound; with the option 0 the one that the system chose. */
  readonly port: number
  readonly host: string
  /**
   * From now on `/readyz` answers 503, and starts, forks, redrives and events are refused, so that
   * nothing new begins while the process goes down. Everything else is answered.
   */
  drain(): void
  /** Takes no connections, tells followers goodbye and lets requests under way finish, for at most 2 s. */
  close(): Promise<void>
}

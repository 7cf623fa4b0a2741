import { systemClock, type Clock } from '../core/clock.ts'
import type { MeshPort } from '../core/contracts/mesh.ts'
import type { NestedCaller } from '../core/contracts/nested-call.ts'
import { silentLogger, type Logger } from '../core/logger.ts'
import { environmentVariable } from '../core/environment.ts'
import { systemRandom, type Random } from '../core/random.ts'
import type { RecordStore } from '../core/contracts/record-store.ts'
import type { Database } from '../storage/index.ts'
import type { BreakerState } from './circuit-breaker.ts'
import type { BaseAgent } from './base-agent.ts'
import type { AgentCall } from './call.ts'
import type { CallOutcome } from './contract.ts'
import type { Memories } from './memory/memories.ts'

/** A span around one call. */
export interface CallSpan {
  /** W3C trace context header for transports that leave the process; null sends none. */
  readonly traceparent: string | null
  end(outcome: CallOutcome): void
}

/** Makes spans for the calls that an agent's `traceSampleRatio` picks. */
export interface CallTracer {
  start(agentId: string, action: string, call: AgentCall): CallSpan
}

/** Hears what `ctx.progress` reports; `fraction` is in 0..1. */
export type ProgressListener = (call: AgentCall, fraction: number, note: string | null) => void

/** What agents are given by the process they run in. */
export interface AgentHost {
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  /** Null makes no spans. */
  readonly tracer: CallTracer | null
  readonly onProgress: ProgressListener | null
  /** Whether the process is to take nothing more on: then pools serve the oldest execution first. */
  readonly isFull: () => boolean
  /** Hears each change of an agent's circuit breaker. */
  readonly onBreaker: ((agentId: string, state: BreakerState) => void) | null
  /** Makes the calls of `ctx.call`; null refuses them. */
  readonly caller: NestedCaller | null
  /** The agent of an id or type, as its registry resolves it; undefined for an unknown name. */
  readonly find: (name: string) => BaseAgent | undefined
  /** A secret by its name; undefined where there is none. Default an environment variable. */
  readonly secret: (name: string) => string | undefined
  /** Over which agents of the transport `mesh` are called; null when there is none. */
  readonly mesh: () => MeshPort | null
  /** The file of the engine; null where everything is in memory. */
  readonly database: () => Database | null
  /** Where graphs keep their threads, for all processes that run them; null: in the file. */
  readonly threads: () => RecordStore | null
  /** What all its agents remember; null before the engine is there, and outside of one. */
  readonly memories: () => Memories | null
}

/** The computer's clock and randomness, no logs, no spans. */
export const defaultHost: AgentHost = {
  clock: systemClock,
  random: systemRandom,
  logger: silentLogger,
  tracer: null,
  onProgress: null,
  isFull: () => false,
  onBreaker: null,
  caller: null,
  find: () => undefined,
  secret: environmentVariable,
  mesh: () => null,
  database: () => null,
  threads: () => null,
  memories: () => null,
}

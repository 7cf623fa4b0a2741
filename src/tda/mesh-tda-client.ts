import type { z } from 'zod'
import type { Clock } from '../core/clock.ts'
import { type CloudEvent, type EventSink, type EventSource } from '../core/contracts/events.ts'
import type { Telemetry } from '../core/contracts/telemetry.ts'
import { type TdaContext, type TdaContextSource, unavailableTda } from '../core/contracts/tda.ts'
import { parseDuration } from '../core/duration.ts'
import { OrchestrationError } from '../core/errors.ts'
import type { Logger } from '../core/logger.ts'
import { limits } from '../core/limits.ts'
import { AnomalyFeed, anomalyEvents } from './anomaly-feed.ts'
import { type Anomaly, anomalySchema } from './anomaly.ts'
import { describeTda } from './describe.ts'
import {
  patternSchema,
  resultSchema,
  type TdaClient,
  type TdaPattern,
  type TdaResult,
  tdaTypes,
} from './tda-client.ts'

export interface MeshTdaClientOptions {
  /** In the process it is the embedded system's, over a broker that of one far away. */
  readonly mesh: EventSource & EventSink
  readonly clock: Clock
  readonly logger: Logger
  /** How far back `current` looks for patterns, such as `30m`. Default `1h`. */
  readonly contextWindow?: string
  /** As of an `AnomalyFeed`. */
  readonly telemetry?: Pick<Telemetry, 'cacheRead'>
}

const defaultContextWindow = '1h'

interface Reported {
  readonly pattern: TdaPattern
  readonly atMs: number
}

/** A TDA system that is heard and told over a mesh; it can be the `tda` of an engine or a worker. */
export class MeshTdaClient implements TdaClient, TdaContextSource {
  readonly #options: MeshTdaClientOptions
  readonly #feed: AnomalyFeed
  readonly #windowMs: number
  readonly #patterns = new Map<string, Reported>()
  readonly #handlers = new Set<(anomaly: Anomaly) => void>()
  readonly #told = new Set<string>()
  #subscriptions: readonly { stop(): Promise<void> }[] = []

  private constructor(options: MeshTdaClientOptions) {
    this.#options = options
    this.#windowMs = expectWindow(options.contextWindow ?? defaultContextWindow)
    this.#feed = new AnomalyFeed(options)
  }

  /**
   * Resolves when everything is heard that is reported from now on.
   *
   * @throws UsageError for a window that is no duration; as `EventSource.subscribe`
   */
  static async open(options: MeshTdaClientOptions): Promise<MeshTdaClient> {
    const client = new MeshTdaClient(options)
    const { mesh } = options
    await client.#feed.attach(mesh)
    client.#subscriptions = await Promise.all([
      mesh.subscribe(anomalyEvents.detected, async (event) => client.#tell(event)),
      mesh.subscribe(tdaTypes.patterns, async (event) => client.#pattern(event)),
    ])
    return client
  }

  /** As `AnomalyFeed.take`, for an event that was heard elsewhere before. */
  take(event: CloudEvent): void {
    this.#feed.take(event)
  }

  /** The anomalies in force, and the patterns of the last `contextWindow`; their surest is the confidence. */
  current(): TdaContext {
    const context = this.#feed.current()
    if (!context.available) return context
    const patterns = this.#patternsWithin(this.#windowMs).slice(0, limits.contextAnomaliesMax)
    return {
      ...context,
      windowId: context.windowId ?? patterns[0]?.windowId ?? null,
      patternConfidence: patterns[0]?.confidence ?? 0,
      patterns,
    }
  }

  onChange(listener: (context: TdaContext) => void): () => void {
    return this.#feed.onChange(() => listener(this.current()))
  }

  async getCurrentPatterns(windowMs: number): Promise<readonly TdaPattern[]> {
    return this.#patternsWithin(windowMs)
  }

  async getCurrentAnomalies(
    filter: Parameters<TdaClient['getCurrentAnomalies']>[0] = {},
  ): Promise<readonly Anomaly[]> {
    const { sinceMs = -Infinity, minSeverity = 0, source } = filter
    return this.#inForce().filter(
      (anomaly) =>
        anomaly.t1Ms >= sinceMs &&
        anomaly.severity >= minSeverity &&
        (source === undefined || anomaly.source === source),
    )
  }

  async getContext(correlationId: string): Promise<TdaContext> {
    const context = this.#feed.current()
    const belongs = (one: { readonly correlationId?: unknown }): boolean =>
      one.correlationId === correlationId
    const anomalies = context.anomalies.filter(belongs)
    const patterns = [...this.#patterns.values()].map(({ pattern }) => pattern).filter(belongs)
    const [strongest] = anomalies as unknown as readonly Anomaly[]
    if (strongest === undefined && patterns.length === 0) return unavailableTda
    return {
      ...context,
      correlationId,
      windowId: strongest?.windowId ?? patterns[0]?.windowId ?? null,
      anomalySeverity: strongest?.severity ?? 0,
      patternConfidence: Math.max(0, ...patterns.map(({ confidence }) => confidence)),
      anomalies,
      patterns,
    }
  }

  async analyzeCurrentPatterns(query: string): Promise<string> {
    const patterns = await this.getCurrentPatterns(limits.anomalyInForceMs)
    return describeTda(query, { anomalies: this.#inForce(), patterns })
  }

  onAnomaly(handler: (anomaly: Anomaly) => void): () => void {
    this.#handlers.add(handler)
    return () => void this.#handlers.delete(handler)
  }

  async sendResult(result: TdaResult): Promise<void> {
    const read = resultSchema.safeParse(result)
    if (!read.success) throw notValid('result', read.error)
    const { clock, mesh } = this.#options
    const { correlationId, executionId } = read.data
    await mesh.publish({
      // A result that is sent again is the same one.
      id: `${executionId}/${read.data.status}`,
      source: `/executions/${executionId}`,
      type: tdaTypes.result,
      time: new Date(clock.nowMs()).toISOString(),
      subject: null,
      correlationid: correlationId,
      data: read.data,
    })
  }

  async close(): Promise<void> {
    await this.#feed.close()
    await Promise.all(this.#subscriptions.map((subscription) => subscription.stop()))
  }

  #patternsWithin(windowMs: number): readonly TdaPattern[] {
    const sinceMs = this.#options.clock.monotonicMs() - windowMs
    return [...this.#patterns.values()]
      .filter(({ atMs }) => atMs >= sinceMs)
      .map(({ pattern }) => pattern)
      .sort((a, b) => b.confidence - a.confidence)
  }

  #inForce(): readonly Anomaly[] {
    return this.#feed.current().anomalies as unknown as readonly Anomaly[]
  }

  #tell({ data }: CloudEvent): void {
    // What the feed refuses is no anomaly for anybody.
    const read = anomalySchema
      .pick({ windowId: true, source: true, column: true })
      .partial({ column: true })
      .safeParse(data)
    if (!read.success) return
    const key = JSON.stringify([read.data.source, read.data.column, read.data.windowId])
    if (this.#told.has(key)) return
    this.#told.add(key)
    if (this.#told.size > limits.eventsKnownMax) {
      const [oldest = ''] = this.#told
      this.#told.delete(oldest)
    }
    for (const handler of this.#handlers) handler(data as unknown as Anomaly)
  }

  #pattern({ data }: CloudEvent): void {
    const read = patternSchema.safeParse(data)
    if (!read.success) throw notValid('pattern', read.error)
    const pattern = read.data
    const key = JSON.stringify([pattern.source, pattern.column])
    this.#patterns.delete(key)
    this.#patterns.set(key, { pattern, atMs: this.#options.clock.monotonicMs() })
    if (this.#patterns.size <= limits.anomaliesMax) return
    const [oldest = ''] = this.#patterns.keys()
    this.#patterns.delete(oldest)
  }
}

function notValid(what: string, { issues: [issue] }: z.ZodError): OrchestrationError {
  const where = issue?.path.map(String).join('.') ?? ''
  return new OrchestrationError('InputError', `this is no ${what}: ${where}: ${issue?.message}`, {
    hint: 'see schema/ for the shapes of what a TDA system and Aura tell each other',
  })
}

function expectWindow(text: string): number {
  const ms = parseDuration(text)
  if (ms !== undefined && ms > 0) return ms
  throw new OrchestrationError('UsageError', `contextWindow is '${text}'; it is no duration`, {
    hint: 'write it as 30m, 1h or 1d',
  })
}

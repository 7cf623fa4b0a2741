import type { z } from 'zod'
import type { Clock } from '../core/clock.ts'
import { type CloudEvent, type EventSink, type EventSource } from '../core/contracts/events.ts'
import { type TdaContext, unavailableTda } from '../core/contracts/tda.ts'
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
}

interface Reported {
  readonly pattern: TdaPattern
  readonly atMs: number
}

/** A TDA system that is heard and told over a mesh. */
export class MeshTdaClient implements TdaClient {
  readonly #options: MeshTdaClientOptions
  readonly #feed: AnomalyFeed
  readonly #patterns = new Map<string, Reported>()
  readonly #handlers = new Set<(anomaly: Anomaly) => void>()
  readonly #told = new Set<string>()
  #subscriptions: readonly { stop(): Promise<void> }[] = []

  private constructor(options: MeshTdaClientOptions) {
    this.#options = options
    this.#feed = new AnomalyFeed(options)
  }

  /** Resolves when everything is heard that is reported from now on. @throws as `EventSource.subscribe` */
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

  async getCurrentPatterns(windowMs: number): Promise<readonly TdaPattern[]> {
    const sinceMs = this.#options.clock.monotonicMs() - windowMs
    return [...this.#patterns.values()]
      .filter(({ atMs }) => atMs >= sinceMs)
      .map(({ pattern }) => pattern)
      .sort((a, b) => b.confidence - a.confidence)
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

import { z } from 'zod'
import type { Clock } from '../core/clock.ts'
import { type CloudEvent, type EventSource, readCloudEvent } from '../core/contracts/events.ts'
import { silentTelemetry, type Telemetry } from '../core/contracts/telemetry.ts'
import { type TdaContext, type TdaContextSource, unavailableTda } from '../core/contracts/tda.ts'
import { messageOf, OrchestrationError } from '../core/errors.ts'
import type { JsonObject, JsonValue } from '../core/json.ts'
import { limits } from '../core/limits.ts'
import type { Logger } from '../core/logger.ts'
import { anomalyBarsMax, anomalySchema } from './anomaly.ts'

/** The CloudEvents types that the feed takes. */
export const anomalyEvents = {
  detected: 'tda.anomaly.detected',
  cleared: 'tda.anomaly.cleared',
} as const

/** Names of features that one anomaly may have. */
const featuresMax = 100
/** Events that are remembered as taken. */
const takenMax = 10_000
const name = z.string().min(1).max(1_024)

/** An anomaly as the feed takes it: a TDA service may know other kinds, and need not send diagrams. */
const detectedSchema = anomalySchema
  .extend({
    windowId: name,
    source: name,
    column: z.string().max(1_024).nullable().default(null),
    kind: name,
    diagram: anomalySchema.shape.diagram.default([]),
    features: z
      .record(name, z.number())
      .refine((features) => Object.keys(features).length <= featuresMax, {
        error: `at most ${featuresMax} features`,
      })
      .default({}),
    correlationId: name.nullable().optional(),
  })
  .refine(({ t0Ms, t1Ms }) => t0Ms <= t1Ms, { path: ['t1Ms'], error: 't1Ms is before t0Ms' })
const clearedSchema = z.object({ source: name })

interface InForce {
  readonly data: JsonObject
  readonly source: string
  readonly windowId: string
  readonly correlationId: string
  readonly severity: number
  /** Monotonic. */
  readonly arrivedMs: number
  readonly untilMs: number
}

/**
 * The anomalies in force, as they are reported by events. An anomaly is in force for `anomalyInForceMs` from
 * its arrival (from its end, where that lies ahead), or until its source is cleared. Until it is attached
 * the feed is unavailable.
 */
export class AnomalyFeed implements TdaContextSource {
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #telemetry: Pick<Telemetry, 'cacheRead'>
  /** By source and window; a later report of a window replaces the one before. */
  readonly #inForce = new Map<string, InForce>()
  readonly #taken = new Set<string>()
  readonly #listeners = new Set<(context: TdaContext) => void>()
  readonly #subscriptions: { stop(): Promise<void> }[] = []
  #isAttached = false
  #isClosed = false
  #cancel: (() => void) | null = null
  /** The anomalies in force by rank, until the first of them goes out of it or another one comes. */
  #ranked: { readonly anomalies: readonly InForce[]; readonly untilMs: number } | null = null

  /** @param options.telemetry is told of each look at the context whether the ranks were known; default nobody */
  constructor(options: {
    readonly clock: Clock
    readonly logger: Logger
    readonly telemetry?: Pick<Telemetry, 'cacheRead'>
  }) {
    this.#clock = options.clock
    this.#logger = options.logger
    this.#telemetry = options.telemetry ?? silentTelemetry
  }

  /** Takes the anomaly events of a source from now on. */
  async attach(source: EventSource): Promise<void> {
    const consumer = async (event: CloudEvent): Promise<void> => this.take(event)
    for (const type of Object.values(anomalyEvents))
      this.#subscriptions.push(await source.subscribe(type, consumer))
    if (this.#isAttached) return
    this.#isAttached = true
    this.#changed()
  }

  /**
   * Takes one event; of another type it is ignored, and so is a repeat by `source` and `id`. Makes the feed
   * available.
   *
   * @throws InputError naming what is wrong with the data; not retryable
   */
  take(event: CloudEvent): void {
    if (this.#isClosed) return
    const read = readCloudEvent(event)
    if (read.type !== anomalyEvents.detected && read.type !== anomalyEvents.cleared) return
    const key = JSON.stringify([read.source, read.id])
    const isRepeat = this.#taken.has(key)
    const change = isRepeat ? () => false : this.#read(read)
    this.#taken.delete(key)
    this.#taken.add(key)
    if (this.#taken.size > takenMax) this.#taken.delete(first(this.#taken.keys()))
    const wasAttached = this.#isAttached
    this.#isAttached = true
    if (change() || !wasAttached) this.#changed()
  }

  current(): TdaContext {
    if (!this.#isAttached) return unavailableTda
    const nowMs = this.#clock.monotonicMs()
    const ranked = this.#rankedAt(nowMs)
    const [strongest] = ranked
    return {
      correlationId: strongest?.correlationId ?? null,
      windowId: strongest?.windowId ?? null,
      patternConfidence: 0,
      anomalySeverity: strongest?.severity ?? 0,
      patterns: [],
      anomalies: ranked.slice(0, limits.contextAnomaliesMax).map(({ data }) => data),
      ageMs: strongest === undefined ? 0 : Math.round(nowMs - strongest.arrivedMs),
      available: true,
    }
  }

  onChange(listener: (context: TdaContext) => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /** Takes no more events of its sources, forgets what is in force, and is unavailable from now on. */
  async close(): Promise<void> {
    this.#cancel?.()
    this.#cancel = null
    this.#isAttached = false
    this.#isClosed = true
    this.#inForce.clear()
    this.#listeners.clear()
    await Promise.all(this.#subscriptions.splice(0).map((subscription) => subscription.stop()))
  }

  /** Reads an event; what it returns changes the anomalies in force, and says whether it did. */
  #read(event: CloudEvent): () => boolean {
    return event.type === anomalyEvents.detected ? this.#detected(event) : this.#cleared(event)
  }

  #detected({ id, data }: CloudEvent): () => boolean {
    const { correlationId, ...anomaly } = checked(detectedSchema, data, anomalyEvents.detected)
    return () => {
      const arrivedMs = this.#clock.monotonicMs()
      const aheadMs = anomaly.t1Ms - this.#clock.nowMs()
      const lengthMs = limits.anomalyInForceMs
      const key = JSON.stringify([anomaly.source, anomaly.column, anomaly.windowId])
      this.#inForce.delete(key)
      this.#inForce.set(key, {
        data: { ...anomaly, correlationId: correlationId ?? id },
        source: anomaly.source,
        windowId: anomaly.windowId,
        correlationId: correlationId ?? id,
        severity: anomaly.severity,
        arrivedMs,
        // A clock that is wrong at the sender's must not keep an anomaly in force for ever.
        untilMs: arrivedMs + lengthMs + Math.min(Math.max(aheadMs, 0), lengthMs),
      })
      if (this.#inForce.size > limits.anomaliesMax) this.#forgetWeakest()
      return true
    }
  }

  #cleared({ data }: CloudEvent): () => boolean {
    const { source } = checked(clearedSchema, data, anomalyEvents.cleared)
    return () => this.#remove((anomaly) => anomaly.source === source)
  }

  #forgetWeakest(): void {
    let weakest: readonly [string, InForce] | undefined
    for (const entry of this.#inForce) {
      if (weakest === undefined || byRank(entry[1], weakest[1]) > 0) weakest = entry
    }
    if (weakest === undefined) return
    const [key, { source, windowId, severity }] = weakest
    this.#inForce.delete(key)
    this.#logger.log('warn', 'an anomaly is forgotten: too many are in force', {
      source,
      windowId,
      severity,
      limit: 'anomaliesMax',
      max: limits.anomaliesMax,
    })
  }

  #remove(isGone: (anomaly: InForce) => boolean): boolean {
    const before = this.#inForce.size
    for (const [key, anomaly] of this.#inForce) if (isGone(anomaly)) this.#inForce.delete(key)
    return this.#inForce.size < before
  }

  #rankedAt(nowMs: number): readonly InForce[] {
    const known = this.#ranked
    const isKnown = known !== null && nowMs < known.untilMs
    this.#telemetry.cacheRead('tda_context', isKnown)
    if (isKnown) return known.anomalies
    const anomalies = [...this.#inForce.values()]
      .filter(({ untilMs }) => untilMs > nowMs)
      .sort(byRank)
    const untilMs = anomalies.reduce((first, one) => Math.min(first, one.untilMs), Infinity)
    this.#ranked = { anomalies, untilMs }
    return anomalies
  }

  #changed(): void {
    this.#ranked = null
    this.#arm()
    const context = this.current()
    for (const listener of this.#listeners) {
      try {
        listener(context)
      } catch (thrown) {
        const error = messageOf(thrown)
        this.#logger.log('error', 'a listener of the anomaly feed failed', { error })
      }
    }
  }

  /** Wakes when the next anomaly goes out of force. */
  #arm(): void {
    this.#cancel?.()
    this.#cancel = null
    let nextMs = Infinity
    for (const { untilMs } of this.#inForce.values()) nextMs = Math.min(nextMs, untilMs)
    if (nextMs === Infinity) return
    const delayMs = Math.max(0, Math.ceil(nextMs - this.#clock.monotonicMs()))
    this.#cancel = this.#clock.after(Math.min(delayMs, limits.timerArmMsMax), () => {
      this.#cancel = null
      const nowMs = this.#clock.monotonicMs()
      if (this.#remove(({ untilMs }) => untilMs <= nowMs)) this.#changed()
      else this.#arm()
    })
  }
}

/** The stronger one first, of equal ones the newer one. */
function byRank(a: InForce, b: InForce): number {
  return b.severity - a.severity || b.arrivedMs - a.arrivedMs
}

function first(keys: Iterable<string>): string {
  const [key = ''] = keys
  return key
}

/** @throws InputError with the first fault */
function checked<T>(schema: z.ZodType<T>, data: JsonValue, type: string): T {
  const parsed = schema.safeParse(data)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  const path = ['data', ...(issue?.path ?? [])].join('.')
  throw new OrchestrationError(
    'InputError',
    `the event '${type}' is not valid: ${path}: ${issue?.message ?? 'not valid'}`,
    {
      hint:
        type === anomalyEvents.cleared
          ? 'its data is { source }'
          : `its data is { windowId, source, t0Ms, t1Ms, kind, severity from 0 to 1, score, threshold } and optionally column, diagram (at most ${anomalyBarsMax} bars), features, correlationId`,
    },
  )
}

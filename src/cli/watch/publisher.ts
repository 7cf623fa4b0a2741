import type { CloudEvent } from '../../core/contracts/events.ts'
import { messageOf, OrchestrationError } from '../../core/errors.ts'
import type { JsonValue } from '../../core/json.ts'
import type { EventMesh } from '../../mesh/index.ts'
import { createLogger, createTelemetry } from '../../observability/index.ts'
import { patternPoints, type SeriesPoint, tdaTypes, windowPattern } from '../../tda/index.ts'
import type { CommandContext } from '../command-context.ts'
import { logLevelOf } from '../log-level.ts'
import { sharedMesh } from '../mesh.ts'
import type { Told, WatchedPoint } from './watched.ts'

/**
 * Publishes what is seen of a source to the topics of TDA: each anomaly when it begins, and the shape of every
 * 64 points of each column. The same window has the same id, so that a repeat starts nothing twice.
 */
export class WatchPublisher {
  readonly #mesh: EventMesh
  readonly #source: string
  readonly #context: CommandContext
  readonly #windows = new Map<string | null, SeriesPoint[]>()
  readonly #sending = new Set<Promise<void>>()
  /** Events that the mesh has accepted. */
  published = 0

  private constructor(context: CommandContext, mesh: EventMesh, source: string) {
    this.#context = context
    this.#mesh = mesh
    this.#source = source
  }

  /** @throws UsageError without `KAFKA_BROKERS`; as `sharedMesh` */
  static async open(context: CommandContext, source: string): Promise<WatchPublisher> {
    const { clock, env, stderr } = context
    const logger = createLogger({
      level: logLevelOf(env.AURA_LOG_LEVEL, 'warn'),
      stream: { write: (text) => stderr.write(text), isTTY: stderr.isTTY === true },
      clock,
    })
    const mesh = await sharedMesh(context, createTelemetry({ clock }), logger)
    if (mesh === null) throw noBroker()
    return new WatchPublisher(context, mesh, source)
  }

  take({ column, t, v }: WatchedPoint): void {
    const window = this.#windows.get(column) ?? []
    this.#windows.set(column, window)
    if (window.push({ t, v }) < patternPoints) return
    this.#windows.set(column, [])
    const pattern = windowPattern({ source: this.#source, column }, window)
    this.#send(tdaTypes.patterns, pattern.windowId, pattern)
  }

  /** Only its beginning: what starts a workflow is to be told while it can still help. */
  tell({ event, anomaly }: Told): void {
    if (event === 'opened') this.#send(tdaTypes.anomaly, anomaly.windowId, anomaly)
  }

  /** Resolves when everything is sent or was refused. */
  async close(): Promise<void> {
    await Promise.all(this.#sending)
    await this.#mesh.close()
  }

  #send(type: string, id: string, data: object): void {
    const event: CloudEvent = {
      id,
      type,
      source: `/tda/${this.#source}`,
      time: new Date(this.#context.clock.nowMs()).toISOString(),
      subject: null,
      partitionkey: this.#source,
      data: data as JsonValue,
    }
    const sending = this.#mesh
      .publish(event)
      .then(
        () => void this.published++,
        (thrown: unknown) =>
          this.#context.note(`'${type}' was not published: ${messageOf(thrown)}`),
      )
      .finally(() => this.#sending.delete(sending))
    this.#sending.add(sending)
  }
}

function noBroker(): OrchestrationError {
  return new OrchestrationError('UsageError', '--publish needs a mesh that other processes share', {
    hint: 'set KAFKA_BROKERS=host:port; on this machine: npm run services:up kafka',
  })
}

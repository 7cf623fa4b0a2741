import { jsonEqual, type JsonValue } from '../../core/json.ts'

/** What the world outside knows of one idempotency key. */
export interface KeyRecord {
  readonly stepId: string
  readonly index: number | null
  readonly input: JsonValue
  readonly agent: string
  readonly isOnce: boolean
  deliveries: number
  /** How often the effect really happened. */
  effects: number
  output: JsonValue
}

/** The world outside the engine: it alone knows what really happened, and nothing ever resets it. */
export class Outside {
  readonly keys = new Map<string, KeyRecord>()
  readonly faults: { readonly key: string; readonly property: string }[] = []

  /** A call has arrived. The same key must always mean the same call. */
  arrive(call: {
    readonly key: string
    readonly stepId: string
    readonly index: number | null
    readonly input: JsonValue
    readonly agent: string
    readonly isOnce: boolean
  }): KeyRecord {
    const { key, ...rest } = call
    const known = this.keys.get(key)
    if (known === undefined) {
      const record = { ...rest, deliveries: 1, effects: 0, output: null }
      this.keys.set(key, record)
      return record
    }
    if (known.stepId !== call.stepId || known.index !== call.index || known.agent !== call.agent) {
      this.faults.push({ key, property: 'keyMeansOneCall' })
    }
    if (!jsonEqual(known.input, call.input))
      this.faults.push({ key, property: 'inputStaysTheSame' })
    known.deliveries++
    return known
  }

  /** The effect happens. */
  perform(record: KeyRecord, output: JsonValue): void {
    record.effects++
    record.output = output
  }

  /** Effects of `once` calls that happened more than once. */
  doubled(): readonly string[] {
    return Array.from(this.keys)
      .filter(([, record]) => record.isOnce && record.effects > 1)
      .map(([key]) => key)
  }
}

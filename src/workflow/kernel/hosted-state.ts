import type { JsonValue } from '../../core/json.ts'
import type { PatternResult } from './events.ts'
import type { CallState, StepState } from './state.ts'

/** What a call knows for which a pattern works. */
export interface HostedState {
  /** Of the present poll, those of earlier fallbacks included, in the order in which they were wanted. */
  parts: CallState[]
  /** Parts of earlier polls. */
  partsBefore: number
  /** What the pattern came to; open parts that must not be lost are awaited then. */
  result: PatternResult | null
}

/** What a pattern wanted of a call, and what it got. */
export interface PartState {
  /** The call for which the pattern works. */
  readonly host: CallState
  readonly agent: string
  readonly action: string
  readonly note: JsonValue
  output: JsonValue
}

/** The part of that number; undefined when there is none (any more). */
export function findPart(host: CallState | undefined, part: number): CallState | undefined {
  const hosted = host?.hosted
  return hosted?.parts[part - hosted.partsBefore - 1]
}

/** Every call of a step that goes forward, those that patterns wanted behind the one they worked for. */
export function* callsOf(step: StepState): Generator<CallState, void> {
  for (const call of step.calls) {
    if (call === undefined) continue
    yield call
    if (call.hosted !== null) yield* call.hosted.parts
  }
}

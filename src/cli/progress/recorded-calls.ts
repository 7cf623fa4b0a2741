import type { JsonValue } from '../../core/json.ts'
import type { LogEntry } from '../../engine/index.ts'

/** The recorded output of the first call of each completed step, by what it was called with. */
export interface RecordedCall {
  readonly step: string
  readonly input: JsonValue
  readonly output: JsonValue
}

/** The calls without `forEach` that completed, with their input and raw output, in order of completion. */
export function recordedCalls(entries: readonly LogEntry[]): readonly RecordedCall[] {
  const inputs = new Map<string, JsonValue>()
  const calls: RecordedCall[] = []
  for (const { event } of entries) {
    if (event.kind === 'StepScheduled' && event.call !== undefined) {
      inputs.set(event.step, event.call.input ?? {})
    } else if (
      event.kind === 'CallCompleted' &&
      event.index === undefined &&
      event.undo === undefined
    ) {
      const output = event.raw ?? event.output
      calls.push({ step: event.step, input: inputs.get(event.step) ?? {}, output })
    }
  }
  return calls
}

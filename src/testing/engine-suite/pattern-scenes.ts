import type { ErrorJson } from '../../core/errors.ts'
import type { JsonObject, JsonValue } from '../../core/json.ts'
import type { RunView } from '../../engine/index.ts'
import type { StepData } from '../../workflow/index.ts'

/** The agents that patterns call here, in this order. */
export const three = ['worker', 'backup', 'narrow']
/** No second attempt. */
export const once = { maxAttempts: 1 }

/** A step that calls `write` of `three` by a pattern. */
export function pattern(
  name: 'pipeline' | 'fanOut' | 'consensus' | 'hierarchical',
  rest: JsonObject = {},
): StepData {
  return { pattern: name, agents: three, action: 'write', ...rest }
}

/** What outputs of patterns have, each its own. */
interface PatternOutput extends JsonObject {
  readonly output: JsonValue
  readonly stages: readonly JsonObject[]
  readonly results: readonly (JsonObject & { readonly error: ErrorJson & JsonObject })[]
  readonly votes: readonly JsonObject[]
}

/** The output of a step, as the check knows it. */
export function outputOf(run: RunView, step: string): PatternOutput {
  return run.steps[step]?.output as PatternOutput
}

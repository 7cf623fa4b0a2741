import type { PatternCall } from '../core/contracts/pattern.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../core/json.ts'
import { limits } from '../core/limits.ts'
import { fail, type Failed, labelOf } from './decision.ts'

/** One piece of work that a supervisor gives to one worker. */
export interface Assignment {
  readonly agent: string
  readonly input: JsonValue
}

/** What a supervisor wants next: more work done, or nothing more, with its result. */
export type Delegation =
  | { readonly kind: 'assign'; readonly assignments: readonly Assignment[] }
  | { readonly kind: 'done'; readonly output: JsonValue }
  | { readonly kind: 'refused'; readonly failed: Failed }

/**
 * Reads what a supervisor answered: `{ assignments: [{ agent, input }] }`, or `{ done: true, output }`. A list
 * without assignments is done as well.
 */
export function readDelegation(call: PatternCall, workers: readonly string[]): Delegation {
  const { output } = call
  if (!isJsonObject(output)) return refused(call, 'it is no object')
  const assignments = output['assignments'] ?? []
  if (!Array.isArray(assignments)) return refused(call, "'assignments' is no list")
  if (output['done'] === true || assignments.length === 0)
    return { kind: 'done', output: output['output'] ?? null }
  if (assignments.length > limits.assignmentsMax) {
    const count = assignments.length
    return refused(call, `it has ${count} assignments, assignmentsMax is ${limits.assignmentsMax}`)
  }
  const read: Assignment[] = []
  for (const [place, entry] of (assignments as readonly JsonValue[]).entries()) {
    const agent = isJsonObject(entry) ? entry['agent'] : undefined
    if (typeof agent !== 'string' || !workers.includes(agent))
      return refused(call, `assignments[${place}] names no worker of ${workers.join(', ')}`)
    read.push({ agent, input: (entry as JsonObject)['input'] ?? {} })
  }
  return { kind: 'assign', assignments: read }
}

function refused(call: PatternCall, fault: string): Delegation {
  const failed = fail('AgentOutputError', `${labelOf(call)} gave no plan: ${fault}`, {
    hint: 'give { assignments: [{ agent, input }] } or { done: true, output }',
    details: { agent: call.agent },
  })
  return { kind: 'refused', failed }
}

import { isJsonObject, type JsonObject, type JsonValue } from '../../../core/json.ts'
import { weighVotes } from '../../../patterns/index.ts'
import type { Assignment } from './choose-workers.ts'

/** What became of an assignment. */
export interface WorkerResult {
  readonly assignment: Assignment
  /** Null when it failed. */
  readonly output: JsonValue
  /** Why it failed; null when it did not. */
  readonly error: string | null
}

/** Makes one answer of the workers' results. */
export type Aggregate = (
  results: readonly WorkerResult[],
  options: { readonly field: string },
) => JsonObject | Promise<JsonObject>

/** What a suspect worker's vote counts beside others. */
const suspectWeight = 0.5

/**
 * The answer with the most weight: `{ [field]: value, agreement, winner, votes }` as a consensus step gives it. A
 * vote weighs its `confidence` (default 1), half of that when its worker's resource is anomalous. Who failed, or
 * says nothing for the field, abstains. Equals are decided by the order of the assignments.
 */
export const weightedConsensus: Aggregate = (results, { field }) => {
  const votes = results.map((result) => voteOf(result, field))
  const { value, agreement, winner } = weighVotes(votes)
  const output = winner === null ? null : (results[winner]?.output ?? null)
  return { [field]: value, agreement, winner: output, votes: votes.map((vote) => ({ ...vote })) }
}

function voteOf({ assignment, output, error }: WorkerResult, field: string) {
  const answer: JsonObject = isJsonObject(output) ? output : { [field]: output }
  const value = answer[field] ?? null
  const { confidence, reason } = answer
  const sure = typeof confidence === 'number' && confidence >= 0 && confidence <= 1 ? confidence : 1
  const abstained = error !== null || value === null
  const trust = assignment.anomalies.length > 0 ? suspectWeight : 1
  return {
    agent: assignment.worker,
    value,
    confidence: abstained ? 0 : sure,
    weight: abstained ? 0 : sure * trust,
    reason: error ?? (typeof reason === 'string' ? reason : null),
    abstained,
  }
}

import { OrchestrationError } from '../core/errors.ts'
import { isJsonObject } from '../core/json.ts'
import type { JsonObject } from '../core/json.ts'
import type { SteerAnswer } from '../server/index.ts'
import type { OwnerInfo } from '../storage/index.ts'
import { askOwner } from './owner-client.ts'

/** A verb that changes an execution. */
export interface SteerRequest {
  readonly executionId: string
  /** As under `/v1/executions/{id}/`. */
  readonly verb: string
  readonly body: JsonObject
}

export interface Steered extends SteerAnswer {
  /** False when nobody owns the file: then the verb is recorded and nothing is driven. */
  readonly isDriven: boolean
}

/** Steers an execution through the owner of its file. */
export async function steerThrough(owner: OwnerInfo, asked: SteerRequest): Promise<Steered> {
  const path = `/v1/executions/${encodeURIComponent(asked.executionId)}/${asked.verb}`
  const answer = await askOwner(owner, { method: 'POST', path, body: asked.body })
  if (!isJsonObject(answer) || typeof answer.status !== 'string') {
    throw new OrchestrationError(
      'OwnerError',
      'the owner answered with something else than a status',
    )
  }
  return { executionId: asked.executionId, status: answer.status, isDriven: true }
}

import { assertNever } from '../core/assert.ts'
import {
  OrchestrationError,
  ResourceExhaustionError,
  StateConsistencyError,
} from '../core/errors.ts'
import type { JsonObject } from '../core/json.ts'
import { limits } from '../core/limits.ts'

/** Why a store of state did not make a change. */
export type Refusal =
  | {
      readonly kind: 'conflict'
      readonly key: string
      readonly expected: number
      readonly version: number
    }
  | { readonly kind: 'behind'; readonly revision: number; readonly known: number }
  | { readonly kind: 'fenced'; readonly token: number; readonly seen: number }
  | { readonly kind: 'keys' }
  | { readonly kind: 'checkpoints' }
  | { readonly kind: 'missing'; readonly checkpointId: string }

/** The error of a refusal, the same for every store. */
export function refusedChange(workflowId: string, refusal: Refusal): OrchestrationError {
  const where = `the state of '${workflowId}'`
  switch (refusal.kind) {
    case 'conflict': {
      const { key, expected, version } = refusal
      const has = version === 0 ? 'is not there' : `has version ${version}`
      return inconsistent(`'${key}' in ${where} ${has}, not ${expected}`, {
        hint: 'read it again and decide anew',
        details: { because: 'conflict', workflowId, key, expected, version },
      })
    }
    case 'behind': {
      const { revision, known } = refusal
      return inconsistent(
        `${where} is at revision ${revision}, and ${known} was acknowledged: the store has lost writes`,
        {
          hint: 'a failover may have dropped them; rebuild the state from the recorded batches',
          details: { because: 'behind', workflowId, revision, known },
        },
      )
    }
    case 'fenced': {
      const { token, seen } = refusal
      return inconsistent(
        `${where} belongs to another owner: token ${seen} has written, this one has ${token}`,
        {
          hint: 'stop this work: another owner goes on with it',
          details: { because: 'fenced', workflowId, token, seen },
        },
      )
    }
    case 'keys':
      return new ResourceExhaustionError(
        `${where} has ${limits.stateKeysMax} keys, deleted ones included (stateKeysMax)`,
        { hint: 'keep fewer, larger entries' },
      )
    case 'checkpoints':
      return new ResourceExhaustionError(
        `${where} has ${limits.stateCheckpointsMax} checkpoints (stateCheckpointsMax)`,
        { hint: 'take fewer' },
      )
    case 'missing':
      return new OrchestrationError(
        'NotFoundError',
        `${where} has no checkpoint '${refusal.checkpointId}'`,
      )
    default:
      return assertNever(refusal, 'refusal')
  }
}

function inconsistent(
  message: string,
  options: { readonly hint: string; readonly details: JsonObject },
): StateConsistencyError {
  return new StateConsistencyError(message, options)
}

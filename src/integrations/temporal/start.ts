import { executionId as checkedId, newExecutionId } from '../../core/ids.ts'
import type { Random } from '../../core/random.ts'
import {
  checkedInput,
  type Definition,
  type ExecuteOptions,
  payload,
  startHashOf,
} from '../../engine/index.ts'
import type { PolicyData } from '../../semantic/index.ts'
import type { ExecutionStart } from './wire.ts'
import { refuseUnsupported } from './unsupported.ts'

export interface StartParts {
  readonly nowMs: number
  readonly random: Random
  readonly heartbeatTimeoutMs: number
  /** Decides about the execution; null for nobody. */
  readonly policy: PolicyData | null
}

/**
 * What Temporal is given to start an execution with: checked here, so that the workflow meets no surprises.
 *
 * @throws InputError for the input or the id; RefusedError for what the Temporal engine does not have
 */
export function startOf(
  definition: Definition,
  options: ExecuteOptions,
  { nowMs, random, heartbeatTimeoutMs, policy }: StartParts,
): ExecutionStart {
  const { document, hash, plan } = definition
  refuseUnsupported(plan)
  const input = checkedInput(definition, payload(options.input ?? {}, 'the input'))
  const { tenant } = document.metadata
  return {
    executionId:
      options.executionId === undefined
        ? newExecutionId(document.name, nowMs, random)
        : checkedId(options.executionId),
    document,
    documentHash: hash,
    startHash: startHashOf(definition, input),
    input,
    tenant: typeof tenant === 'string' && tenant !== '' ? tenant : null,
    readsTda: policy !== null || readsTda(document),
    policy,
    heartbeatTimeoutMs,
  }
}

/** Whether the context is of use to the document: it decides by it, or tells of what it undoes. */
function readsTda({ steps, output, timeout, onFailure }: Definition['document']): boolean {
  return (
    onFailure === 'compensate' || /\btda\s*[.[?]/.test(JSON.stringify([steps, output, timeout]))
  )
}

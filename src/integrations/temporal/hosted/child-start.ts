import { OrchestrationError } from '../../../core/errors.ts'
import type { Command, ExecutionState } from '../../../workflow/index.ts'
import { readsTda } from '../reads-tda.ts'
import type { ExecutionStart } from '../wire.ts'
import { checkedInput } from './checked-input.ts'

/**
 * What a sub-workflow is started with: pins, tenant and flags are those of its parent.
 *
 * @throws InputError for an input that its document refuses
 */
export function childStart(
  { state, start }: { readonly state: ExecutionState; readonly start: ExecutionStart },
  { executionId, documentHash, call, token, input }: Command & { kind: 'startChild' },
): ExecutionStart {
  const document =
    documentHash === start.documentHash ? start.document : start.documents[documentHash]
  if (document === undefined)
    throw new OrchestrationError(
      'StateConsistencyError',
      `execution '${state.executionId}' was started without the document of '${executionId}'`,
    )
  const { pins, tenant } = state
  const parent = { executionId: state.executionId, call, token, depth: state.depth + 1 }
  return {
    executionId,
    document,
    documentHash,
    // Only whoever starts an execution under a given id is compared with it.
    startHash: '',
    input: checkedInput(document, input),
    origin: { parent, pins, ...(tenant === null ? {} : { tenant }) },
    documents: start.documents,
    readsTda: start.policy !== null || readsTda(document),
    policy: start.policy,
    heartbeatTimeoutMs: start.heartbeatTimeoutMs,
    historyEventsMax: start.historyEventsMax,
    earlier: null,
  }
}

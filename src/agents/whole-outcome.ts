import { isNoUsage, noUsage } from '../core/usage.ts'
import type { CallMesh } from './call-mesh.ts'
import type { CallOutcome } from './contract.ts'
import { describeThrown, failure } from './failure.ts'
import type { CallMemory } from './memory/call-memory.ts'
import type { StateBuffer } from './state-buffer.ts'
import type { TransportCall } from './transport.ts'
import type { UsageMeter } from './usage-meter.ts'

/** What a call has done beside answering; null for what it never asked for. */
export interface CallDeeds {
  readonly plan: TransportCall['plan']
  readonly state: StateBuffer | null
  readonly meter: UsageMeter | null
  /** It may have used more than it has said. */
  readonly isUsageOpen: boolean
  readonly mesh: CallMesh | null
  readonly memory: CallMemory | null
}

/** What a completed call has written and published goes with its output, and what any call has used. */
export function wholeOutcome(outcome: CallOutcome, deeds: CallDeeds): CallOutcome {
  const written = withState(metered(outcome, deeds), deeds)
  if (written.kind !== 'completed') return written
  const events = deeds.mesh?.published
  const memory = deeds.memory?.change
  if (events === undefined && memory === undefined) return written
  return {
    ...written,
    ...(events === undefined ? {} : { events }),
    ...(memory === undefined ? {} : { memory }),
  }
}

function metered(outcome: CallOutcome, { meter, isUsageOpen }: CallDeeds): CallOutcome {
  if (meter === null && !isUsageOpen) return outcome
  const usage = meter?.used ?? noUsage
  return {
    ...outcome,
    ...(isNoUsage(usage) ? {} : { usage }),
    ...(isUsageOpen ? { isUsageOpen: true } : {}),
  }
}

// Worked out at the moment in which it is told, so that updates see what is recorded by then.
function withState(outcome: CallOutcome, { state, plan }: CallDeeds): CallOutcome {
  if (state === null || outcome.kind !== 'completed') return outcome
  try {
    const writes = state.writes()
    return writes === undefined ? outcome : { ...outcome, state: writes }
  } catch (error) {
    const { message } = describeThrown(error)
    const what = `${plan.fullName} completed, and what it writes into the state cannot be worked out: ${message}`
    const refused = failure('AgentOutputError', what, { retryable: plan.effect !== 'once' })
    const { usage } = outcome
    return { ...(usage === undefined ? {} : { usage }), kind: 'failed', error: refused }
  }
}

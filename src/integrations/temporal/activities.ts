import type { Clock } from '../../core/clock.ts'
import type { CallOutcome } from '../../core/contracts/call.ts'
import type { MeshPort } from '../../core/contracts/mesh.ts'
import { type TdaContext, type TdaContextSource, unavailableTda } from '../../core/contracts/tda.ts'
import type { AgentDirectory } from '../../engine/index.ts'
import { attempt, onAbort } from './attempt.ts'
import type { Charges } from './charges.ts'
import { familyActivities } from './family-activities.ts'
import { payloadBytesMax, tooLarge } from './payload-size.ts'
import { Heartbeats } from './heartbeats.ts'
import type { ActivityModule } from './load.ts'
import type { NestedCalls } from './nested-calls.ts'
import type { RemoteExecutions } from './remote-executions.ts'
import { type Activities, defaultHeartbeatTimeoutMs } from './wire.ts'

export interface ActivitiesParts {
  readonly executions: RemoteExecutions
  /** Where calls made inside calls of this worker go. */
  readonly nested: NestedCalls
  /** Null: agents may publish, and that is all. */
  readonly mesh: MeshPort | null
  readonly agents: AgentDirectory
  readonly charges: Charges
  /** Made by `slotActivities`. */
  readonly slots: Pick<Activities, 'tellKeepers' | 'endedOf'>
  readonly clock: Clock
  readonly activity: ActivityModule
  /** Whether what is too large for Temporal is kept elsewhere. */
  readonly hasPayloadStore: boolean
  /** Null: every context is unavailable. */
  readonly tda: TdaContextSource | null
  /** Resolves when a call may begin; rejects when it is lost to this process. Default: it may. */
  readonly mayBegin?: () => Promise<void>
  /** Aborted when a worker that closes waits no longer: also a call that was cancelled before is lost to it then. */
  readonly closing: AbortSignal
}

/** What a worker does with its agents for the executions of its task queue. */
export function activitiesOf(parts: ActivitiesParts): Activities {
  const { agents, charges, mayBegin, mesh } = parts
  const here = { ...parts, heartbeats: new Heartbeats(parts.clock) }
  const tdaNow = (): TdaContext => parts.tda?.current() ?? unavailableTda
  return {
    ...familyActivities(parts),
    ...charges.activities,
    ...parts.slots,
    getTdaContext: async () => tdaNow(),
    async contractOf(agent, action, tenant = null) {
      const contract = agents.resolve(agent)?.contract(action)
      if (contract === undefined) return null
      const isAccounted = charges.isAccounted(contract.agentId, tenant)
      return isAccounted ? { ...contract, isAccounted } : contract
    },

    async lookUp(agent, action, idempotencyKey) {
      const found = agents.resolve(agent)
      if (found === undefined) return null
      return beating(here, () => found.lookup(action, idempotencyKey))
    },

    async callAgent(call) {
      const agent = agents.resolve(call.agent)
      if (agent === undefined) return null
      const { heartbeatTimeoutMs = defaultHeartbeatTimeoutMs } =
        parts.activity.Context.current().info
      return beating(here, async (signal) => {
        await mayBegin?.()
        const tda = call.withTda ? tdaNow() : unavailableTda
        const isLost = (): boolean => signal.aborted && !isCancel(signal.reason)
        const caller = parts.nested.under({ heartbeatTimeoutMs, isLost })
        const outcome = await attempt(agent, { ...call, tda, caller, mesh }, signal)
        // What the agent says of a worker that stops under it is no outcome: the call is lost.
        if (outcome.kind === 'failed' && isStop(signal.reason)) return nothing()
        return parts.hasPayloadStore ? outcome : fitting(outcome)
      })
    },
  }
}

/** The outcome, or the failure of one that Temporal would not take. */
function fitting(outcome: CallOutcome): CallOutcome {
  const bytes = Buffer.byteLength(JSON.stringify(outcome))
  if (bytes <= payloadBytesMax) return outcome
  return { kind: 'failed', error: tooLarge(bytes).toJSON() }
}

/** Tells Temporal that this worker lives, while the work goes on; so it also hears of a cancellation. */
async function beating<Result>(
  { heartbeats, activity, closing }: ActivitiesParts & { readonly heartbeats: Heartbeats },
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const context = activity.Context.current()
  const stop = heartbeats.start(context.info.heartbeatTimeoutMs ?? 0, () => context.heartbeat())
  try {
    // What a worker leaves undone when it stops is lost, and Temporal hands it to another one.
    return await Promise.race([work(context.cancellationSignal), stopped(context, closing)])
  } finally {
    stop()
  }
}

/** Rejects when the worker stops before the call has ended; a call that its execution cancels goes on until then. */
function stopped(
  context: ReturnType<ActivityModule['Context']['current']>,
  closing: AbortSignal,
): Promise<never> {
  return context.cancelled.catch((thrown: unknown) => {
    if (isStop(thrown)) throw thrown
    // Temporal tells an activity of one cancellation, and of none that follows.
    return new Promise<never>((_, reject) => onAbort(closing, () => reject(thrown)))
  })
}

function isStop(reason: unknown): boolean {
  return reason instanceof Error && reason.message === 'WORKER_SHUTDOWN'
}

function isCancel(reason: unknown): boolean {
  return reason instanceof Error && reason.message === 'CANCELLED'
}

function nothing(): Promise<never> {
  return new Promise<never>(() => {})
}

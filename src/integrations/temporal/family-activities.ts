import type { MeshPort } from '../../core/contracts/mesh.ts'
import { OrchestrationError } from '../../core/errors.ts'
import { endOf, idTaken, neverStarted, refusedStart } from '../../engine/hosted.ts'
import { publishedBy } from '../../engine/index.ts'
import { fittingEnd } from './payload-size.ts'
import type { RemoteExecutions } from './remote-executions.ts'
import type { Activities } from './wire.ts'

type FamilyActivities = Pick<Activities, 'publish' | 'reviveChild' | 'undoChild' | 'effectsOf'>

/** How long an event waits for room in the mesh before Temporal has it sent again. */
const roomWithinMs = 5_000

/** What a worker does for executions beyond their own agents: it sends events, and asks other executions. */
export function familyActivities({
  executions,
  mesh,
  hasPayloadStore,
}: {
  readonly executions: RemoteExecutions
  /** Null: agents may publish, and that is all. */
  readonly mesh: MeshPort | null
  readonly hasPayloadStore: boolean
}): FamilyActivities {
  return {
    async publish({ event, ...by }) {
      if (mesh === null) return
      for (const whole of publishedBy(event, by)) await mesh.publish(whole, { roomWithinMs })
    },
    async reviveChild({ executionId, parentId, token }) {
      const { start, state } = await executions.load(executionId)
      if (start.origin.parent?.executionId !== parentId)
        return refusedStart(idTaken(executionId).toJSON())
      // One that goes on tells its end itself.
      if (state.phase !== 'ended') return null
      const isOlder = (state.parent?.token ?? 0) < token
      if (state.result !== 'failed' || !isOlder) return fittingEnd(endOf(state), hasPayloadStore)
      const redrive = { stimuli: [{ kind: 'redrive', token }] } as const
      const reopened = await executions.reopen(executionId, () => redrive)
      // It has told its end and Temporal has not closed its run yet: the activity is tried again.
      if (reopened === undefined) throw notClosed(executionId)
      return null
    },
    async undoChild({ executionId, parentId }) {
      if (!(await executions.exists(executionId))) return neverStarted
      const { start } = await executions.load(executionId)
      if (start.origin.parent?.executionId !== parentId) return neverStarted
      await executions.steer(executionId, { kind: 'undo' })
      return null
    },
    effectsOf: (executionIds) => executions.effectsOf(executionIds),
  }
}

function notClosed(executionId: string): OrchestrationError {
  const message = `the run of '${executionId}' that has ended is not closed yet`
  return new OrchestrationError('StateConsistencyError', message, { retryable: true })
}

import { type AgentCall, type Grant, verdictOf } from '../../agents/index.ts'
import type { CallOutcome } from '../../core/contracts/call.ts'
import type { MeshPort } from '../../core/contracts/mesh.ts'
import type { NestedCaller } from '../../core/contracts/nested-call.ts'
import type { TdaContext } from '../../core/contracts/tda.ts'
import { invariant } from '../../core/assert.ts'
import { type ErrorJson, OrchestrationError, ResourceExhaustionError } from '../../core/errors.ts'
import type { EngineAgent } from '../../engine/index.ts'
import type { RemoteCall } from './wire.ts'

/** What a worker adds to a call. */
export interface HereParts {
  readonly tda: TdaContext
  readonly caller: NestedCaller
  readonly mesh: MeshPort | null
}

/**
 * Makes one attempt: waits for a place of the agent's pool, calls the agent and gives the place back. One that is
 * made inside a call of the same agent runs under that one's place. Resolves also when the agent refuses or fails.
 *
 * @param signal aborted when the execution wants the call to stop
 */
export function attempt(
  agent: EngineAgent,
  remote: RemoteCall & HereParts,
  signal: AbortSignal,
): Promise<CallOutcome> {
  const { promise, resolve } = Promise.withResolvers<CallOutcome>()
  const { pool } = agent
  const { chain = [] } = remote
  const agentId = agent.contract(remote.action)?.agentId
  const isReentrant = agentId !== undefined && chain.includes(agentId)
  const call = agentCall(remote, agentId === undefined ? chain : [...chain, agentId])
  const fail = (error: ErrorJson): void => resolve({ kind: 'failed', error })
  const grant: Grant = (answer) => {
    if (answer === 'open') return fail(breakerOpen(agent))
    const running = agent.invoke(remote.action, call, (outcome) => {
      if (!isReentrant) pool.release(verdictOf(outcome))
      resolve(outcome)
    })
    onAbort(signal, () => running.abort('cancel'))
  }
  const turn = { owner: remote.owner ?? call.executionId, age: 0 }
  const answer = isReentrant ? 'granted' : pool.acquire(grant, turn)
  if (answer === 'full') fail(poolFull(agent, remote.action).toJSON())
  else if (answer === 'queued') onAbort(signal, () => pool.cancel(grant) && fail(cancelled()))
  else grant(answer)
  return promise
}

function agentCall(
  { call, tda, caller, mesh, entries }: RemoteCall & HereParts,
  chain: readonly string[],
): AgentCall {
  const read = (name: string): RemoteCall['entries'][number] | null =>
    entries.find(({ key }) => key === name) ?? null
  const readState = Object.assign(read, { isOfTheStart: true as const })
  return { ...call, tda, caller, mesh, chain, readState }
}

/** Calls back when the signal is aborted; at once where it is. */
export function onAbort(signal: AbortSignal, abort: () => void): void {
  if (signal.aborted) abort()
  else signal.addEventListener('abort', abort, { once: true })
}

function breakerOpen({ pool: { breaker } }: EngineAgent): ErrorJson {
  invariant(breaker !== null, 'a pool without a breaker says that it is open')
  return breaker.refusal()
}

function cancelled(): ErrorJson {
  const message = 'the call was cancelled before its agent had a place for it'
  return new OrchestrationError('WorkflowCancelledError', message).toJSON()
}

function poolFull(agent: EngineAgent, action: string): ResourceExhaustionError {
  const name = agent.contract(action)?.agentId ?? action
  return new ResourceExhaustionError(
    `the queue of agent '${name}' is full (resourceLimits.queueMax)`,
    { retryable: true, hint: 'raise queueMax or maxConcurrent of the agent, or add a worker' },
  )
}

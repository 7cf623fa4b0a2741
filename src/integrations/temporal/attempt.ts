import { type Grant, verdictOf } from '../../agents/index.ts'
import type { CallOutcome } from '../../core/contracts/call.ts'
import { ResourceExhaustionError } from '../../core/errors.ts'
import type { EngineAgent } from '../../engine/index.ts'
import type { RemoteCall } from './wire.ts'

/**
 * Makes one attempt: waits for a place of the agent's pool, calls the agent and gives the place back. Resolves
 * also when the agent refuses or fails.
 *
 * @param signal aborted when the execution wants the call to stop
 */
export function attempt(
  agent: EngineAgent,
  remote: RemoteCall,
  signal: AbortSignal,
): Promise<CallOutcome> {
  const { promise, resolve } = Promise.withResolvers<CallOutcome>()
  const { pool } = agent
  const grant: Grant = (answer) => {
    if (answer === 'open') return resolve(breakerOpen(agent))
    const running = agent.invoke(remote.action, agentCall(agent, remote), (outcome) => {
      pool.release(verdictOf(outcome))
      resolve(outcome)
    })
    onAbort(signal, () => running.abort('cancel'))
  }
  const answer = pool.acquire(grant)
  if (answer === 'full') resolve({ kind: 'failed', error: poolFull(agent, remote.action).toJSON() })
  else if (answer !== 'queued') grant(answer)
  return promise
}

function agentCall(
  agent: EngineAgent,
  { action, call, entries }: RemoteCall,
): Parameters<EngineAgent['invoke']>[1] {
  const agentId = agent.contract(action)?.agentId
  return {
    ...call,
    chain: agentId === undefined ? [] : [agentId],
    readState: (name) => entries.find(({ key }) => key === name) ?? null,
  }
}

function onAbort(signal: AbortSignal, abort: () => void): void {
  if (signal.aborted) abort()
  else signal.addEventListener('abort', abort, { once: true })
}

function breakerOpen({ pool }: EngineAgent): CallOutcome {
  const error = pool.breaker?.refusal()
  if (error !== undefined) return { kind: 'failed', error }
  return { kind: 'failed', error: new ResourceExhaustionError('no place is given').toJSON() }
}

function poolFull(agent: EngineAgent, action: string): ResourceExhaustionError {
  const name = agent.contract(action)?.agentId ?? action
  return new ResourceExhaustionError(
    `the queue of agent '${name}' is full (resourceLimits.queueMax)`,
    { retryable: true, hint: 'raise queueMax or maxConcurrent of the agent, or add a worker' },
  )
}

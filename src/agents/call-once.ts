import { unavailableTda } from '../core/contracts/tda.ts'
import type { BaseAgent } from './base-agent.ts'
import type { AgentCall, RunningCall } from './call.ts'
import type { CallOutcome } from './contract.ts'

/** A first attempt with nothing special; for the tests of this room. */
export const plainCall: AgentCall = {
  input: null,
  executionId: 'e-1',
  stepId: 'write',
  index: null,
  attempt: 1,
  idempotencyKey: 'e-1/write/1',
  timeoutMs: 60_000,
  correlationId: 'c-1',
  tda: unavailableTda,
  budget: { agentCallsLeft: null, tokensLeft: null, costUsdLeft: null },
  resumed: null,
}

/** Calls an action once; `settled` counts how often the outcome was told. */
export function callOnce(
  agent: BaseAgent,
  action: string,
  call: Partial<AgentCall> = {},
): {
  readonly outcome: Promise<CallOutcome>
  readonly running: RunningCall
  readonly settled: () => number
} {
  const { promise, resolve } = Promise.withResolvers<CallOutcome>()
  let settled = 0
  const running = agent.invoke(action, { ...plainCall, ...call }, (outcome) => {
    settled++
    resolve(outcome)
  })
  return { outcome: promise, running, settled: () => settled }
}

import type { Clock } from '../core/clock.ts'
import { type BreakerState, CircuitBreaker } from './circuit-breaker.ts'
import type { AgentConfiguration } from './configuration.ts'
import { AgentPool } from './pool.ts'

/** The gate in front of an agent, as its configuration says. */
export function agentPool(
  { agentId, resourceLimits }: AgentConfiguration,
  host: {
    readonly clock: () => Clock
    readonly isFull: () => boolean
    readonly onChange?: (state: BreakerState) => void
  },
): AgentPool {
  const { breaker, maxConcurrent, queueMax, requestsPerMinute } = resourceLimits
  return new AgentPool({
    maxConcurrent,
    queueMax,
    ...(requestsPerMinute === undefined ? {} : { requestsPerMinute }),
    ...(breaker === null ? {} : { breaker: new CircuitBreaker(agentId, breaker, host) }),
    isFull: host.isFull,
    clock: host.clock,
  })
}

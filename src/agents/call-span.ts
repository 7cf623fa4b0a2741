import type { AgentCall } from './call.ts'
import type { CallOutcome } from './contract.ts'
import { describeThrown } from './failure.ts'
import type { AgentConfiguration } from './configuration.ts'
import type { AgentHost, CallSpan } from './host.ts'

/** Begins the span of a call, where the agent's `traceSampleRatio` picks it; null for none. */
export function startSpan(
  { host, config }: { readonly host: AgentHost; readonly config: AgentConfiguration },
  action: string,
  call: AgentCall,
): CallSpan | null {
  const ratio = config.observabilityConfig.traceSampleRatio
  if (ratio < 1 && host.random() >= ratio) return null
  try {
    return host.tracer?.start(config.agentId, action, call) ?? null
  } catch (error) {
    host.logger.log('warn', 'the tracer failed to start a span', {
      error: describeThrown(error).message,
    })
    return null
  }
}

/** A tracer that fails is logged: it must not change what a call came to. */
export function endSpan({ logger }: AgentHost, span: CallSpan, outcome: CallOutcome): void {
  try {
    span.end(outcome)
  } catch (error) {
    logger.log('warn', 'the tracer failed to end a span', { error: describeThrown(error).message })
  }
}

import type { ActionPlan } from './action-plan.ts'
import type { LookupOutcome } from './contract.ts'
import { describeThrown, failure } from './failure.ts'
import type { InvocationOwner } from './invocation.ts'
import { normaliseJson } from './json-value.ts'
import { waitAtMost } from './wait-at-most.ts'

/**
 * Asks an agent what became of a call. A value it gives is held to the rules of an output; one that breaks them,
 * a throw and silence leave the outcome unknown.
 */
export async function lookupOutcome(
  owner: InvocationOwner,
  plan: ActionPlan,
  request: { readonly idempotencyKey: string; readonly timeoutMs: number },
): Promise<LookupOutcome> {
  if (!plan.contract.hasLookup) return { kind: 'unknown', error: null }
  const controller = new AbortController()
  try {
    const asked = owner.transport.lookup(plan, request.idempotencyKey, controller.signal)
    const value = await waitAtMost(
      owner.host.clock,
      request.timeoutMs,
      asked.then((found) => check(owner, plan, found)),
    )
    return value
  } catch (error) {
    return { kind: 'unknown', error: describeThrown(error) }
  } finally {
    controller.abort()
  }
}

async function check(
  owner: InvocationOwner,
  plan: ActionPlan,
  found: unknown,
): Promise<LookupOutcome> {
  if (found === undefined) return { kind: 'never' }
  const bytesMax = owner.config.resourceLimits.payloadBytesMax
  const rules = {
    what: `outcome of ${plan.fullName}`,
    bytesMax,
    code: 'AgentOutputError',
    retryable: true,
  } as const
  const output = normaliseJson(found, rules)
  if (plan.checkOutput === null) return { kind: 'completed', output }
  const checked = await plan.checkOutput(output)
  if (checked.ok) return { kind: 'completed', output: normaliseJson(checked.value, rules) }
  const message = `outcome of ${plan.fullName} is refused by its output schema: ${checked.message}`
  return { kind: 'unknown', error: failure('AgentOutputError', message, { retryable: true }) }
}

import type { JsonValue } from '../core/json.ts'
import type { ActionPlan } from './action-plan.ts'
import type { AgentContext } from './contract.ts'
import type { AgentTransport, TransportCall } from './transport.ts'

type Run = (input: JsonValue, context: AgentContext) => unknown

/** Calls the functions of an agent that lives in this process. */
export const inProcessTransport: AgentTransport = {
  open() {},

  call(call: TransportCall, input: JsonValue): void {
    // The type of the input is what the agent's own schema promised.
    const definition = call.plan.definition as unknown as { readonly run: Run }
    call.sent()
    try {
      const value = definition.run(input, call.context)
      if (!isThenable(value)) {
        call.returned(value)
        return
      }
      // A foreign thenable is adopted by a real promise, so that it can neither throw at us nor answer twice.
      const promise = value instanceof Promise ? value : Promise.resolve(value)
      promise.then(
        (result: unknown) => call.returned(result),
        (error: unknown) => call.threw(error),
      )
    } catch (error) {
      call.threw(error)
    }
  },

  async lookup(plan: ActionPlan, idempotencyKey: string): Promise<unknown> {
    return plan.definition.lookup?.(idempotencyKey)
  },

  close() {},
}

/** Reads `then` at most once more than a promise would; a throwing getter throws here. */
function isThenable(value: unknown): value is PromiseLike<unknown> {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return false
  return value instanceof Promise || typeof (value as { then?: unknown }).then === 'function'
}

import {
  type AgentContext,
  type AgentSettings,
  type BaseAgent,
  defineAgent,
} from '../agents/index.ts'
import type { JsonValue } from '../core/json.ts'

/** Returned by a script: the call stays open until `resolve`, `reject` or its abort ends it. */
export const held = Symbol('held')
/** As `held`, but the call does not heed its abort. */
export const deaf = Symbol('deaf')

/** One call that an agent has received. */
export interface SeenCall {
  readonly agent: string
  readonly action: string
  readonly input: JsonValue
  readonly stepId: string
  readonly index: number | null
  readonly attempt: number
  readonly key: string
  readonly resumed: AgentContext['resumed']
  readonly deadlineMs: number | null
  readonly agentCallsLeft: number | null
  readonly tda: AgentContext['tda']
  readonly state: AgentContext['state']
  readonly mesh: AgentContext['mesh']
  /** Of the call; aborted on timeout, cancel and close. */
  readonly signal: AbortSignal
  /** Makes a call inside this one. */
  readonly call: AgentContext['call']
  /** What the call has used. */
  readonly report: AgentContext['budget']['report']
  /** Ends a held call. */
  resolve(output: unknown): void
  reject(error: unknown): void
}

/**
 * Agents that do what a test tells them and remember every call, also over the lives of a process.
 *
 * `worker` and `backup` have the actions `read`, `write` (idempotent), `pay` (once), `charge` (once, with
 * lookup) and `undo` (idempotent); `narrow` has the same and takes one call at a time, `fragile` has a
 * breaker that opens after two failures, `metered` a budget of 25 tokens. `think` (read) and `idea` (once,
 * with lookup) declare 10 tokens and a cent as the most that they use.
 */
export class ScriptedAgents {
  readonly calls: SeenCall[] = []
  readonly lookups: string[] = []
  /** What a call does: gives its output, throws, suspends, or is `held`. Default: its input comes back. */
  run: (call: SeenCall) => unknown = ({ input }) => input
  /** What `charge` finds out about a key. Default: it never happened. */
  lookup: (key: string) => unknown = () => undefined

  /** New agents under this script, for one life of a process. */
  agents(): readonly BaseAgent[] {
    return [
      this.#agent('worker'),
      this.#agent('backup'),
      this.#agent('narrow', { maxConcurrent: 1 }),
      this.#agent('fragile', { breaker: { callsMin: 2 } }),
      this.#agent('metered', { budget: { tokens: 25 } }),
    ]
  }

  /** As `agents`, for an engine that keeps no budgets of agents. */
  unmeteredAgents(): readonly BaseAgent[] {
    return this.agents().filter(({ budget }) => budget === null)
  }

  /** Keys of all calls so far, in order. */
  get keys(): readonly string[] {
    return this.calls.map((call) => call.key)
  }

  /** The newest call of a step or item such as `pay` or `pay[2]`; throws when there is none. */
  call(label: string): SeenCall {
    const found = this.calls.findLast(
      ({ stepId, index }) => label === (index === null ? stepId : `${stepId}[${index}]`),
    )
    if (found === undefined) throw new Error(`'${label}' was not called`)
    return found
  }

  /** How often a step or item was called. */
  count(label: string): number {
    return this.calls.filter(
      ({ stepId, index }) => label === stepId || label === `${stepId}[${index}]`,
    ).length
  }

  #agent(type: string, resourceLimits: AgentSettings['resourceLimits'] = {}): BaseAgent {
    const run = (action: string) => (input: JsonValue, context: AgentContext) =>
      this.#called(type, action, { input, context })
    const lookup = (key: string): unknown => {
      this.lookups.push(key)
      return this.lookup(key)
    }
    return defineAgent({
      type,
      actions: {
        read: { effect: 'read', run: run('read') },
        write: { effect: 'idempotent', run: run('write') },
        pay: { effect: 'once', run: run('pay') },
        charge: { effect: 'once', run: run('charge'), lookup },
        undo: { effect: 'idempotent', run: run('undo') },
        think: { effect: 'read', ...most, run: run('think') },
        idea: { effect: 'once', ...most, run: run('idea'), lookup },
      },
      config: { resourceLimits },
    })
  }

  #called(
    agent: string,
    action: string,
    { input, context }: { input: JsonValue; context: AgentContext },
  ): unknown {
    const { promise, resolve, reject } = Promise.withResolvers<unknown>()
    const call: SeenCall = {
      agent,
      action,
      input,
      stepId: context.stepId,
      index: context.index,
      attempt: context.attempt,
      key: context.idempotencyKey,
      resumed: context.resumed,
      deadlineMs: context.deadlineMs,
      agentCallsLeft: context.budget.agentCallsLeft,
      tda: context.tda,
      state: context.state,
      mesh: context.mesh,
      signal: context.signal,
      call: (...asked) => context.call(...asked),
      report: (usage) => context.budget.report(usage),
      resolve,
      reject,
    }
    this.calls.push(call)
    const outcome = this.run(call)
    if (outcome === held) context.signal.addEventListener('abort', () => reject(passing('aborted')))
    return outcome === held || outcome === deaf ? promise : outcome
  }
}

const most = { maxTokens: 10, maxCostUsd: 0.01 }

/** An error that ends a call without another attempt. */
export function final(message = 'no'): Error {
  return Object.assign(new Error(message), { retryable: false })
}

/** An error after which another attempt may succeed. */
export function passing(message = 'not now'): Error {
  return new Error(message)
}

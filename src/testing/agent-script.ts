import {
  type AgentContext,
  type BaseAgent,
  defineAgent,
  isAgent,
  suspend,
} from '../agents/index.ts'
import type { Clock } from '../core/clock.ts'
import type { Effect } from '../core/contracts/call.ts'
import { OrchestrationError } from '../core/errors.ts'
import type { JsonObject, JsonValue } from '../core/json.ts'

/** An agent's function as a test writes it; annotate the input with the shape that the workflow gives. */
export type AgentFunction = {
  bivarianceHack(input: JsonObject, context: AgentContext): unknown
}['bivarianceHack']

/** What one script needs of the test it runs in. */
export interface ScriptStage {
  /** Passes at the test's own pace. */
  readonly clock: Clock
  /** The call waits for virtual time alone, until the returned function is called. */
  readonly park: () => () => void
}

/** An answer that a test has scripted; see `script`. */
export interface Script {
  /** Makes the function that answers, with counters of its own. */
  readonly begin: (stage: ScriptStage) => AgentFunction
}

/** How one action answers: a function, a script, or both with an effect and a lookup. */
export type ShortAction =
  | AgentFunction
  | Script
  | {
      readonly effect: Effect
      readonly run: AgentFunction | Script
      readonly lookup?: (idempotencyKey: string) => unknown
    }

/** Agents by type, each with its actions by name. Actions are `idempotent` unless they say otherwise. */
export type ShortAgents = Readonly<Record<string, Readonly<Record<string, ShortAction>>>>

/** The agents of a test: real ones, the short form, or a function that makes them anew for each run. */
export type TestAgents =
  | readonly BaseAgent[]
  | ShortAgents
  | (() => readonly BaseAgent[] | ShortAgents)

/**
 * Scripted answers for the short form of agents. Counts are per call: a re-delivery after a crash, a retry
 * and a resumption have the idempotency key of the call they belong to, and each key has a count of its own.
 *
 * @example
 * import assert from 'node:assert/strict'
 * import { script, testWorkflow } from 'aura-orchestration/testing'
 *
 * const test = await testWorkflow(
 *   { name: 'pay', version: '1.0.0', steps: { charge: { agent: 'bank', action: 'charge' } } },
 *   { agents: { bank: { charge: script.fails(2, script.returns({ paid: true })) } } },
 * )
 * assert.equal(test.run.steps.charge.attempts, 3)
 * assert.deepEqual(test.run.output, { charge: { paid: true } })
 */
export const script = {
  /** The first call gets the first value, the next the second; the last one stays. A repeat of a call gets the same. */
  returns(...values: readonly [unknown, ...unknown[]]): Script {
    return perCall((_, place) => () => values[Math.min(place, values.length - 1)])
  },

  /** The first `times` attempts of each call throw a retryable error; then `next` answers (default: the input comes back). */
  fails(times: number, next: AgentFunction | Script = echo): Script {
    return counted(times, next, ({ attempt }) => {
      throw new Error(`scripted failure of attempt ${attempt}`)
    })
  },

  /** Every attempt throws. A text is thrown as a retryable error; `retryable: false` makes it final. */
  throws(
    error: unknown = 'scripted failure',
    options: { readonly retryable?: boolean } = {},
  ): Script {
    const { retryable = true } = options
    const thrown =
      typeof error === 'string' ? Object.assign(new Error(error), { retryable }) : error
    return plain(() => {
      throw thrown
    })
  },

  /** The first `times` attempts of each call (default all) never answer: they end by timeout, cancel or crash. */
  hangs(times = Infinity, next: AgentFunction | Script = echo): Script {
    return counted(times, next, ({ signal }, { park }) => {
      const unpark = park()
      return new Promise((_, reject) => {
        signal.addEventListener('abort', () => {
          unpark()
          reject(signal.reason as Error)
        })
      })
    })
  },

  /** Answers after `ms` of virtual time, as `next` does (default: the input comes back). */
  slow(ms: number, next: AgentFunction | Script = echo): Script {
    return {
      begin(stage) {
        const answer = begun(next, stage)
        return async (input, context) => {
          await passed(ms, context.signal, stage)
          return answer(input, context)
        }
      },
    }
  },

  /** Suspends each call until the signal comes; then `next` answers (default: the signal's data). */
  suspends(
    signal: string,
    next: AgentFunction | Script = (_, { resumed }) => resumed?.data ?? null,
  ): Script {
    return {
      begin(stage) {
        const answer = begun(next, stage)
        return (input, context) =>
          context.resumed === null ? suspend({ signal }) : answer(input, context)
      },
    }
  },
} as const

/** Makes the agents of a test. @throws AgentModuleError for an agent that is none */
export function makeAgents(given: TestAgents, stage: ScriptStage): readonly BaseAgent[] {
  const agents = typeof given === 'function' ? given() : given
  if (Array.isArray(agents)) {
    const stranger = agents.findIndex((agent) => !isAgent(agent))
    if (stranger < 0) return agents as readonly BaseAgent[]
    throw new OrchestrationError('AgentModuleError', `agents[${stranger}] is no agent`, {
      hint: 'make it with defineAgent, or give { type: { action: function } } instead of a list',
    })
  }
  return Object.entries(agents as ShortAgents).map(([type, actions]) =>
    defineAgent({
      type,
      actions: Object.fromEntries(
        Object.entries(actions).map(([name, action]) => [name, fullAction(action, stage)]),
      ),
    }),
  )
}

function fullAction(action: ShortAction, stage: ScriptStage) {
  const { effect, run, lookup } =
    'effect' in action
      ? { lookup: undefined, ...action }
      : { effect: 'idempotent' as const, run: action, lookup: undefined }
  const answer = begun(run, stage)
  return {
    effect,
    // The workflow gives an object; what an author says about its shape is his own word.
    run: (input: JsonValue, context: AgentContext) => answer(input as JsonObject, context),
    ...(lookup === undefined ? {} : { lookup }),
  }
}

function begun(answer: AgentFunction | Script, stage: ScriptStage): AgentFunction {
  return typeof answer === 'function' ? answer : answer.begin(stage)
}

function plain(answer: AgentFunction): Script {
  return { begin: () => answer }
}

/** An answer for each idempotency key, made with the key's place in the order of first calls. */
function perCall(make: (key: string, place: number) => AgentFunction): Script {
  return {
    begin() {
      const answers = new Map<string, AgentFunction>()
      return (input, context) => {
        const key = context.idempotencyKey
        const answer = answers.get(key) ?? make(key, answers.size)
        answers.set(key, answer)
        return answer(input, context)
      }
    },
  }
}

function counted(
  times: number,
  next: AgentFunction | Script,
  first: (context: AgentContext, stage: ScriptStage) => unknown,
): Script {
  return {
    begin(stage) {
      const counts = new Map<string, number>()
      const answer = begun(next, stage)
      return (input, context) => {
        const count = counts.get(context.idempotencyKey) ?? 0
        if (count >= times) return answer(input, context)
        counts.set(context.idempotencyKey, count + 1)
        return first(context, stage)
      }
    },
  }
}

function passed(ms: number, signal: AbortSignal, { clock, park }: ScriptStage): Promise<void> {
  const unpark = park()
  return new Promise((resolve, reject) => {
    const cancel = clock.after(ms, () => {
      unpark()
      resolve()
    })
    signal.addEventListener('abort', () => {
      cancel()
      unpark()
      reject(signal.reason as Error)
    })
  })
}

const echo: AgentFunction = (input) => input

import { type Clock, systemClock } from '../core/clock.ts'
import type {
  PatternCall,
  PatternDecision,
  PatternFacts,
  WantedCall,
} from '../core/contracts/pattern.ts'
import { type ErrorJson, fromErrorJson, OrchestrationError, toErrorJson } from '../core/errors.ts'
import type { JsonValue } from '../core/json.ts'

/** A call of an agent as a pattern makes it outside of a workflow. */
export interface AgentRequest {
  readonly agent: string
  readonly action: string
  readonly input: JsonValue
  /** Aborted when the pattern has its result without this call. */
  readonly signal: AbortSignal
}

/** Calls an agent and gives its output; a rejection is a failed call, and nobody tries it again. */
export type CallAgent = (request: AgentRequest) => unknown

/** What patterns run on outside of a workflow: in memory, once, with nothing recorded. */
export interface PatternHost {
  readonly call: CallAgent
  /** The action of the agents that is called. Default `run`. */
  readonly action?: string
  /** For deadlines; default the computer's. */
  readonly clock?: Clock
}

/**
 * Runs a pattern in memory: makes the calls that it wants until it has a result, and aborts what is then left.
 *
 * @param deadlineMs null for none
 * @throws what the pattern failed with
 */
export function drive(
  host: PatternHost,
  decide: Decide,
  { input, deadlineMs }: { readonly input: JsonValue; readonly deadlineMs: number | null },
): Promise<JsonValue> {
  return new Promise((resolve, reject) => {
    new Drive(host, decide, { input, resolve, reject }).begin(deadlineMs)
  })
}

/** A pattern that is ready to be run. */
type Decide = (facts: PatternFacts) => PatternDecision

type OpenCall = { -readonly [K in keyof PatternCall]: PatternCall[K] }

interface Caller {
  readonly input: JsonValue
  readonly resolve: (output: JsonValue) => void
  readonly reject: (error: OrchestrationError) => void
}

class Drive {
  readonly #host: PatternHost
  readonly #decide: Decide
  readonly #caller: Caller
  readonly #calls: OpenCall[] = []
  readonly #abort = new AbortController()
  #isOverdue = false
  #isOver = false
  #disarm: (() => void) | null = null

  constructor(host: PatternHost, decide: Decide, caller: Caller) {
    this.#host = host
    this.#decide = decide
    this.#caller = caller
  }

  begin(deadlineMs: number | null): void {
    if (deadlineMs !== null) {
      const due = (): void => {
        this.#isOverdue = true
        this.#advance()
      }
      this.#disarm = (this.#host.clock ?? systemClock).after(deadlineMs, due)
    }
    this.#advance()
  }

  #advance(): void {
    if (this.#isOver) return
    const decision = this.#decided()
    switch (decision.kind) {
      case 'call':
        for (const wanted of decision.calls) this.#start(wanted)
        return
      case 'completed':
        this.#end()
        return this.#caller.resolve(decision.output)
      case 'failed':
        this.#end()
        return this.#caller.reject(fromErrorJson(decision.error))
    }
  }

  #decided(): PatternDecision {
    const { input } = this.#caller
    try {
      return this.#decide({ input, calls: this.#calls, isOverdue: this.#isOverdue, scope: {} })
    } catch (thrown) {
      return { kind: 'failed', error: toErrorJson(thrown, 'PatternError') }
    }
  }

  #start({ agent, action, input, note }: WantedCall): void {
    const call: OpenCall = { agent, action, note, status: 'open', output: null, error: null }
    this.#calls.push(call)
    const request = { agent, action, input, signal: this.#abort.signal }
    // Not before every call of a decision is known, and also when it throws at once.
    const made = Promise.resolve(request).then(this.#host.call)
    made
      .then((output) => this.#completed(call, output))
      .catch((thrown: unknown) => {
        this.#failed(call, toErrorJson(thrown))
      })
  }

  #completed(call: OpenCall, output: unknown): void {
    call.output = jsonOf(call, output)
    call.status = 'completed'
    this.#advance()
  }

  #failed(call: OpenCall, error: ErrorJson): void {
    call.error = error
    call.status = 'failed'
    this.#advance()
  }

  #end(): void {
    this.#isOver = true
    this.#disarm?.()
    this.#abort.abort()
  }
}

function jsonOf({ agent, action }: PatternCall, output: unknown): JsonValue {
  try {
    return JSON.parse(JSON.stringify(output ?? null) ?? 'null') as JsonValue
  } catch (thrown) {
    const message = `${agent}.${action} gave what is no JSON`
    throw new OrchestrationError('AgentOutputError', message, { cause: thrown })
  }
}

import { type AgentCall, AgentPool, type RunningCall, type Settle } from '../src/agents/index.ts'
import type {
  ActionContract,
  CallOutcome,
  Effect,
  LookupOutcome,
} from '../src/core/contracts/call.ts'
import type { ErrorJson } from '../src/core/errors.ts'
import type { JsonValue } from '../src/core/json.ts'
import type { Random } from '../src/core/random.ts'
import type { AgentDirectory, EngineAgent } from '../src/engine/index.ts'
import type { KeyRecord, Outside } from './outside.ts'
import type { ProcessClock } from './virtual-clock.ts'

/** What a simulated agent needs of the process that it runs in. */
export interface AgentWorld {
  readonly outside: Outside
  readonly random: Random
  readonly clock: ProcessClock
  readonly isQuiet: () => boolean
  readonly saw: (fault: string) => void
  /** Whether calls of the agent `poison` end their process. */
  readonly isPoisonous: boolean
  /** Ends the process at once. */
  readonly poison: () => void
  /** Effects under way in this process, decided when it is stopped: they happen now or never. */
  readonly underWay: Set<(happens: boolean) => void>
  /** Called when an attempt is made, before anything else. */
  readonly arrived: (call: AgentCall) => void
}

const effects: Readonly<Record<string, { readonly effect: Effect; readonly hasLookup: boolean }>> =
  {
    reader: { effect: 'read', hasLookup: false },
    writer: { effect: 'idempotent', hasLookup: false },
    payer: { effect: 'once', hasLookup: true },
    blind: { effect: 'once', hasLookup: false },
    failer: { effect: 'read', hasLookup: false },
    asker: { effect: 'idempotent', hasLookup: false },
    hanger: { effect: 'idempotent', hasLookup: false },
    poison: { effect: 'read', hasLookup: false },
  }

/** The agents of one process. Their behaviour comes from the seed; what they did stays in the outside world. */
export function simulatedAgents(world: AgentWorld): AgentDirectory {
  const agents = new Map(
    Object.keys(effects).map((name) => [name, new SimulatedAgent(name, world)]),
  )
  return { resolve: (name) => agents.get(name) }
}

class SimulatedAgent implements EngineAgent {
  readonly pool: AgentPool
  readonly #name: string
  readonly #world: AgentWorld
  readonly #contract: ActionContract
  #inFlight = 0
  readonly #places: number

  constructor(name: string, world: AgentWorld) {
    this.#name = name
    this.#world = world
    this.#places = 2 + Math.floor(world.random() * 6)
    this.pool = new AgentPool({ maxConcurrent: this.#places, queueMax: 1_000 })
    const { effect, hasLookup } = effects[name] as { effect: Effect; hasLookup: boolean }
    this.#contract = { agentId: name, agentType: name, effect, hasLookup, hash: '0123456789ab' }
  }

  contract(): ActionContract {
    return this.#contract
  }

  invoke(action: string, call: AgentCall, settle: Settle): RunningCall {
    const { outside, clock, random } = this.#world
    this.#world.arrived(call)
    if (++this.#inFlight > this.#places)
      outside.faults.push({ key: `${this.#name}/`, property: 'poolHolds' })
    const isOnce = this.#contract.effect === 'once'
    const { idempotencyKey: key, stepId, index, input } = call
    const record = outside.arrive({
      key,
      stepId,
      index,
      input,
      agent: `${this.#name}.${action}`,
      isOnce,
    })
    let isOver = false
    const end = (outcome: CallOutcome): void => {
      if (isOver) return
      isOver = true
      this.#inFlight--
      settle(outcome)
      if (random() < 0.03) {
        this.#world.saw('duplicateOutcome')
        settle(outcome)
      }
    }
    const plan = this.#behaviour(action, call, record)
    if (call.timeoutMs !== null && plan.afterMs > call.timeoutMs) {
      clock.after(call.timeoutMs, () => {
        plan.giveUp(random() < 0.5)
        end(this.#failed('WorkflowTimeoutError', true))
      })
    } else if (plan.afterMs !== Infinity) {
      clock.after(plan.afterMs, () => end(plan.outcome()))
    }
    return {
      stop: () => {
        plan.giveUp(random() < 0.5)
        end(this.#failed('WorkflowCancelledError', true))
      },
      abort: () => {
        this.#world.saw('abort')
        if (random() >= 0.8) return
        clock.after(10, () => {
          plan.giveUp(random() < 0.5)
          end(this.#failed('WorkflowCancelledError', true))
        })
      },
    }
  }

  lookup(_action: string, key: string): Promise<LookupOutcome> {
    const { outside, random, clock } = this.#world
    return new Promise((resolve) => {
      clock.after(10 * Math.floor(random() * 5), () => {
        const record = outside.keys.get(key)
        if (random() < 0.1) {
          this.#world.saw('lookupFails')
          return resolve({ kind: 'unknown', error: null })
        }
        if (record === undefined || record.effects === 0) return resolve({ kind: 'never' })
        resolve({ kind: 'completed', output: record.output })
      })
    })
  }

  #behaviour(action: string, call: AgentCall, record: KeyRecord): Behaviour {
    const { random } = this.#world
    const quiet = this.#world.isQuiet()
    const afterMs = 10 * Math.floor(random() * 8)
    const roll = random()
    const value = action === 'poll' ? pollNumber(call.idempotencyKey) : Math.floor(random() * 100)
    const output: JsonValue = { value, step: call.stepId, index: call.index }
    const effect = this.#effect(record, output)
    const giveUp = effect
    const complete = (): CallOutcome => {
      effect(true)
      return { kind: 'completed', output }
    }
    if (this.#name === 'poison' && this.#world.isPoisonous && record.deliveries < 8) {
      this.#world.saw('poison')
      this.#world.poison()
      return { afterMs: Infinity, outcome: complete, giveUp }
    }
    if (this.#name === 'asker' && call.resumed === null) {
      this.#world.saw('suspend')
      return {
        afterMs,
        giveUp,
        outcome: () => ({
          kind: 'suspended',
          signal: 'go',
          schema: null,
          resumeToken: call.stepId,
        }),
      }
    }
    if (this.#name === 'hanger' && !(quiet && record.deliveries > 6)) {
      this.#world.saw('hang')
      return { afterMs: Infinity, outcome: complete, giveUp }
    }
    if (this.#name === 'failer' && roll < 0.8) {
      this.#world.saw('definiteFailure')
      return {
        afterMs,
        giveUp,
        outcome: () => ({ kind: 'failed', error: failure('AgentError', false) }),
      }
    }
    if (quiet || action === 'undo') return { afterMs, outcome: complete, giveUp }
    if (roll < 0.06) {
      this.#world.saw('slow')
      return { afterMs: afterMs + 400, outcome: complete, giveUp }
    }
    if (roll < 0.16) {
      this.#world.saw('retryableFailure')
      // Half of the failures of a `once` call come after its effect.
      return {
        afterMs,
        giveUp,
        outcome: () => {
          effect(random() < 0.5)
          return this.#failed('AgentError', true)
        },
      }
    }
    return { afterMs, outcome: complete, giveUp }
  }

  /** The effect of one delivery, which happens at most once, and not after its process was stopped. */
  #effect(record: KeyRecord, output: JsonValue): (happens: boolean) => void {
    const { outside, underWay } = this.#world
    const decide = (happens: boolean): void => {
      if (!underWay.delete(decide)) return
      if (happens) outside.perform(record, output)
    }
    underWay.add(decide)
    return decide
  }

  #failed(code: string, retryable: boolean): CallOutcome {
    const error = failure(code, retryable)
    return this.#contract.effect === 'once' && retryable
      ? { kind: 'unknown', error }
      : { kind: 'failed', error }
  }
}

/** When and how a delivery ends, and what becomes of its effect when nobody waits for it any more. */
interface Behaviour {
  readonly afterMs: number
  readonly outcome: () => CallOutcome
  readonly giveUp: (happens: boolean) => void
}

function failure(code: string, retryable: boolean): ErrorJson {
  return { code, message: 'simulated', retryable, hint: null, details: null }
}

function pollNumber(key: string): number {
  const match = /\/p(\d+)$/.exec(key)
  return match === null ? 1 : Number(match[1])
}

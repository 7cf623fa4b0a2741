import {
  type AgentCall,
  AgentPool,
  type BreakerState,
  CircuitBreaker,
  type RunningCall,
  type Settle,
} from '../src/agents/index.ts'
import type {
  ActionContract,
  CallOutcome,
  Effect,
  LookupOutcome,
} from '../src/core/contracts/call.ts'
import type { BudgetLimit } from '../src/core/contracts/budget.ts'
import type { ErrorJson } from '../src/core/errors.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../src/core/json.ts'
import type { Random } from '../src/core/random.ts'
import type { AgentDirectory, EngineAgent } from '../src/engine/index.ts'
import type { LifeClock } from '../src/testing/fake-clock.ts'
import type { AgentWorld } from './agent-world.ts'
import { memoryOf, stateWrites } from './agent-writes.ts'
import { effects, failingForGood, metered, queues, slotsMax } from './agent-kinds.ts'
import { modelBudget, modelTokensMax } from './spending.ts'
import { ProductAgents, type ProductProcess } from './product-agents.ts'
import type { KeyRecord } from '../src/testing/simulation/outside.ts'

/** The agents of one process. Their behaviour comes from the seed; what they did stays in the outside world. */
export class SimulatedAgents implements AgentDirectory {
  readonly #agents: ReadonlyMap<string, SimulatedAgent>
  /** Those that are the product's own. */
  readonly products: ProductAgents

  constructor(world: AgentWorld, process: ProductProcess) {
    const names = Object.keys(effects)
    this.#agents = new Map(names.map((name) => [name, new SimulatedAgent(name, world)]))
    this.products = new ProductAgents(world, process)
  }

  resolve(name: string): EngineAgent | undefined {
    return this.#agents.get(name) ?? this.products.resolve(name)
  }

  /** Places that are held or waited for. */
  get placesHeld(): number {
    const own = Array.from(this.#agents.values(), ({ pool }) => pool)
    const all = [...own, ...this.products.pools]
    return all.reduce((sum, { held, waiting }) => sum + held + waiting, 0)
  }
}

class SimulatedAgent implements EngineAgent {
  readonly pool: AgentPool
  readonly budget: BudgetLimit | null
  readonly #name: string
  readonly #world: AgentWorld
  readonly #contract: ActionContract
  #inFlight = 0
  readonly #places: number

  constructor(name: string, world: AgentWorld) {
    this.#name = name
    this.#world = world
    this.#places = 2 + Math.floor(world.random() * 6)
    const clock = (): LifeClock => world.clock
    const onChange = (state: BreakerState): void => world.saw(`breaker ${state}`)
    const breaker = new CircuitBreaker(name, { callsMin: 2, openMs: 60 }, { clock, onChange })
    this.pool = new AgentPool({
      maxConcurrent: this.#places,
      queueMax: queues[name] ?? 1_000,
      ...(name === 'sick' ? { breaker } : {}),
      clock,
    })
    const { effect, hasLookup } = effects[name] as { effect: Effect; hasLookup: boolean }
    const most = { tokens: modelTokensMax, costUsd: 0 }
    const contract = { agentId: name, agentType: name, effect, hasLookup, hash: '0123456789ab' }
    this.#contract = metered.has(name) ? { ...contract, most } : contract
    this.budget =
      name === 'model' ? { calls: null, tokens: modelBudget, costUsd: null, per: 'total' } : null
  }

  contract(): ActionContract {
    return this.#contract
  }

  invoke(action: string, call: AgentCall, settle: Settle): RunningCall {
    const { outside, clock, random } = this.#world
    const left = this.#world.arrived(call)
    if (++this.#inFlight > this.#places)
      outside.faults.push({ key: `${this.#name}/`, property: 'poolHolds' })
    if (this.#name === 'slotted' && this.#inFlight > slotsMax)
      outside.faults.push({ key: `${this.#name}/`, property: 'slotHolds' })
    const tokens = this.#spends(call)
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
    const end = (ended: CallOutcome, isUsageOpen = false): void => {
      if (isOver) return
      isOver = true
      this.#inFlight--
      left()
      const outcome = metering(ended, tokens, isUsageOpen)
      settle(outcome)
      if (random() < 0.06) {
        this.#world.saw('duplicateOutcome')
        if (random() < 0.5) settle(outcome)
        else clock.after(10 * Math.floor(random() * 8), () => settle(outcome))
      }
    }
    const plan = this.#behaviour(action, call, record)
    if (call.timeoutMs !== null && plan.afterMs > call.timeoutMs) {
      clock.after(call.timeoutMs, () => {
        plan.giveUp(random() < 0.5)
        end(this.#failed('WorkflowTimeoutError', true), true)
      })
    } else if (plan.afterMs !== Infinity) {
      clock.after(plan.afterMs, () => end(plan.outcome()))
    }
    return {
      stop: () => {
        plan.giveUp(random() < 0.5)
        end(this.#failed('WorkflowCancelledError', true), true)
      },
      abort: () => {
        this.#world.saw('abort')
        if (random() >= 0.8) return
        clock.after(10, () => {
          plan.giveUp(random() < 0.5)
          end(this.#failed('WorkflowCancelledError', true), true)
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
    const run = runOf(call.idempotencyKey)
    const choice = value % 2
    const own = { value, choice, step: call.stepId, index: call.index, run }
    const output = delegation(call.input, random) ?? this.#oddVote(roll) ?? own
    const effect = this.#effect(record, output)
    const giveUp = effect
    const writes = stateWrites(this.#name, call, random)
    const complete = (): CallOutcome => {
      effect(true)
      const state = writes?.()
      const says = this.#name === 'writer' && roll > 0.6
      const remembers = this.#name === 'writer' && roll > 0.4 && roll <= 0.6
      return {
        kind: 'completed',
        output,
        ...(state === undefined ? {} : { state }),
        ...(says ? { events: [{ type: 'written', data: output }] } : {}),
        ...(remembers ? { memory: memoryOf(call.idempotencyKey, output) } : {}),
      }
    }
    if (this.#name === 'poison' && this.#world.isPoisonous && record.deliveries < 8) {
      this.#world.saw('poison')
      this.#world.poison()
      return { afterMs: Infinity, outcome: complete, giveUp }
    }
    if (this.#name === 'asker' && call.resumed === null) {
      this.#world.saw('suspend')
      const suspended = { kind: 'suspended', signal: 'go', schema: null } as const
      return { afterMs, giveUp, outcome: () => ({ ...suspended, resumeToken: call.stepId }) }
    }
    if (this.#name === 'hanger' && !(quiet && record.deliveries > 6)) {
      this.#world.saw('hang')
      return { afterMs: Infinity, outcome: complete, giveUp }
    }
    const failing = failingForGood[this.#name]
    if (failing !== undefined && roll < failing.share) {
      this.#world.saw(failing.fault)
      const error = failure('AgentError', false)
      return { afterMs, giveUp, outcome: () => ({ kind: 'failed', error }) }
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
    return this.#misbehaviour(roll, { afterMs, outcome: complete, giveUp }, effect)
  }

  /** What else agents are known for. */
  #misbehaviour(roll: number, well: Behaviour, effect: (happens: boolean) => void): Behaviour {
    const { saw, random } = this.#world
    const isOnce = this.#contract.effect === 'once'
    const failing = (fault: string, outcome: () => CallOutcome): Behaviour => {
      saw(fault)
      return { ...well, outcome }
    }
    if (roll < (this.#name === 'sick' ? 0.6 : 0.19))
      return failing('diesMidStream', () => {
        effect(random() < 0.5)
        return this.#failed('AgentCommunicationError', true)
      })
    if (roll < 0.21)
      return failing('rateLimited', () => {
        effect(false)
        const error = { ...failure('AgentCommunicationError', true), details: { retryAfterMs: 90 } }
        return { kind: 'failed', error }
      })
    if (roll < 0.23 && !isOnce)
      return failing('badShape', () => {
        effect(true)
        return { kind: 'failed', error: failure('AgentOutputError', true) }
      })
    if (roll > 0.99)
      return failing('refuses', () => {
        effect(false)
        return { kind: 'failed', error: failure('RefusedError', false) }
      })
    return well
  }

  /** What a delivery uses, and sometimes more than its action declares; used is used, whoever hears of it. */
  #spends(call: AgentCall): number {
    const { random, saw, spent } = this.#world
    if (!metered.has(this.#name) || call.idempotencyKey.endsWith('/compensate')) return 0
    const isOverrun = random() < 0.02
    if (isOverrun) saw('overrun')
    const tokens = isOverrun ? modelTokensMax + 7 : Math.floor(random() * (modelTokensMax + 1))
    spent(call, this.#name, { tokens, tokensMax: modelTokensMax })
    return tokens
  }

  /** What a voter gives that cannot be counted, or counts as no vote. */
  #oddVote(roll: number): JsonValue {
    const odd: readonly (readonly [string, JsonValue])[] = [
      ['wrongShape', ['no', 'object']],
      ['voteOutside', { choice: 'neither' }],
    ]
    if (this.#name === 'mute') {
      this.#world.saw('abstains')
      return { abstain: true }
    }
    const [fault, output] = (this.#name === 'liar' && odd[Math.floor(roll * 3)]) || [null, null]
    if (fault !== null) this.#world.saw(fault)
    return output
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

/** What a supervisor wants done; null for whoever supervises nobody. */
function delegation(input: JsonValue, random: Random): JsonObject | null {
  if (!isJsonObject(input) || !Array.isArray(input['workers'])) return null
  const workers = input['workers'] as readonly string[]
  const isDone = input['phase'] === 'review' && random() < 0.7
  if (isDone) return { done: true, output: { round: input['round'] ?? null } }
  return { assignments: workers.map((agent) => ({ agent, input: { for: agent } })) }
}

/** When and how a delivery ends, and what becomes of its effect when nobody waits for it any more. */
interface Behaviour {
  readonly afterMs: number
  readonly outcome: () => CallOutcome
  readonly giveUp: (happens: boolean) => void
}

/** What an agent says it has used; of one that was given up nobody hears it. */
function metering(outcome: CallOutcome, tokens: number, isUsageOpen: boolean): CallOutcome {
  if (isUsageOpen) return { ...outcome, isUsageOpen: true }
  return tokens === 0 ? outcome : { ...outcome, usage: { tokens, costUsd: 0 } }
}

function failure(code: string, retryable: boolean): ErrorJson {
  return { code, message: 'simulated', retryable, hint: null, details: null }
}

function pollNumber(key: string): number {
  const match = /\/p(\d+)$/.exec(key)
  return match === null ? 1 : Number(match[1])
}

/** The run of the step that a key names. */
function runOf(key: string): number {
  return Number(key.split('/')[2])
}

import { AsyncLocalStorage } from 'node:async_hooks'
import type {
  AgentCall,
  AgentHost,
  AgentPool,
  BaseAgent,
  RunningCall,
  Settle,
} from '../src/agents/index.ts'
import type { BudgetLimit } from '../src/core/contracts/budget.ts'
import type { ActionContract, LookupOutcome } from '../src/core/contracts/call.ts'
import type { EngineAgent } from '../src/engine/index.ts'
import type { AgentWorld } from './agent-world.ts'

const calls = new AsyncLocalStorage<AgentCall>()

/** The call inside which this runs. @throws outside of one */
export function callUnderWay(): AgentCall {
  const call = calls.getStore()
  if (call === undefined) throw new Error('nothing is being called')
  return call
}

/** An agent of the product in a simulated process: its calls are noted by the world before they are made. */
export class WatchedAgent implements EngineAgent {
  readonly #agent: BaseAgent
  readonly #world: AgentWorld
  readonly #isReady: Promise<void>

  constructor(agent: BaseAgent, world: AgentWorld, host: Partial<AgentHost>) {
    this.#agent = agent
    this.#world = world
    this.#isReady = agent.init(host)
  }

  get pool(): AgentPool {
    return this.#agent.pool
  }

  get budget(): BudgetLimit | null {
    return this.#agent.budget
  }

  contract(action: string): ActionContract | undefined {
    return this.#agent.contract(action)
  }

  invoke(action: string, call: AgentCall, settle: Settle): RunningCall {
    const { outside, arrived } = this.#world
    const left = arrived(call)
    const ended: Settle = (outcome) => {
      left()
      settle(outcome)
    }
    const { idempotencyKey: key, stepId, index, input } = call
    const agent = `${this.#agent.id}.${action}`
    outside.arrive({ key, stepId, index, input, agent, isOnce: false })
    const invoke = (): RunningCall => calls.run(call, () => this.#agent.invoke(action, call, ended))
    return this.#agent.state === 'ready' ? invoke() : soon(this.#isReady, invoke)
  }

  lookup(action: string, idempotencyKey: string): Promise<LookupOutcome> {
    return this.#agent.lookup(action, idempotencyKey)
  }
}

/** A call that begins in the same turn, and may be given up before. */
function soon(isReady: Promise<void>, invoke: () => RunningCall): RunningCall {
  let running: RunningCall | null = null
  let end: ((running: RunningCall) => void) | null = null
  void isReady.then(() => {
    running = invoke()
    end?.(running)
  })
  const tell = (verb: 'abort' | 'stop', reason: string): void => {
    if (running === null) end = (begun) => begun[verb](reason)
    else running[verb](reason)
  }
  return { abort: (reason) => tell('abort', reason), stop: (reason) => tell('stop', reason) }
}

import { type AgentCall, type Memories, verdictOf } from '../agents/index.ts'
import type { CallOutcome, LookupOutcome } from '../core/contracts/call.ts'
import type { Clock } from '../core/clock.ts'
import type { Telemetry } from '../core/contracts/telemetry.ts'
import type { MeshPort } from '../core/contracts/mesh.ts'
import { type TdaContext, unavailableTda } from '../core/contracts/tda.ts'
import type { Logger } from '../core/logger.ts'
import {
  callLabel,
  type CallRef,
  type Command,
  entryAt,
  findCall,
  type Invocation,
  type Stimulus,
} from '../workflow/index.ts'
import type { AgentDirectory } from './engine-agent.ts'
import type { Budgets } from './budgets/budgets.ts'
import { missingAgent } from './missing-agent.ts'
import type { Held, Place } from './place.ts'
import { type PlaceListener, Places, type Refusal } from './places.ts'
import type { Running } from './running.ts'

type Admit = Held['command']
type Lookup = Command & { kind: 'lookup' }

export interface DispatcherOptions {
  readonly agents: AgentDirectory
  readonly budgets: Budgets<Held>
  readonly clock: Clock
  readonly logger: Logger
  readonly telemetry: Telemetry
  /** The process is to take nothing more on for the moment. */
  readonly isFull: () => boolean
  /** What the TDA feed says now. */
  readonly tda: () => TdaContext
  readonly mesh: MeshPort | null
  readonly memories: () => Memories
  readonly stimulate: (running: Running, stimulus: Stimulus) => void
}

/** Obeys the kernel's commands that concern agents: places, calls, lookups, aborts. */
export class Dispatcher {
  readonly #options: DispatcherOptions
  readonly #places: Places
  #inFlight = 0
  #onIdle: (() => void)[] = []
  readonly #held: Held[] = []

  constructor(options: DispatcherOptions) {
    this.#options = options
    this.#places = new Places(options.isFull)
  }

  /** Attempts that run now. */
  get inFlight(): number {
    return this.#inFlight
  }

  /** Keys of `concurrency` under which somebody holds or waits. */
  get slots(): number {
    return this.#places.slots
  }

  /** Resolves when no attempt runs. */
  idle(): Promise<void> {
    if (this.#inFlight === 0) return Promise.resolve()
    return new Promise((resolve) => this.#onIdle.push(resolve))
  }

  /** Asks for a place; the kernel hears `admitted` at once or when the place is free. */
  admit(running: Running, command: Admit): void {
    // What is made inside a call is waited for by that call.
    const mayBeHeld = running.state.chain.length === 0
    if (mayBeHeld && this.#inFlight > 0 && this.#options.isFull()) {
      this.#held.push({ running, command })
      return
    }
    this.#admit(running, command)
  }

  /** What a full process held back goes on as calls end, one for one until there is room. */
  #admitHeld(): void {
    while (this.#held.length > 0 && (this.#inFlight === 0 || !this.#options.isFull())) {
      const { running, command } = this.#held.shift() as Held
      if (isWanted(running, command)) this.#admit(running, command)
    }
  }

  #admit(running: Running, command: Admit): void {
    const { call, alone, slot } = command
    const { chain } = running.state
    const agent = this.#options.agents.resolve(command.agent)
    const contract = agent?.contract(command.action)
    if (agent === undefined || contract === undefined) return this.#missing(running, command)
    const listener = this.#listener(running, command)
    const place: Place = {
      call,
      agent,
      contract,
      accounts: [],
      alone,
      slot,
      isNested: chain.length > 0,
      isReentrant: chain.includes(contract.agentId),
      turn: {
        owner: running.state.tenant ?? running.row.executionId,
        age: running.row.execution,
      },
      stage: 'slotted',
      grant: (answer) => this.#places.granted(place, listener, answer),
      isCalled: false,
      isOver: false,
      running: null,
      telemetry: null,
      startedAtMs: 0,
    }
    running.places.set(call, place)
    this.#places.take(place, listener)
  }

  #listener(running: Running, command: Admit): PlaceListener {
    return {
      held: (place) => this.#entered({ running, command }, place),
      refused: (place, refusal) => this.#refused(running, place, refusal),
    }
  }

  /** Everything but the budgets lets the call start. */
  #entered(held: Held, place: Place): void {
    const { running } = held
    const { call, contract } = place
    const calls = findCall(running.state, call)?.redeliver === true ? 0 : 1
    const answer =
      call.undo === null ? this.#options.budgets.ask(running, contract, calls) : outsideBudgets
    if (answer.kind === 'granted') {
      const { accounts, isAccounted } = answer
      place.accounts = accounts
      return this.#options.stimulate(running, { kind: 'admitted', call, contract, isAccounted })
    }
    this.#places.leave(place)
    if (answer.kind === 'exceeded') {
      const { error } = answer
      return this.#refused(running, place, { kind: 'refused', reason: 'budget', error })
    }
    running.places.delete(call)
    answer.account.waiting.set(call, held)
  }

  #refused(running: Running, { call, contract }: Place, refusal: Refusal): void {
    running.places.delete(call)
    const why = refusal.kind === 'refused' ? refusal.reason : 'concurrency'
    this.#options.telemetry.callRefused(contract.agentId, why)
    this.#options.stimulate(running, { ...refusal, call })
  }

  /** What waits for a budget asks again: one after the other while there is enough, all when nobody else would tell. */
  #spent(accounts: Place['accounts']): void {
    this.#options.budgets.ended(accounts)
    for (const account of accounts) {
      for (const [call, { running, command }] of Array.from(account.waiting)) {
        account.waiting.delete(call)
        if (!isWanted(running, command) || running.places.has(command.call)) continue
        this.#admit(running, command)
        const isStarting = running.places.get(command.call)?.stage === 'held'
        if (!isStarting && account.running > 0) break
      }
    }
  }

  /** The call is not to start: takes it out of its queue or gives its place back. */
  release(running: Running, call: CallRef): void {
    running.missing.delete(call)
    const place = running.places.get(call)
    if (place === undefined || place.isCalled) return
    running.places.delete(call)
    this.#places.leave(place)
    this.#spent(place.accounts)
  }

  /** Makes the call for which the kernel has recorded an attempt. */
  invoke(running: Running, command: Invocation): void {
    const { token } = command
    const place = running.places.get(command.call)
    if (place === undefined) return
    const started = findCall(running.state, command.call)
    // A pattern may have given it up in the turn that started it.
    if (started?.status !== 'running' || started.token !== token)
      return this.release(running, command.call)
    const { clock } = this.#options
    place.startedAtMs = clock.monotonicMs()
    place.telemetry = running.telemetry.attemptStarted({
      stepId: command.call.step,
      index: command.call.index,
      attempt: command.attempt,
      agent: command.agent,
      action: command.action,
      idempotencyKey: command.idempotencyKey,
    })
    place.isCalled = true
    this.#inFlight++
    const settle = (outcome: CallOutcome): void => this.#ended({ running, place, token, outcome })
    const call = this.#agentCall(running, command, place)
    place.running = place.agent.invoke(command.action, call, settle)
  }

  abort(running: Running, command: Command & { kind: 'abort' }): void {
    running.places.get(command.call)?.running?.abort(command.reason)
  }

  /** The attempt is given up: its place is free, whatever its agent still does. */
  abandon(running: Running, call: CallRef): void {
    running.places.get(call)?.running?.stop('its execution waits for it no longer')
  }

  /** Asks the agent what became of a call. Without that agent here, the question stays open. */
  lookUp(running: Running, command: Lookup): void {
    const { call, token } = command
    const agent = this.#options.agents.resolve(command.agent)
    if (agent === undefined) return this.#missing(running, command)
    this.#inFlight++
    const tell = (outcome: LookupOutcome): void => {
      this.#settled()
      this.#options.stimulate(running, { kind: 'lookedUp', call, token, outcome })
    }
    agent.lookup(command.action, command.idempotencyKey).then(tell, (thrown: unknown) => {
      this.#options.logger.log(
        'error',
        `lookup of '${callLabel(call)}' broke its promise: ${String(thrown)}`,
      )
      tell({ kind: 'unknown', error: null })
    })
  }

  /** Gives back everything that an ended execution still holds. */
  forget(running: Running): void {
    for (const place of running.places.values()) {
      if (place.isCalled) continue
      this.#places.leave(place)
      this.#spent(place.accounts)
    }
    running.places.clear()
    running.missing.clear()
  }

  #missing(running: Running, command: Admit | Lookup): void {
    const what = missingAgent(command.agent, command.action)
    running.missing.set(command.call, what)
    this.#options.logger.log('warn', `${what}: waiting`, {
      executionId: running.row.executionId,
      step: callLabel(command.call),
    })
  }

  #ended({ running, place, token, outcome }: Ended): void {
    // An agent that answers twice is told apart by the kernel; its place is given back once.
    const isFirst = !place.isOver
    if (isFirst) {
      place.isOver = true
      const durationMs = this.#options.clock.monotonicMs() - place.startedAtMs
      place.telemetry?.ended(outcome.kind, durationMs, 'error' in outcome ? outcome.error : null)
      if (running.places.get(place.call) === place) running.places.delete(place.call)
      this.#places.leave(place, verdictOf(outcome))
      this.#settled()
    }
    this.#options.stimulate(running, { kind: 'ended', call: place.call, token, outcome })
    // Only now is it known what it has used.
    if (isFirst) this.#spent(place.accounts)
  }

  #agentCall(running: Running, command: Invocation, place: Place): AgentCall {
    const { call } = command
    const { state } = running
    const { clock, tda, budgets } = this.#options
    const { agentCallsLeft } = command
    return {
      input: command.input,
      ...(command.secrets === undefined ? {} : { secrets: command.secrets }),
      executionId: running.row.executionId,
      stepId: call.step,
      index: call.index,
      attempt: command.attempt,
      idempotencyKey: command.idempotencyKey,
      timeoutMs: command.timeoutMs,
      correlationId: running.row.executionId,
      tda: command.withTda ? tda() : unavailableTda,
      budget: { agentCallsLeft, ...budgets.left(running, place.accounts, place.contract) },
      resumed: command.resumed,
      chain: [...state.chain, place.contract.agentId],
      mesh: this.#options.mesh,
      memories: this.#options.memories,
      traceparent: running.places.get(call)?.telemetry?.traceparent ?? null,
      readState: (key) => entryAt(state, key, clock.nowMs()) ?? null,
    }
  }

  #settled(): void {
    this.#inFlight--
    if (this.#held.length > 0) this.#admitHeld()
    if (this.#inFlight === 0) for (const resolve of this.#onIdle.splice(0)) resolve()
  }
}

/** Undoing spends nobody's budget. */
const outsideBudgets = { kind: 'granted', accounts: [], isAccounted: false } as const

interface Ended {
  readonly running: Running
  readonly place: Place
  readonly token: number
  readonly outcome: CallOutcome
}

/** Whether that very call still asks for a place: a later run of its step is another one. */
function isWanted({ hasLeft, state }: Running, { call }: Admit): boolean {
  const found = findCall(state, call)
  return !hasLeft && found?.ref === call && found.requested
}

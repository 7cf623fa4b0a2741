import type { AgentCall } from '../agents/index.ts'
import type { CallOutcome, LookupOutcome } from '../core/contracts/call.ts'
import type { Clock } from '../core/clock.ts'
import type { MeshPort } from '../core/contracts/mesh.ts'
import { type TdaContext, unavailableTda } from '../core/contracts/tda.ts'
import { ResourceExhaustionError } from '../core/errors.ts'
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
import { AloneGate } from './alone-gate.ts'
import type { AgentDirectory } from './engine-agent.ts'
import type { Place } from './place.ts'
import type { Running } from './running.ts'

type Admit = Command & { kind: 'admit' }
type Lookup = Command & { kind: 'lookup' }

export interface DispatcherOptions {
  readonly agents: AgentDirectory
  readonly clock: Clock
  readonly logger: Logger
  /** The process is to take nothing more on for the moment. */
  readonly isFull: () => boolean
  /** What the TDA feed says now. */
  readonly tda: () => TdaContext
  readonly mesh: MeshPort | null
  readonly stimulate: (running: Running, stimulus: Stimulus) => void
}

/** Obeys the kernel's commands that concern agents: places, calls, lookups, aborts. */
export class Dispatcher {
  readonly #options: DispatcherOptions
  readonly #gate = new AloneGate()
  #inFlight = 0
  #onIdle: (() => void)[] = []
  readonly #held: Held[] = []

  constructor(options: DispatcherOptions) {
    this.#options = options
  }

  /** Attempts that run now. */
  get inFlight(): number {
    return this.#inFlight
  }

  /** Resolves when no attempt runs. */
  idle(): Promise<void> {
    if (this.#inFlight === 0) return Promise.resolve()
    return new Promise((resolve) => this.#onIdle.push(resolve))
  }

  /** Asks for a place; the kernel hears `admitted` at once or when the place is free. */
  admit(running: Running, command: Admit): void {
    if (this.#inFlight > 0 && this.#options.isFull()) {
      this.#held.push({ running, command })
      return
    }
    this.#admit(running, command)
  }

  /** What a full process held back goes on as calls end, one for one until there is room. */
  #admitHeld(): void {
    while (this.#held.length > 0 && (this.#inFlight === 0 || !this.#options.isFull())) {
      const { running, command } = this.#held.shift() as Held
      const isWanted = !running.hasLeft && findCall(running.state, command.call)?.requested === true
      if (isWanted) this.#admit(running, command)
    }
  }

  #admit(running: Running, command: Admit): void {
    const { call, alone } = command
    const agent = this.#options.agents.resolve(command.agent)
    const contract = agent?.contract(command.action)
    if (agent === undefined || contract === undefined) return this.#missing(running, command)
    const place: Place = {
      call,
      agent,
      contract,
      alone,
      stage: 'pooled',
      grant: () => this.#pooled(running, place),
      enter: () => this.#entered(running, place),
      isCalled: false,
      isOver: false,
      running: null,
      telemetry: null,
      startedAtMs: 0,
    }
    running.places.set(call, place)
    const answer = agent.pool.acquire(place.grant)
    if (answer === 'granted') return this.#pooled(running, place)
    if (answer === 'queued') return
    place.stage = 'refused'
    this.#options.stimulate(running, { kind: 'admitted', call, contract })
  }

  /** The call is not to start: takes it out of its queue or gives its place back. */
  release(running: Running, call: CallRef): void {
    running.missing.delete(call)
    const place = running.places.get(call)
    if (place === undefined || place.isCalled) return
    running.places.delete(call)
    this.#leave(place)
  }

  /** Makes the call for which the kernel has recorded an attempt. */
  invoke(running: Running, command: Invocation): void {
    const { token } = command
    const place = running.places.get(command.call)
    if (place === undefined) return
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
    if (place.stage === 'refused') return settle(poolFull(command))
    const call = this.#agentCall(running, command)
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
    for (const place of running.places.values()) if (!place.isCalled) this.#leave(place)
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

  #pooled(running: Running, place: Place): void {
    place.stage = 'gated'
    if (this.#gate.enter(place.alone, place.enter)) this.#entered(running, place)
  }

  #entered(running: Running, place: Place): void {
    place.stage = 'held'
    this.#options.stimulate(running, {
      kind: 'admitted',
      call: place.call,
      contract: place.contract,
    })
  }

  #leave(place: Place): void {
    const { agent, stage } = place
    if (stage === 'refused') return
    if (stage === 'pooled') {
      agent.pool.cancel(place.grant)
      return
    }
    if (stage === 'held') this.#gate.leave()
    else this.#gate.cancel(place.enter)
    agent.pool.release()
  }

  #ended({ running, place, token, outcome }: Ended): void {
    // An agent that answers twice is told apart by the kernel; its place is given back once.
    if (!place.isOver) {
      place.isOver = true
      const durationMs = this.#options.clock.monotonicMs() - place.startedAtMs
      place.telemetry?.ended(outcome.kind, durationMs, 'error' in outcome ? outcome.error : null)
      if (running.places.get(place.call) === place) running.places.delete(place.call)
      this.#leave(place)
      this.#settled()
    }
    this.#options.stimulate(running, { kind: 'ended', call: place.call, token, outcome })
  }

  #agentCall(running: Running, command: Invocation): AgentCall {
    const { call } = command
    const { state } = running
    const { clock, tda } = this.#options
    return {
      input: command.input,
      executionId: running.row.executionId,
      stepId: call.step,
      index: call.index,
      attempt: command.attempt,
      idempotencyKey: command.idempotencyKey,
      timeoutMs: command.timeoutMs,
      correlationId: running.row.executionId,
      tda: command.withTda ? tda() : unavailableTda,
      budget: { agentCallsLeft: command.agentCallsLeft },
      resumed: command.resumed,
      mesh: this.#options.mesh,
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

/** A call that wants a place, of a process that is full. */
interface Held {
  readonly running: Running
  readonly command: Admit
}

interface Ended {
  readonly running: Running
  readonly place: Place
  readonly token: number
  readonly outcome: CallOutcome
}

function poolFull(command: Invocation): CallOutcome {
  const error = new ResourceExhaustionError(
    `the queue of agent '${command.agent}' is full (resourceLimits.queueMax)`,
    {
      retryable: true,
      hint: 'raise queueMax or maxConcurrent of the agent, or start less at once',
    },
  )
  return { kind: 'failed', error: error.toJSON() }
}

/** Why a call waits whose agent this process does not have. */
export function missingAgent(agent: string, action: string): string {
  return `no agent '${agent}' with action '${action}' here`
}

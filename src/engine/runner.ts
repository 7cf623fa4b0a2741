import { assertNever } from '../core/assert.ts'
import type { Clock } from '../core/clock.ts'
import type { Pressure } from '../core/heap-pressure.ts'
import type { BudgetLimit } from '../core/contracts/budget.ts'
import type { MeshPort } from '../core/contracts/mesh.ts'
import { type TdaContextSource, unavailableTda } from '../core/contracts/tda.ts'
import type { Telemetry } from '../core/contracts/telemetry.ts'
import { type OrchestrationError, StateConsistencyError, messageOf } from '../core/errors.ts'
import type { Usage } from '../core/usage.ts'
import type { Logger } from '../core/logger.ts'
import type { Random } from '../core/random.ts'
import type { Memories } from '../agents/index.ts'
import { patternRunner } from '../patterns/index.ts'
import {
  type Command,
  type Moment,
  type PolicyAdviser,
  type Stimulus,
  transition,
} from '../workflow/index.ts'
import { Budgets } from './budgets/budgets.ts'
import { Committer, type Part } from './committer.ts'
import { Dispatcher } from './dispatcher.ts'
import type { Family } from './family.ts'
import type { AgentDirectory } from './engine-agent.ts'
import type { Journal } from './journal/journal.ts'
import { tellListeners } from './listeners.ts'
import { Narrator } from './narrator.ts'
import { Parking } from './parking.ts'
import type { Held } from './place.ts'
import type { Running } from './running.ts'
import { fits } from './signal-schema.ts'
import type { Snapshots } from './snapshots.ts'
import { statusOf } from './status-of.ts'
import { Timers } from './timers.ts'
import { runView } from './views/run-view.ts'
import type { EngineListener, RunView } from './workflow-engine.ts'

export interface RunnerOptions {
  readonly journal: Journal
  readonly agents: AgentDirectory
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly telemetry: Telemetry
  readonly listeners: ReadonlySet<EngineListener>
  /** Null: no feed, and every context is unavailable. */
  readonly tda: TdaContextSource | null
  /** The policy in force; null for none. */
  readonly policies: PolicyAdviser | null
  /** Null: agents may publish, and that is all. */
  readonly mesh: MeshPort | null
  /** Told what is in the state of executions. */
  readonly mirrors?: readonly unknown[]
  readonly snapshots: Snapshots
  readonly memories: () => Memories
  /** Why the process is to take nothing more on; null when all is well. */
  readonly pressure: Pressure
  /** Budgets of tenants by name; `*` for every tenant that is not named. */
  readonly tenants: { readonly [tenant: string]: BudgetLimit }
  /** The registry has become longer. */
  readonly onDocuments?: () => void
  /** Events were published. */
  readonly onPublished?: () => void
  /** An execution has ended. */
  readonly onEnded?: () => void
}

/** Somebody who waits for the end of an execution. */
export interface Waiter {
  readonly resolve: (view: RunView) => void
  readonly reject: (error: OrchestrationError) => void
}

const unlimited: Usage = { tokens: Infinity, costUsd: Infinity }

/** How long an execution that was steered stays in memory. */
const awakeMs = 1_000

/**
 * Drives executions: hands each stimulus to the kernel, has its events committed at the end of the
 * turn, and obeys its commands after that. Only asking for places and giving them back happens at once,
 * since it touches memory alone.
 */
export class Runner {
  readonly committer: Committer
  readonly dispatcher: Dispatcher
  readonly timers: Timers
  readonly parking: Parking
  readonly executions = new Map<string, Running>()
  /** Executions in memory that are no sub-workflows. */
  activeRoots = 0
  /** By execution id; told once it has ended, or cannot be driven any more. */
  readonly waiters = new Map<string, Waiter[]>()
  /** Set by whoever made the runner, before anything is run. */
  family: Family | null = null
  readonly #options: RunnerOptions
  readonly #narrator: Narrator
  readonly #budgets: Budgets<Held>
  #moment: Moment
  #isClosed = false
  readonly #stopListening: (() => void) | null

  constructor(options: RunnerOptions) {
    this.#options = options
    this.#moment = {
      atMs: 0,
      random: options.random,
      tda: unavailableTda,
      fits,
      patterns: patternRunner,
      policies: options.policies,
    }
    this.#stopListening = options.tda?.onChange(() => this.#tdaChanged()) ?? null
    const { clock, logger, journal, agents } = options
    this.#narrator = new Narrator(options.telemetry, logger)
    this.timers = new Timers(clock)
    this.parking = new Parking(this.timers, clock, (executionId) => this.family?.wake(executionId))
    this.committer = new Committer({
      journal,
      clock,
      logger,
      telemetry: options.telemetry,
      hasMirrors: (options.mirrors ?? []).length > 0,
      onCommitted: (part, atMs) => this.#committed(part, atMs),
      onDocuments: () => options.onDocuments?.(),
      onPublished: () => options.onPublished?.(),
      onBroken: (running, error) => this.#broken(running, error),
    })
    this.#budgets = new Budgets({
      totals: journal.budgets(),
      ofAgent: (agentId) => agents.resolve(agentId)?.budget ?? null,
      tenants: options.tenants,
      usageLeft: (running) => this.family?.usageLeft(running) ?? { left: unlimited, root: running },
      nowMs: () => this.committer.atMs,
    })
    this.dispatcher = new Dispatcher({
      agents,
      budgets: this.#budgets,
      clock,
      logger,
      telemetry: options.telemetry,
      mesh: options.mesh,
      memories: options.memories,
      isFull: () => options.pressure() !== null,
      tda: () => options.tda?.current() ?? unavailableTda,
      stimulate: (running, stimulus) => this.stimulate(running, stimulus),
    })
  }

  /** What a transition may know now. */
  get moment(): Moment {
    const { atMs } = this.committer
    if (this.#moment.atMs !== atMs) {
      const tda = this.#options.tda?.current() ?? unavailableTda
      this.#moment = { ...this.#moment, atMs, tda }
    }
    return this.#moment
  }

  /** Hands a stimulus to an execution; what follows from it is recorded at the end of this turn. */
  stimulate(running: Running, stimulus: Stimulus): void {
    if (this.#isClosed || running.hasLeft) return
    const { moment } = this
    const { made } = running
    const first = made.commands.length
    const firstEvent = made.events.length
    try {
      const callsLeft = this.family?.callsLeft(running)
      const own = callsLeft === undefined ? moment : { ...moment, callsLeft }
      transition(running.state, stimulus, own, made)
    } catch (thrown) {
      return this.#broken(running, brokenKernel(running, thrown))
    }
    this.committer.touch(running)
    this.#budgets.note(running, firstEvent, moment.atMs)
    // A place that is free is answered at once, by a transition that appends behind `end`.
    const end = made.commands.length
    for (let place = first; place < end; place++) {
      const command = made.commands[place] as Command
      if (command.kind === 'admit') {
        if (running.isDriven) this.dispatcher.admit(running, command)
      } else if (command.kind === 'release') this.dispatcher.release(running, command.call)
    }
  }

  /** Timers of executions, those of the engine's own housekeeping not counted. */
  get armedTimers(): number {
    let awake = 0
    for (const running of this.executions.values()) if (running.awake !== null) awake++
    return this.timers.size - awake
  }

  /** Whether the execution has decided what is not durable yet and can be soon. */
  isAhead({ isDirty, isRecording }: Running): boolean {
    return (isDirty || isRecording) && this.committer.stalled === null
  }

  /** Resolves when all that the execution has recorded so far is durable. */
  flushed(running: Running): Promise<void> {
    return new Promise((resolve, reject) => {
      running.flushed.push({ resolve, reject })
      this.committer.touch(running)
    })
  }

  /** Takes an execution into memory. */
  enter(running: Running): void {
    this.executions.set(running.row.executionId, running)
    if (running.row.parent === null) this.activeRoots++
  }

  /** Takes an execution out of memory whose end is not to be told; the journal has all of it. */
  letGo(running: Running): void {
    if (running.hasLeft) return
    this.#leave(running)
    running.telemetry.ended('left', 0, null)
  }

  #leave(running: Running): void {
    if (running.hasLeft) return
    running.hasLeft = true
    this.executions.delete(running.row.executionId)
    if (running.row.parent === null) this.activeRoots--
    this.dispatcher.forget(running)
    if (running.awake !== null) this.timers.disarm(running.awake)
    for (const { armed } of running.timers.values()) this.timers.disarm(armed)
    running.timers.clear()
    this.family?.left()
  }

  /** Stops at once: nothing is recorded or started any more. */
  close(): void {
    this.#isClosed = true
    this.#stopListening?.()
    this.timers.close()
    this.committer.close()
  }

  /** The end of an execution, told once. */
  ended(executionId: string, waiter: Waiter): void {
    const waiting = this.waiters.get(executionId)
    if (waiting === undefined) this.waiters.set(executionId, [waiter])
    else waiting.push(waiter)
  }

  /** Whoever waited for the execution; nobody does any more. */
  takeWaiters(executionId: string): readonly Waiter[] {
    const waiting = this.waiters.get(executionId) ?? []
    this.waiters.delete(executionId)
    return waiting
  }

  #tdaChanged(): void {
    const tda = this.#options.tda?.current() ?? unavailableTda
    this.#moment = { ...this.#moment, tda }
    for (const running of this.executions.values()) {
      if (running.isDriven) this.stimulate(running, { kind: 'tdaChanged' })
    }
  }

  #committed(part: Part, atMs: number): void {
    const { running } = part
    for (const event of part.events) this.#narrator.tell(running, event)
    tellListeners(this.#options, part, atMs)
    for (const { resolve } of part.flushed) resolve()
    if (this.#isClosed) return
    for (const command of part.commands) {
      // Whoever drives the execution later derives the rest anew; that it has ended is true for all.
      if (running.isDriven || command.kind === 'finished') this.#obey(running, command, atMs)
    }
    running.isRecording = false
    // A lookup that found no agent makes it wait, which is to be recorded.
    if (running.missing.size > 0 && statusOf(running) !== running.status) {
      this.committer.touch(running)
    }
    this.family?.recorded(running)
    if (!running.isDirty) this.#options.snapshots.take(running)
    if (running.state.counts.running === 0) this.parkIfIdle(running)
  }

  /** Keeps an execution in memory for a moment: who steers it once may do so again at once. */
  keepAwake(running: Running): void {
    running.awake = this.timers.arm(awakeMs, () => {
      running.awake = null
      this.parkIfIdle(running)
    })
  }

  /** Takes an execution out of memory that only waits, and for long. */
  parkIfIdle(running: Running): void {
    if (running.awake !== null && this.#options.pressure() === null) return
    if (running.hasLeft || !this.parking.mayPark(running)) return
    this.parking.park(running)
    this.letGo(running)
  }

  /** Where memory is full, what was kept in it for a moment leaves before another one comes. */
  makeRoom(): void {
    if (this.#options.pressure(true) === null) return
    for (const running of Array.from(this.executions.values()))
      if (running.awake !== null) this.parkIfIdle(running)
  }

  #obey(running: Running, command: Command, atMs: number): void {
    switch (command.kind) {
      case 'invoke':
        return this.dispatcher.invoke(running, command)
      case 'lookup':
        return this.dispatcher.lookUp(running, command)
      case 'abort':
        return this.dispatcher.abort(running, command)
      case 'abandon':
        return this.dispatcher.abandon(running, command.call)
      case 'arm': {
        const { timer } = command
        this.#disarm(running, timer.call)
        const armed = this.timers.arm(this.#delayMs(running, timer.dueAtMs, atMs), () => {
          running.timers.delete(timer.call)
          this.stimulate(running, { kind: 'timer', timer })
        })
        running.timers.set(timer.call, { timer, armed })
        return
      }
      case 'disarm':
        if (running.timers.get(command.timer.call)?.timer.dueAtMs === command.timer.dueAtMs) {
          this.#disarm(running, command.timer.call)
        }
        return
      case 'finished':
        return this.#finished(running)
      case 'startChild':
      case 'steerChild':
      case 'rollBack':
        this.family?.obey(running, command)
        return
      case 'admit':
      case 'release':
        return
      default:
        assertNever(command, 'command')
    }
  }

  /** By wall time; by what it was armed for before where the execution was parked meanwhile. */
  #delayMs({ knownDues }: Running, dueAtMs: number, atMs: number): number {
    const dueMs = knownDues?.get(dueAtMs)
    return dueMs === undefined ? dueAtMs - atMs : dueMs - this.#options.clock.monotonicMs()
  }

  #disarm(running: Running, call: Parameters<Running['timers']['get']>[0]): void {
    const found = running.timers.get(call)
    if (found === undefined) return
    this.timers.disarm(found.armed)
    running.timers.delete(call)
  }

  #finished(running: Running): void {
    const { state } = running
    this.#leave(running)
    const status = state.result ?? 'failed'
    running.telemetry.ended(
      status,
      (state.endedAtMs ?? state.startedAtMs) - state.startedAtMs,
      state.error,
    )
    const waiters = this.takeWaiters(running.row.executionId)
    if (waiters.length > 0) {
      const view = runView(running.row, state, status)
      for (const { resolve } of waiters) resolve(view)
    }
    this.family?.ended(running)
    this.#options.onEnded?.()
  }

  #broken(running: Running, error: OrchestrationError): void {
    const { executionId } = running.row
    this.#options.logger.log(
      'error',
      `execution '${executionId}' is not driven any more: ${error.message}`,
      {
        executionId,
        code: error.code,
      },
    )
    running.broken = error
    this.#leave(running)
    running.telemetry.ended('left', 0, error.toJSON())
    for (const { reject } of this.takeWaiters(executionId)) reject(error)
  }
}

function brokenKernel(running: Running, thrown: unknown): OrchestrationError {
  return new StateConsistencyError(
    `execution '${running.row.executionId}' met a broken invariant: ${messageOf(thrown)}`,
    {
      cause: thrown,
      hint: 'what was recorded is safe; restart, and report this if it comes again',
    },
  )
}

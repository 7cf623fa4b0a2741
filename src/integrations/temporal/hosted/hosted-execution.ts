import { CancellationScope } from '@temporalio/workflow'
import { assertNever } from '../../../core/assert.ts'
import { systemClock } from '../../../core/clock.ts'
import { OrchestrationError } from '../../../core/errors.ts'
import { systemRandom } from '../../../core/random.ts'
import { fits, runView, showView, statusOf } from '../../../engine/hosted.ts'
import type { ExecutionRow, LogEntry, RunView, ShowView } from '../../../engine/index.ts'
import { patternRunner } from '../../../patterns/index.ts'
import {
  type Command,
  compilePlan,
  type ExecutionState,
  type Moment,
  newExecution,
  type Stimulus,
  transition,
} from '../../../workflow/index.ts'
import type { ExecutionStart } from '../wire.ts'
import { HostedCalls } from './hosted-calls.ts'
import { HostedContext } from './hosted-context.ts'
import { HostedOutbox } from './hosted-outbox.ts'
import { HostedTimers } from './hosted-timers.ts'

/**
 * One execution inside a Temporal workflow. Clock and random numbers are those of the sandbox, which repeats
 * them on replay; commands become activities and timers, which Temporal records together with what decided them.
 */
export class HostedExecution {
  readonly state: ExecutionState
  readonly #row: ExecutionRow
  readonly #events: LogEntry[] = []
  readonly #calls: HostedCalls
  readonly #timers: HostedTimers
  readonly #context: HostedContext
  readonly #outbox: HostedOutbox
  readonly #waiting: Stimulus[] = []
  readonly #shield: CancellationScope
  #isTelling = false
  #isOver = false

  constructor(start: ExecutionStart) {
    const { executionId, document, documentHash, startHash, input } = start
    this.state = newExecution(executionId, compilePlan(document, documentHash), input)
    this.#row = {
      execution: 0,
      executionId,
      workflow: document.name,
      version: document.version,
      documentHash,
      startHash,
      status: 'pending',
      metadata: document.metadata,
      startedAtMs: systemClock.nowMs(),
      endedAtMs: null,
      parent: null,
      isPruned: false,
    }
    // Nothing that an execution does ends by itself when Temporal is asked to cancel: the kernel decides that.
    const shield = new CancellationScope({ cancellable: false })
    const stimulate = (stimulus: Stimulus): void => this.hear(stimulus)
    this.#context = new HostedContext(start)
    this.#outbox = new HostedOutbox({ executionId, workflow: document.name, shield })
    this.#shield = shield
    this.#timers = new HostedTimers(shield, stimulate)
    this.#calls = new HostedCalls({
      state: this.state,
      shield,
      stimulate,
      heartbeatTimeoutMs: start.heartbeatTimeoutMs,
    })
  }

  get isOver(): boolean {
    return this.#isOver
  }

  /** All that was decided so far, oldest first. */
  get log(): readonly LogEntry[] {
    return this.#events
  }

  /** Resolves when all that it has published is accepted. */
  published(): Promise<void> {
    return this.#outbox.sent()
  }

  /** As `stimulate`, but what is planned by the TDA context waits until that is read. */
  hear(stimulus: Stimulus): void {
    if (!this.#context.isReadBefore(stimulus)) return void this.stimulate(stimulus)
    void this.#shield.run(async () => {
      await this.#context.read()
      this.stimulate(stimulus)
    })
  }

  /**
   * @returns whether it changed something; false for one that waits until those before it are done, true for
   *   one that came before the start and waits for that
   */
  stimulate(stimulus: Stimulus): boolean {
    const { seq } = this.state
    if (stimulus.kind === 'start') this.#waiting.unshift(stimulus)
    else this.#waiting.push(stimulus)
    if (this.#waiting[0]?.kind !== 'start' && seq === 0) return true
    if (this.#isTelling) return false
    this.#isTelling = true
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift())
      this.#tell(next)
    this.#isTelling = false
    return this.state.seq > seq
  }

  run(): RunView {
    return runView(this.#row, this.state, this.#status())
  }

  show(): ShowView {
    return showView({
      row: this.#row,
      state: this.state,
      status: this.#status(),
      entries: this.#events,
      journalBytes: JSON.stringify(this.#events).length,
      traceId: null,
      nowMs: systemClock.nowMs(),
      missing: this.#calls.missing,
    })
  }

  #status(): string {
    const { state } = this
    const { missing } = this.#calls
    return state.result ?? statusOf({ state, status: 'running', isDriven: true, missing })
  }

  #tell(stimulus: Stimulus): void {
    const { executionId } = this.state
    const atMs = systemClock.nowMs()
    let { seq } = this.state
    const moment: Moment = {
      atMs,
      random: systemRandom,
      tda: this.#context.tda,
      policies: this.#context.policies,
      fits,
      patterns: patternRunner,
    }
    const { events, commands } = transition(this.state, stimulus, moment)
    for (const event of events) this.#events.push({ executionId, seq: ++seq, atMs, event })
    this.#outbox.send(events, atMs)
    for (const command of commands) this.#obey(command)
  }

  #obey(command: Command): void {
    switch (command.kind) {
      case 'admit':
        return this.#calls.admit(command)
      case 'release':
        return this.#calls.release(command.call)
      case 'invoke':
        return this.#calls.invoke(command)
      case 'lookup':
        return this.#calls.lookUp(command)
      case 'abort':
      case 'abandon':
        return this.#calls.abort(command.call)
      case 'arm':
        return this.#timers.arm(command.timer)
      case 'disarm':
        return this.#timers.disarm(command.timer)
      case 'finished':
        this.#isOver = true
        return
      case 'startChild':
      case 'steerChild':
      case 'rollBack':
        // Documents that could ask for this are refused before they start.
        throw new OrchestrationError('InternalError', `'${command.kind}' is asked of Temporal`)
      default:
        assertNever(command, 'command')
    }
  }
}

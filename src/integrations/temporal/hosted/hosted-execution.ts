import { CancellationScope, proxyActivities } from '@temporalio/workflow'
import { assertNever } from '../../../core/assert.ts'
import { systemClock } from '../../../core/clock.ts'
import { isOrchestrationError } from '../../../core/errors.ts'
import { systemRandom } from '../../../core/random.ts'
import {
  anomalyInForce,
  endOf,
  fits,
  foldEntries,
  namedCheckpoint,
  publishes,
  rollbackOrder,
  runView,
  showView,
  statusOf,
  usageOf,
} from '../../../engine/hosted.ts'
import type { ExecutionRow, LogEntry, ShowView } from '../../../engine/index.ts'
import { patternRunner } from '../../../patterns/index.ts'
import {
  type Checkpoint,
  childrenAfter,
  type Command,
  compilePlan,
  effectsAfter,
  entriesAt,
  type ExecutionState,
  type KernelEvent,
  type Moment,
  newExecution,
  type StateEntry,
  type Stimulus,
  transition,
} from '../../../workflow/index.ts'
import { entriesOf, rowsOf } from '../log-rows.ts'
import type { Effects } from '../remote-executions.ts'
import type { Asked } from '../verbs.ts'
import type { Activities, ChildTold, EndedRun, ExecutionStart, LogPage, SlotTold } from '../wire.ts'
import { fittingEnd, payloadBytesMax, utf8Bytes } from '../payload-size.ts'
import { HostedCalls } from './hosted-calls.ts'
import { HostedContext } from './hosted-context.ts'
import { HostedFamily } from './hosted-family.ts'
import { HostedIndex } from './hosted-index.ts'
import { HostedTimers } from './hosted-timers.ts'

const sendTimeoutMs = 60_000
/** Of the events in one answer; a character is up to three bytes. */
const answerCharactersMax = 500_000

/**
 * One execution inside a Temporal workflow. Clock and random numbers are those of the sandbox, which repeats
 * them on replay; commands become activities and timers, which Temporal records together with what decided them.
 */
export class HostedExecution {
  readonly state: ExecutionState
  readonly #start: ExecutionStart
  readonly #row: ExecutionRow
  readonly #events: LogEntry[] = []
  readonly #calls: HostedCalls
  readonly #timers: HostedTimers
  readonly #family: HostedFamily
  readonly #context: HostedContext
  readonly #shield: CancellationScope
  readonly #sends: Pick<Activities, 'publish' | 'effectsOf'>
  readonly #waiting: Stimulus[] = []
  readonly #index = new HostedIndex()
  #isTelling = false
  #sending = 0

  constructor(start: ExecutionStart) {
    const { executionId, document, documentHash, startHash, input, earlier } = start
    const plan = compilePlan(document, documentHash)
    this.#start = start
    if (earlier !== null) this.#events.push(...entriesOf(executionId, earlier.rows))
    this.state =
      earlier === null
        ? newExecution(executionId, plan, input)
        : foldEntries(executionId, plan, { entries: this.#events })
    this.#row = {
      execution: 0,
      executionId,
      workflow: document.name,
      version: document.version,
      documentHash,
      startHash,
      status: 'pending',
      metadata: document.metadata,
      startedAtMs: earlier?.startedAtMs ?? systemClock.nowMs(),
      endedAtMs: null,
      parent: null,
      isPruned: false,
    }
    // Nothing that an execution does ends by itself when Temporal is asked to cancel: the kernel decides that.
    const shield = new CancellationScope({ cancellable: false })
    const stimulate = (stimulus: Stimulus): void => this.#hear(stimulus)
    const { state } = this
    this.#context = new HostedContext(start, state)
    this.#shield = shield
    this.#timers = new HostedTimers(shield, stimulate)
    this.#family = new HostedFamily({ state, start, shield, stimulate })
    const { heartbeatTimeoutMs, hasPayloadStore = false } = start
    const ofCalls = { heartbeatTimeoutMs, hasPayloadStore }
    this.#calls = new HostedCalls({ state, shield, stimulate, ...ofCalls })
    this.#sends = proxyActivities<Activities>({ startToCloseTimeout: sendTimeoutMs })
  }

  /** Everything that it decided is on its way, and nothing more comes. */
  get isOver(): boolean {
    return this.state.phase === 'ended' && this.#sending === 0 && this.#calls.isSettled
  }

  /** Nothing is on its way that this run would have to wait for. */
  get isQuiet(): boolean {
    return this.#sending + this.#calls.inFlight + this.#family.inFlight === 0
  }

  /** Lets no further call start, so that it comes to be quiet. */
  drain(): void {
    this.#calls.drain()
  }

  /** Goes on in this run after all. */
  resume(): void {
    this.#calls.resume()
  }

  /** What was decided after an event, oldest first: as much as one answer takes. */
  page(afterSeq: number): LogPage {
    const entries: LogEntry[] = []
    let characters = 0
    for (let at = afterSeq; at < this.#events.length; at++) {
      const entry = this.#events[at] as LogEntry
      characters += JSON.stringify(entry).length
      if (entries.length > 0 && characters > answerCharactersMax) return { entries, isLast: false }
      entries.push(entry)
    }
    return { entries, isLast: true }
  }

  /** Starts it, or goes on with what earlier runs have decided. */
  begin(): void {
    const { origin, earlier } = this.#start
    if (earlier === null) this.#hear({ kind: 'start', origin })
    else for (const stimulus of earlier.first) this.stimulate(stimulus)
  }

  /**
   * @returns whether it changed something; false for one that waits until those before it are done, true for
   *   one that came before the start and waits for that
   */
  stimulate(stimulus: Stimulus): boolean {
    const { seq } = this.state
    if (stimulus.kind === 'start') this.#waiting.unshift(stimulus)
    else this.#waiting.push(stimulus)
    if (seq === 0 && this.#waiting[0]?.kind !== 'start') return true
    if (this.#isTelling) return false
    this.#isTelling = true
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift())
      this.#tell(next)
    this.#isTelling = false
    this.#index.tell(this.#status(), this.state.deadLetters.size)
    return this.state.seq > seq
  }

  childTold(told: ChildTold): void {
    this.#family.told(told)
  }

  slotTold(told: SlotTold): void {
    this.#calls.slotTold(told)
  }

  async tellParent(): Promise<void> {
    const { parent } = this.state
    if (parent === null) return
    const end = fittingEnd(endOf(this.state), this.#start.hasPayloadStore === true)
    await this.#family.tellParent(parent.executionId, end)
  }

  /**
   * The execution as it is now, without what it made where that is more than Temporal takes. One made inside a call
   * also says what it used, since whoever called is to count that.
   */
  run(): EndedRun {
    const view = runView(this.#row, this.state, this.#status())
    const run = this.state.chain.length === 0 ? view : { ...view, used: usageOf(this.state) }
    if (this.#start.hasPayloadStore === true) return run
    if (utf8Bytes(JSON.stringify(run)) <= payloadBytesMax) return run
    return { ...run, output: null, steps: {}, isCut: true }
  }

  show(nowMs: number): ShowView {
    return showView({
      row: this.#row,
      state: this.state,
      status: this.#status(),
      entries: this.#events,
      journalBytes: JSON.stringify(this.#events).length,
      traceId: null,
      nowMs,
      missing: this.#calls.missing,
    })
  }

  entries(nowMs: number): readonly StateEntry[] {
    return entriesAt(this.state, nowMs)
  }

  effects(to: string | null, nowMs: number): Effects {
    const { state } = this
    let seq = 0
    try {
      if (to !== null) seq = this.#checkpoint(to, nowMs).seq
    } catch (thrown) {
      // The verb that asks for it says what is wrong with its name.
      if (!isOrchestrationError(thrown)) throw thrown
      return { own: [], children: [] }
    }
    return { own: effectsAfter(state, seq), children: childrenAfter(state, seq) }
  }

  /** What it was started with, without what it has decided since. */
  head(): ExecutionStart {
    const { startedAtMs } = this.#row
    return { ...this.#start, earlier: { startedAtMs, rows: [], first: [] } }
  }

  /** What a new run is started with, which goes on where this one is. */
  next(first: readonly Stimulus[]): ExecutionStart {
    const { startedAtMs } = this.#row
    return { ...this.#start, earlier: { startedAtMs, rows: rowsOf(this.#events), first } }
  }

  asked(): Asked {
    const { state } = this
    return { state, nowMs: systemClock.nowMs(), stateAt: (seq) => this.#stateAt(seq) }
  }

  #checkpoint(name: string, nowMs: number): Checkpoint {
    return namedCheckpoint(this.state, name, anomalyInForce(this.#context.tda, this.state, nowMs))
  }

  #stateAt(seq: number): ExecutionState {
    const { executionId, plan } = this.state
    return foldEntries(executionId, plan, { entries: this.#events, seqMax: seq })
  }

  #status(): string {
    const { state } = this
    const { missing } = this.#calls
    return statusOf({ state, status: 'running', isDriven: true, missing })
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
    for (const event of events) {
      this.#events.push({ executionId, seq: ++seq, atMs, event })
      if (publishes(event)) this.#publish(event, atMs)
    }
    for (const command of commands) this.#obey(command)
  }

  /** As `stimulate`, but what is planned by the TDA context waits until that is read. */
  #hear(stimulus: Stimulus): void {
    if (!this.#context.isReadBefore(stimulus)) return void this.stimulate(stimulus)
    this.#sending++
    void this.#shield.run(async () => {
      await this.#context.read()
      this.#sending--
      this.stimulate(stimulus)
    })
  }

  #publish(event: KernelEvent, atMs: number): void {
    this.#sending++
    void this.#shield.run(async () => {
      const { executionId, workflow } = this.#row
      await this.#sends.publish({ executionId, workflow, atMs, event })
      this.#sending--
    })
  }

  /** Obeys the document's `onFailure: rollback`. */
  #rollBack(to: string): void {
    this.#sending++
    void this.#shield.run(async () => {
      const stimulus = await this.#automatic(to)
      this.#sending--
      this.stimulate(stimulus)
    })
  }

  async #automatic(to: string): Promise<Stimulus> {
    const { state } = this
    try {
      const nowMs = systemClock.nowMs()
      const checkpoint = this.#checkpoint(to, nowMs)
      const children = childrenAfter(state, checkpoint.seq)
      const effectsBelow = children.length === 0 ? [] : await this.#sends.effectsOf(children)
      const before = (): ExecutionState => this.#stateAt(checkpoint.seq)
      const how = { effectsBelow, acceptEffects: false, isAutomatic: true, nowMs }
      return { kind: 'rollback', order: rollbackOrder({ state, before, checkpoint, ...how }) }
    } catch (thrown) {
      if (!isOrchestrationError(thrown)) throw thrown
      return { kind: 'rollbackRefused', error: thrown.toJSON() }
    }
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
        return this.#calls.abort(command.call)
      case 'abandon':
        return this.#calls.abandon(command.call)
      case 'arm':
        return this.#timers.arm(command.timer)
      case 'disarm':
        return this.#timers.disarm(command.timer)
      case 'startChild':
        return this.#family.startChild(command)
      case 'steerChild':
        return this.#family.steerChild(command)
      case 'rollBack':
        return this.#rollBack(command.to)
      case 'finished':
        return
      default:
        assertNever(command, 'command')
    }
  }
}

import { assertNever } from '../../core/assert.ts'
import type { KernelEvent, NamesCall, Plan } from '../../workflow/index.ts'
import { AdaptationCheck } from './adaptation-check.ts'
import { EndedCalls } from './ended-calls.ts'
import { attemptStarts, callGoesOn, callIsCancelled, isRedelivered } from './journal-attempts.ts'
import { isItemOf, openIn, seePolicy } from './journal-call.ts'
import { type JournalCall, keyOf, labelOf, newJournalCall } from './journal-call.ts'
import { decisionFaults } from './journal-decisions.ts'
import { type DecodedRow, type During, reopening, type Reopening } from './journal-events.ts'
import { UndoCheck } from './undo-check.ts'

type PlanStep = Plan['steps'][number]
type CallEnd = KernelEvent & { kind: 'CallCompleted' | 'CallFailed' | 'CallCancelled' }
type Coordination = KernelEvent & { kind: 'PatternStarted' | 'PartScheduled' | 'PatternDecided' }

/** What one execution's journal says, judged by rules of its own: none of the kernel's code is used. */
export class JournalCheck {
  readonly #plan: Plan
  readonly #fail: (property: string) => void
  readonly #settled = new Map<string, 'done' | 'skipped'>()
  readonly #decided = new Set<string>()
  readonly #items = new Map<string, number>()
  readonly #open = new Map<string, JournalCall>()
  readonly #past = new EndedCalls()
  readonly #undo = new UndoCheck()
  readonly #adapted: AdaptationCheck
  #isFinalRollback = false
  #isCancelled = false
  #mustUndo = false
  #isPaused = false
  #isForced = false
  #isStopping = false
  #isCompensating = false
  #isEnded = false
  #counted = 0
  /** Agent calls of other executions that are counted already. */
  readonly #childCalls = new Map<string, number>()

  constructor(plan: Plan, fail: (property: string) => void) {
    this.#plan = plan
    this.#fail = fail
    this.#adapted = new AdaptationCheck(plan, fail)
  }

  /** Goes through all rows; their sequence must have no gap. */
  run(rows: readonly DecodedRow[]): void {
    let next = 1
    for (const row of rows) {
      if (row.seq !== next) this.#fail('journalGapless')
      const { atMs, events } = row
      if (events.length !== row.count) this.#fail('journalGapless')
      next += events.length
      for (const event of events) {
        if (this.#isEnded && !reopening.has(event.kind)) this.#fail('endedStaysEnded')
        this.#see(event, atMs)
      }
    }
    const { agentCallsMax } = this.#plan
    if (agentCallsMax !== null && this.#counted > agentCallsMax) this.#fail('budgetHolds')
    if (this.#isEnded && this.#open.size > 0) this.#fail('endsSettled')
  }

  #see(event: KernelEvent, atMs: number): void {
    switch (event.kind) {
      case 'StepScheduled':
      case 'StepSkipped':
        return this.#decide(event)
      case 'CallScheduled':
        return this.#item(event)
      case 'StepFailed':
        this.#decided.add(event.step)
        return this.#settle(event.step)
      case 'AttemptStarted':
        return this.#start(event)
      case 'ChildStarted':
      case 'ChildEnded':
        return this.#child(event)
      case 'RetryScheduled':
      case 'CallRefused':
      case 'PollCompleted':
      case 'FallbackScheduled':
      case 'AttemptLost':
      case 'CallSuspended':
      case 'CallUncertain':
      case 'CallResolved':
      case 'SignalDelivered':
        return this.#during(event, atMs)
      case 'CallCompleted':
      case 'CallFailed':
      case 'CallCancelled':
        return this.#end(event)
      case 'CallSkipped':
        return this.#skip(event)
      case 'CompensationScheduled':
        return this.#compensate(event)
      case 'PatternStarted':
      case 'PartScheduled':
      case 'PatternDecided':
        return this.#coordinate(event)
      case 'ExecutionAdapted':
      case 'AdaptationReverted':
      case 'ApprovalAwaited':
      case 'StepApproved':
        return this.#adapt(event)
      case 'RollbackRequested':
      case 'RolledBack':
      case 'ExecutionForked':
      case 'ExecutionRedriven':
      case 'UndoRequested':
      case 'CompensationRedriven':
        return this.#reopen(event)
      default:
        this.#steer(event)
    }
  }

  #decide(event: KernelEvent & { kind: 'StepScheduled' | 'StepSkipped' }): void {
    const step = this.#step(event.step)
    if (this.#decided.has(event.step)) this.#fail('stepDecidedOnce')
    this.#decided.add(event.step)
    const needs = step.needs.map((need) => this.#plan.steps[need]?.id ?? '')
    for (const property of decisionFaults(event, needs, this.#settled)) this.#fail(property)
    if (this.#isPaused || this.#isStopping) this.#fail('pauseAndFailureHold')
    if (event.kind === 'StepSkipped') {
      this.#settled.set(event.step, 'skipped')
      return
    }
    this.#adapted.begins(event.step)
    if (event.items === undefined) this.#open.set(event.step, newJournalCall())
    else {
      this.#items.set(event.step, event.items.length)
      if (event.items.length === 0) this.#settled.set(event.step, 'done')
    }
  }

  /** An approval that is waited for is a call until it was given. */
  #adapt(event: Parameters<AdaptationCheck['see']>[0]): void {
    this.#isPaused = this.#adapted.see(event, (step) => this.#decided.has(step)) ?? this.#isPaused
    if (event.kind === 'ApprovalAwaited') this.#open.set(event.step, newJournalCall())
    if (event.kind === 'StepApproved') this.#open.delete(event.step)
  }

  #item(event: KernelEvent & { kind: 'CallScheduled' }): void {
    const step = this.#step(event.step)
    if (this.#isPaused || this.#isStopping) this.#fail('pauseAndFailureHold')
    this.#open.set(`${event.step}[${event.index}]`, newJournalCall())
    const together = Array.from(this.#open.keys()).filter((key) => isItemOf(key, event.step)).length
    if (together > (this.#adapted.parallelMax(event.step) ?? step.maxParallel))
      this.#fail('maxParallelHolds')
  }

  #coordinate(event: Coordination): void {
    const { part: _part, ...ofHost } = event
    const host = this.#open.get(keyOf(ofHost))
    if (host === undefined) return this.#fail('eventOfOpenCall')
    if (this.#isHeld(event.step)) this.#fail('pauseAndFailureHold')
    if (event.kind === 'PatternStarted') {
      Object.assign(host, { isHost: true, isDecided: false })
      return
    }
    if (!host.isHost || host.isDecided) this.#fail('decidedOnce')
    if (event.kind === 'PatternDecided') host.isDecided = true
    else this.#open.set(keyOf(event), newJournalCall())
  }

  /** The open call of an event. A part that a redrive makes again is open from its first event on. */
  #callOf(event: NamesCall): JournalCall | undefined {
    const key = keyOf(event)
    if (this.#past.revivable.delete(key)) this.#openAgain(key)
    return this.#open.get(key)
  }

  #start(event: KernelEvent & { kind: 'AttemptStarted' }): void {
    const call = this.#callOf(event)
    if (call === undefined) return this.#fail('attemptOfOpenCall')
    if (this.#isPaused && !this.#isForced && this.#undo.goingBack === null)
      this.#fail('pauseAndFailureHold')
    const isRedelivery = isRedelivered(call)
    if (this.#isHeld(event.step) && event.undo === undefined && !isRedelivery)
      this.#fail('pauseAndFailureHold')
    if (event.undo === undefined && !isRedelivery) this.#counted++
    for (const property of attemptStarts(call, event)) this.#fail(property)
    const { maxAttempts } = this.#step(event.step).retry
    if (call.attempt > maxAttempts) this.#fail('maxAttemptsHolds')
  }

  #during(event: During, atMs: number): void {
    const call = this.#callOf(event)
    if (call === undefined) return this.#fail('eventOfOpenCall')
    // Before what it says is taken in: a poll may be that of a pattern.
    if (event.kind === 'PollCompleted') this.#succeed(event, call, false)
    for (const property of callGoesOn(call, event, atMs)) this.#fail(property)
  }

  #end(event: CallEnd): void {
    const key = keyOf(event)
    const call = this.#callOf(event)
    if (this.#past.recorded.has(key)) this.#fail('resultRecordedOnce')
    this.#past.recorded.add(key)
    if (call === undefined) return this.#fail('resultRecordedOnce')
    this.#open.delete(key)
    if (event.undo !== undefined) {
      // Nobody could say whether it happened.
      const mayBeRepeated = call.effect !== 'once' || call.lookup
      if (!this.#undo.ended(event.undo, event.kind === 'CallCompleted', mayBeRepeated))
        this.#fail('compensationOrder')
      return
    }
    if (event.kind !== 'CallCompleted') this.#past.unsuccessful.add(key)
    if (event.kind === 'CallCompleted' || ('raw' in event && event.raw !== undefined))
      this.#succeed(event, call, event.kind !== 'CallCompleted')
    if (event.kind === 'CallCancelled') {
      const isUndone = this.#undo.goingBack !== null || !call.isUncertain
      const hasUndo = this.#step(event.step).compensate !== null
      if (event.unknown === true && isUndone && hasUndo) this.#succeed(event, call, true)
      for (const property of callIsCancelled(call, event, this.#isHeld(event.step)))
        this.#fail(property)
    }
    if (event.part !== undefined) return
    if (!this.#items.has(event.step)) return this.#settle(event.step)
    if (event.kind === 'CallCompleted') this.#itemDone(event.step)
  }

  #itemDone(step: string): void {
    if (this.#past.items(step) === this.#items.get(step)) this.#settled.set(step, 'done')
  }

  /** A call that was left out had not begun. */
  #skip(event: KernelEvent & { kind: 'CallSkipped' }): void {
    const key = keyOf(event)
    const call = this.#open.get(key)
    if (call === undefined || call.isRunning || call.isLost)
      return this.#fail('skippedBeforeStarted')
    this.#open.delete(key)
    this.#past.recorded.add(key)
    if (event.index === undefined) this.#settled.set(event.step, 'skipped')
    else this.#itemDone(event.step)
  }

  #compensate(event: KernelEvent & { kind: 'CompensationScheduled' }): void {
    if (!this.#isCompensating) this.#fail('compensationOrder')
    if (!this.#undo.scheduled(event.undo, labelOf(event))) this.#fail('compensationOrder')
    this.#open.set(keyOf(event), newJournalCall())
  }

  #child(event: KernelEvent & { kind: 'ChildStarted' | 'ChildEnded' }): void {
    const call = this.#open.get(keyOf(event))
    if (call === undefined) return this.#fail('eventOfOpenCall')
    if (event.kind === 'ChildStarted') {
      if (this.#isPaused && !this.#isForced && this.#undo.goingBack === null)
        this.#fail('pauseAndFailureHold')
      if (this.#isHeld(event.step) && event.undo === undefined) this.#fail('pauseAndFailureHold')
      call.attempt = event.attempt
      call.child = event.executionId
    } else if (event.undo === undefined && call.child !== null) {
      this.#counted += event.agentCalls - (this.#childCalls.get(call.child) ?? 0)
      this.#childCalls.set(call.child, event.agentCalls)
    }
  }

  /** Whether no attempt of the step may start because of a failure, a cancel or a rollback. */
  #isHeld(step: string): boolean {
    return this.#isStopping || (this.#undo.goingBack?.has(step) ?? false)
  }

  #reopen(event: Reopening): void {
    switch (event.kind) {
      case 'RollbackRequested':
        this.#isEnded = false
        this.#isCompensating = false
        this.#undo.goingBack = new Set(event.steps)
        this.#isFinalRollback = event.final ?? false
        return
      case 'RolledBack':
        for (const step of this.#undo.goingBack ?? []) this.#forget(step, true)
        this.#undo.goingBack = null
        return this.#goOn(this.#isFinalRollback || this.#isCancelled)
      case 'ExecutionForked':
        this.#adapted.see(event, () => false)
        for (const { step, status } of event.steps) {
          this.#decided.add(step)
          this.#settled.set(step, status === 'skipped' ? 'skipped' : 'done')
        }
        return
      case 'ExecutionRedriven':
        for (const step of event.reset) this.#forget(step, true)
        for (const step of event.anew) this.#forget(step, false)
        for (const step of event.again) this.#callAgain(step)
        return this.#goOn(false)
      case 'UndoRequested':
        this.#goOn(true)
        this.#isForced = true
        this.#isCompensating = true
        this.#mustUndo = true
        return
      case 'CompensationRedriven':
        this.#isEnded = false
        this.#isCompensating = true
        this.#isForced = true
        this.#openAgain(this.#undo.again(event.undo))
        return
      default:
        assertNever(event, 'event')
    }
  }

  #goOn(isStopping: boolean): void {
    this.#isEnded = false
    this.#isStopping = isStopping
    this.#isForced = isStopping && this.#isCancelled
    this.#isCompensating = false
    for (const key of this.#undo.keepEffects((step) => this.#settled.has(step)))
      this.#past.recorded.delete(key)
  }

  /** The step is decided anew; with a higher run what it had done is settled. */
  #forget(step: string, isHigherRun: boolean): void {
    this.#decided.delete(step)
    this.#settled.delete(step)
    this.#items.delete(step)
    this.#adapted.again(step)
    this.#past.forget(step)
    if (isHigherRun) this.#undo.anew(step)
  }

  #callAgain(step: string): void {
    this.#settled.delete(step)
    for (const label of this.#past.again(step)) this.#openAgain(label)
  }

  #openAgain(key: string): void {
    this.#past.recorded.delete(key)
    this.#open.set(key, newJournalCall(true))
  }

  #steer(event: KernelEvent): void {
    switch (event.kind) {
      case 'ExecutionPaused':
        this.#isPaused = true
        return
      case 'ExecutionResumed':
        this.#isPaused = false
        return
      case 'CancelRequested':
      case 'ExecutionTimedOut':
        if (event.kind === 'CancelRequested') {
          this.#isCancelled = true
          if (!this.#isCompensating) this.#undo.goingBack = null
          if (event.undo === true) this.#mustUndo = true
        }
        this.#isForced = true
        this.#isStopping = true
        return
      case 'FailureDecided':
        this.#isStopping = true
        return
      case 'PolicyDecided':
        return seePolicy(event, this.#open)
      case 'DeadLetterDiscarded':
        return this.#undo.discarded(event.id)
      case 'CompensationStarted':
        this.#isCompensating = true
        if (openIn(this.#open.keys(), this.#undo.goingBack) > 0) this.#fail('endsSettled')
        return
      case 'ExecutionCompleted':
        this.#ended()
        if (this.#plan.steps.some(({ id }) => !this.#settled.has(id))) this.#fail('completesWhole')
        return
      case 'ExecutionFailed':
      case 'ExecutionCancelled':
        this.#ended()
        if ((this.#plan.onFailure === 'compensate' || this.#mustUndo) && !this.#undo.isAllOver) {
          this.#fail('everySuccessUndone')
        }
        return
      default:
    }
  }

  #ended(): void {
    this.#isEnded = true
    this.#isPaused = false
  }

  #succeed(event: NamesCall, { isHost, isRevived, child }: JournalCall, isLeftOpen: boolean): void {
    const { step } = event
    // What its pattern made of its parts is no effect of its own.
    if (isHost || (this.#step(step).compensate === null && child === null)) return
    this.#undo.succeeded({ step, label: labelOf(event), isLeftOpen, isRevived })
  }

  #settle(step: string): void {
    this.#settled.set(step, 'done')
  }

  #step(id: string): PlanStep {
    return this.#plan.steps[this.#plan.stepIndex.get(id) ?? -1] as PlanStep
  }
}

import type { KernelEvent } from '../src/workflow/kernel/events.ts'
import { assertNever } from '../src/core/assert.ts'
import type { Plan, PlanStep } from '../src/workflow/plan/plan.ts'

/** One row of the journal, read. */
export interface DecodedRow {
  readonly seq: number
  readonly count: number
  readonly atMs: number
  readonly events: readonly KernelEvent[]
}

/** What one execution's journal says, judged by rules of its own: none of the kernel's code is used. */
export class JournalCheck {
  readonly #plan: Plan
  readonly #fail: (property: string) => void
  readonly #settled = new Map<string, 'done' | 'skipped'>()
  readonly #decided = new Set<string>()
  readonly #items = new Map<string, number>()
  readonly #open = new Map<string, Call>()
  readonly #recorded = new Set<string>()
  readonly #successes: string[] = []
  readonly #undone: number[] = []
  #isPaused = false
  #isForced = false
  #isStopping = false
  #isCompensating = false
  #isEnded = false
  #openUndo: number | null = null
  #counted = 0

  constructor(plan: Plan, fail: (property: string) => void) {
    this.#plan = plan
    this.#fail = fail
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
        if (this.#isEnded) this.#fail('endedStaysEnded')
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
      case 'RetryScheduled':
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
      case 'CompensationScheduled':
        return this.#compensate(event)
      default:
        this.#steer(event)
    }
  }

  #decide(event: KernelEvent & { kind: 'StepScheduled' | 'StepSkipped' }): void {
    const step = this.#step(event.step)
    if (this.#decided.has(event.step)) this.#fail('stepDecidedOnce')
    this.#decided.add(event.step)
    const needs = step.needs.map((need) => this.#plan.steps[need]?.id ?? '')
    if (needs.some((need) => !this.#settled.has(need))) this.#fail('dependencyOrder')
    if (this.#isPaused || this.#isStopping) this.#fail('pauseAndFailureHold')
    if (event.kind === 'StepSkipped') {
      this.#settled.set(event.step, 'skipped')
      const allSkipped =
        needs.length > 0 && needs.every((need) => this.#settled.get(need) === 'skipped')
      if (event.reason === 'needs' && !allSkipped) this.#fail('skipReason')
      return
    }
    if (event.items === undefined) this.#open.set(event.step, newCall())
    else {
      this.#items.set(event.step, event.items.length)
      if (event.items.length === 0) this.#settled.set(event.step, 'done')
    }
  }

  #item(event: KernelEvent & { kind: 'CallScheduled' }): void {
    const step = this.#step(event.step)
    if (this.#isPaused || this.#isStopping) this.#fail('pauseAndFailureHold')
    this.#open.set(`${event.step}[${event.index}]`, newCall())
    const together = Array.from(this.#open.keys()).filter((key) =>
      key.startsWith(`${event.step}[`),
    ).length
    if (together > step.maxParallel) this.#fail('maxParallelHolds')
  }

  #start(event: KernelEvent & { kind: 'AttemptStarted' }): void {
    const key = keyOf(event)
    const call = this.#open.get(key)
    if (call === undefined) return this.#fail('attemptOfOpenCall')
    if (this.#isPaused && !this.#isForced) this.#fail('pauseAndFailureHold')
    if (call.isRunning) this.#fail('oneAttemptAtATime')
    const isRedelivery = call.isLost || call.isResolved || call.isResumed
    if (isRedelivery && event.attempt !== call.attempt) this.#fail('redeliveryKeepsAttempt')
    if (!isRedelivery && event.attempt !== call.attempt + 1) this.#fail('attemptsCountUp')
    if (this.#isStopping && event.undo === undefined && !isRedelivery)
      this.#fail('pauseAndFailureHold')
    if (call.isUncertain && !call.isResolved) this.#fail('onceNotBlindly')
    if (call.isLost && !call.isResolved && event.effect === 'once' && !event.lookup)
      this.#fail('onceNotBlindly')
    if (event.undo === undefined && !isRedelivery) this.#counted++
    Object.assign(call, {
      attempt: event.attempt,
      effect: event.effect,
      lookup: event.lookup,
      isRunning: true,
      isLost: false,
      isResolved: false,
      isResumed: false,
      isUncertain: false,
    })
    const { maxAttempts } = this.#step(event.step).retry
    if (call.attempt > maxAttempts) this.#fail('maxAttemptsHolds')
  }

  #during(event: During, atMs: number): void {
    const call = this.#open.get(keyOf(event))
    if (call === undefined) return this.#fail('eventOfOpenCall')
    switch (event.kind) {
      case 'AttemptLost':
        call.isLost = true
        break
      case 'CallUncertain':
        call.isUncertain = true
        break
      case 'CallResolved':
        call.isResolved = event.resolution === 'retry'
        return
      case 'SignalDelivered':
        call.isResumed = call.isSuspended
        call.isSuspended = false
        return
      case 'CallSuspended':
        call.isSuspended = true
        break
      case 'PollCompleted':
        call.attempt = 0
        this.#succeed(event.step, keyOf(event))
        if (event.dueAtMs < atMs) this.#fail('dueInTheFuture')
        break
      case 'FallbackScheduled':
        call.attempt = 0
        call.isUncertain = false
        call.isLost = false
        break
      case 'RetryScheduled':
        if (event.dueAtMs < atMs) this.#fail('dueInTheFuture')
        break
      default:
        assertNever(event, 'event')
    }
    call.isRunning = false
  }

  #end(event: KernelEvent & { kind: 'CallCompleted' | 'CallFailed' | 'CallCancelled' }): void {
    const key = keyOf(event)
    if (this.#recorded.has(key)) this.#fail('resultRecordedOnce')
    this.#recorded.add(key)
    const call = this.#open.get(key)
    if (call === undefined) return this.#fail('resultRecordedOnce')
    this.#open.delete(key)
    if ('undo' in event && event.undo !== undefined) {
      if (this.#openUndo !== event.undo) this.#fail('compensationOrder')
      this.#openUndo = null
      return
    }
    if (event.kind === 'CallCompleted' || ('raw' in event && event.raw !== undefined))
      this.#succeed(event.step, key)
    const wasLost = call.isLost && !call.isResolved && call.effect !== 'read' && !call.lookup
    if (event.kind === 'CallCancelled' && event.unknown !== true && wasLost)
      this.#fail('lostIsNotForgotten')
    if (event.kind === 'CallCancelled' && event.unknown === true && !call.isUncertain)
      this.#succeed(event.step, key)
    const count = this.#items.get(event.step)
    if (count === undefined) return this.#settle(event.step)
    const ended = Array.from(this.#recorded).filter((known) =>
      known.startsWith(`${event.step}[`),
    ).length
    if (ended === count && event.kind === 'CallCompleted') this.#settled.set(event.step, 'done')
  }

  #compensate(event: KernelEvent & { kind: 'CompensationScheduled' }): void {
    if (!this.#isCompensating || this.#openUndo !== null) this.#fail('compensationOrder')
    const last = this.#undone.at(-1)
    const expected = last === undefined ? this.#successes.length - 1 : last - 1
    if (event.undo !== expected) this.#fail('compensationOrder')
    const label = event.index === undefined ? event.step : `${event.step}[${event.index}]`
    if (this.#successes[event.undo] !== label) this.#fail('compensationOrder')
    this.#undone.push(event.undo)
    this.#openUndo = event.undo
    this.#open.set(keyOf(event), newCall())
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
        this.#isForced = true
        this.#isStopping = true
        return
      case 'FailureDecided':
        this.#isStopping = true
        return
      case 'CompensationStarted':
        this.#isCompensating = true
        if (this.#open.size > 0) this.#fail('endsSettled')
        return
      case 'ExecutionCompleted':
        this.#isEnded = true
        if (this.#plan.steps.some(({ id }) => !this.#settled.has(id))) this.#fail('completesWhole')
        return
      case 'ExecutionFailed':
      case 'ExecutionCancelled':
        this.#isEnded = true
        if (
          this.#plan.onFailure === 'compensate' &&
          this.#undone.length !== this.#successes.length
        ) {
          this.#fail('everySuccessUndone')
        }
        return
      default:
    }
  }

  #succeed(step: string, label: string): void {
    if (this.#step(step).compensate !== null) this.#successes.push(label)
  }

  #settle(step: string): void {
    this.#settled.set(step, 'done')
  }

  #step(id: string): PlanStep {
    return this.#plan.steps[this.#plan.stepIndex.get(id) ?? -1] as PlanStep
  }
}

type During = KernelEvent & {
  kind:
    | 'RetryScheduled'
    | 'PollCompleted'
    | 'FallbackScheduled'
    | 'AttemptLost'
    | 'CallSuspended'
    | 'CallUncertain'
    | 'CallResolved'
    | 'SignalDelivered'
}

interface Call {
  attempt: number
  effect: string
  lookup: boolean
  isRunning: boolean
  isLost: boolean
  isUncertain: boolean
  isResolved: boolean
  isSuspended: boolean
  isResumed: boolean
}

function newCall(): Call {
  return {
    attempt: 0,
    effect: 'read',
    lookup: false,
    isRunning: false,
    isLost: false,
    isUncertain: false,
    isResolved: false,
    isSuspended: false,
    isResumed: false,
  }
}

function keyOf(event: {
  readonly step: string
  readonly index?: number
  readonly undo?: number
}): string {
  const label = event.index === undefined ? event.step : `${event.step}[${event.index}]`
  return event.undo === undefined ? label : `${label}/undo${event.undo}`
}

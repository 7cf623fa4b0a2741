import { canonicalJson, isJsonObject, type JsonValue } from '../src/core/json.ts'
import { tdaStateKey } from '../src/core/state-key.ts'
import { AdaptationCheck } from '../src/testing/simulation/adaptation-check.ts'
import type { KernelEvent } from '../src/workflow/kernel/events.ts'
import type { Plan } from '../src/workflow/plan/plan.ts'
import { EndModel } from './end-model.ts'
import { needsApproval } from './policies.ts'
import { ReopeningModel } from './reopening-model.ts'
import { StateModel } from './state-model.ts'
import { hostEnds, seePattern } from './pattern-model.ts'
import { type CallModel, labelOf, type OfCall, type StepModel, StepsModel } from './step-model.ts'

interface Recorded {
  readonly seq: number
  readonly atMs: number
  readonly event: KernelEvent
}

type CallEnd = KernelEvent & { kind: 'CallCompleted' | 'CallFailed' | 'CallCancelled' }

/**
 * One execution as its journal tells it, told a second time: nothing of the kernel is used. Every event is
 * compared with what it should be after those before it.
 */
export class ExecutionModel {
  readonly executionId: string
  readonly steps: StepsModel
  readonly state = new StateModel()
  readonly end = new EndModel()
  readonly events: Recorded[] = []
  isChild = false
  output: JsonValue = null
  /** Written from outside, by the number that the value carries. */
  readonly written = new Set<number>()
  readonly #plan: Plan
  readonly #fail: (property: string) => void
  readonly #reopening: ReopeningModel
  /** What is in force; whether it may be is judged elsewhere. */
  readonly #adapted: AdaptationCheck
  /** The call whose writes were recorded by the last event. */
  /** Steps that somebody has agreed to, and that are not begun. */
  readonly #approved = new Set<string>()
  #writer: string | null = null

  constructor(executionId: string, plan: Plan, fail: (property: string) => void) {
    this.executionId = executionId
    this.#plan = plan
    this.#fail = fail
    this.steps = new StepsModel(executionId, plan)
    this.#adapted = new AdaptationCheck(plan, () => {})
    const { steps, state, end } = this
    const stateAt = (seq: number): StateModel => this.at(seq).state
    this.#reopening = new ReopeningModel({ executionId, plan, steps, state, end, fail, stateAt })
  }

  /** Positions of checkpoints that were taken and not forgotten. */
  get checkpoints(): ReadonlySet<number> {
    return this.#reopening.checkpoints
  }

  /** The execution as it was after that event. */
  at(seq: number): ExecutionModel {
    const before = new ExecutionModel(this.executionId, this.#plan, () => {})
    for (const { event, atMs, seq: own } of this.events) {
      if (own > seq) break
      before.see(event, atMs)
    }
    return before
  }

  get seq(): number {
    return this.events.length
  }

  see(event: KernelEvent, atMs: number): void {
    this.events.push({ seq: this.seq + 1, atMs, event })
    const writer = this.#writer
    this.#writer = null
    if (writer !== null && !completes(event, writer)) this.#fail('failedWritesNothing')
    if (event.kind === 'DeadLetterDiscarded') this.#reopening.discard(event.id)
    for (const property of this.end.see(event, this.isChild)) this.#fail(property)
    switch (event.kind) {
      case 'StepScheduled':
      case 'CallScheduled':
      case 'StepSkipped':
      case 'StepFailed':
        return this.#seeStep(event)
      case 'StateChanged':
      case 'TdaObserved':
      case 'CheckpointTaken':
        return this.#seeState(event, atMs)
      case 'CallCompleted':
      case 'CallFailed':
      case 'CallCancelled':
        if (event.undo !== undefined) return this.#seeUndone(event)
        return event.part === undefined ? this.#seeCallEnd(event) : this.#seePartEnd(event)
      case 'CallSkipped':
        return this.#seeSkipped(event)
      case 'PatternStarted':
      case 'PartScheduled':
      case 'PatternDecided':
        for (const property of seePattern(this.steps, event)) this.#fail(property)
        return
      case 'ExecutionStarted':
        this.isChild = event.parent !== undefined
        this.steps.insideKey = event.key ?? null
        return
      case 'ExecutionForked':
        this.#adapted.see(event, () => false)
        return this.#reopening.see(event, this.seq, atMs)
      case 'RollbackRequested':
      case 'RolledBack':
      case 'ExecutionRedriven':
      case 'UndoRequested':
      case 'CompensationRedriven':
      case 'CompensationStarted':
      case 'CompensationScheduled':
      case 'CancelRequested':
        return this.#reopening.see(event, this.seq, atMs)
      case 'PolicyDecided':
        return this.#seePolicy(event)
      case 'StepApproved':
        Object.assign(this.steps.step(event.step), { decided: 0, status: 'pending' })
        this.steps.step(event.step).calls.clear()
        this.#approved.add(event.step)
        return
      case 'ExecutionAdapted':
      case 'AdaptationReverted':
        this.#adapted.see(event, () => false)
        return
      case 'ApprovalAwaited':
        Object.assign(this.steps.step(event.step), { decided: this.seq, status: 'open' })
        return this.steps.open(event.step, null, event.signal)
      case 'ExecutionCompleted':
        this.output = event.output
        return
      default:
        if ('step' in event && event.step !== undefined) this.#seeCall(event)
    }
  }

  /** A step that waits for an approval is a call that waits for a signal. */
  #seePolicy({ step, decision }: KernelEvent & { kind: 'PolicyDecided' }): void {
    const { approval } = decision.values
    if (step === undefined || approval === undefined) return
    Object.assign(this.steps.step(step), { decided: this.seq, status: 'open' })
    this.steps.open(step, null, approval.signal)
  }

  #seeStep(
    event: KernelEvent & { kind: 'StepScheduled' | 'CallScheduled' | 'StepSkipped' | 'StepFailed' },
  ): void {
    const step = this.steps.step(event.step)
    if (event.kind === 'CallScheduled') {
      this.#seesCount(event.call.input)
      return this.steps.open(event.step, event.index, event.call.signal ?? null)
    }
    if (step.decided === 0) step.decided = this.seq
    if (event.kind === 'StepSkipped') return this.steps.settle(step, 'skipped', null, this.seq)
    if (event.kind === 'StepFailed') return this.#failed(event.step)
    // What waits for an approval is begun when it has come.
    if (needsApproval(this.executionId, event.step) && !this.#approved.delete(event.step))
      this.#fail('approvalHolds')
    step.status = 'open'
    step.agent = this.#adapted.agent(event.step) ?? null
    this.#seesCount(event.call?.input)
    if (event.items === undefined)
      return this.steps.open(event.step, null, event.call?.signal ?? null)
    step.items = event.items.length
    if (step.items === 0) this.steps.settle(step, 'completed', [], this.seq)
  }

  /** An expression that read the count saw what was counted then. */
  #seesCount(input: JsonValue | undefined): void {
    if (input === undefined || !isJsonObject(input)) return
    const { seen } = input
    if (typeof seen === 'number' && seen !== this.state.count) this.#fail('expressionSeesState')
  }

  #seeState(
    event: KernelEvent & { kind: 'StateChanged' | 'TdaObserved' | 'CheckpointTaken' },
    atMs: number,
  ): void {
    if (event.kind === 'CheckpointTaken') {
      this.#reopening.checkpoints.add(this.seq)
      return
    }
    if (event.kind === 'TdaObserved') {
      const version = (this.state.entries.get(tdaStateKey)?.version ?? 0) + 1
      this.state.change([{ key: tdaStateKey, version, value: [event.context] }], atMs)
      return
    }
    for (const property of this.state.change(event.changes, atMs)) this.#fail(property)
    if (event.step !== undefined) this.#writer = labelOf(event.step, event.index, event.part)
    for (const { value } of event.changes) {
      const written = value?.[0]
      if (written != null && isJsonObject(written) && typeof written['id'] === 'number')
        this.written.add(written['id'])
    }
  }

  #seeCall(event: KernelEvent & OfCall): void {
    const call = this.steps.call(event)
    if (call === undefined) return this.#fail('eventOfOpenCall')
    switch (event.kind) {
      case 'AttemptStarted':
        call.isUncertain = false
        // An agent works for it now, also where another execution did before a redrive.
        call.child = null
        call.effect = event.effect
        call.hasLookup = event.lookup
        return this.steps.attempted(event, call)
      case 'FallbackScheduled':
        Object.assign(call, { fallback: event.fallback, poll: 1, child: null, isUncertain: false })
        call.hosting = null
        return this.steps.partsAgain(this.steps.step(event.step), call)
      case 'PollCompleted':
        if (call.hosting === null) this.steps.succeed(event.step, call)
        for (const { label } of this.steps.partsOf(this.steps.step(event.step), call))
          this.steps.step(event.step).calls.delete(label)
        call.hosting = null
        call.poll++
        return
      case 'CallSuspended':
        call.signal = event.signal
        return
      case 'SignalDelivered':
        call.signal = null
        return
      case 'CallUncertain':
        call.isUncertain = true
        return
      case 'CallResolved':
        call.isUncertain = false
        return
      case 'ChildStarted':
        return this.#startChild(call, event)
      case 'ChildEnded':
        if (call.child === null || call.isTold) this.#fail('childToldOnce')
        call.isTold = true
        return
      default:
    }
  }

  #startChild(call: CallModel, event: KernelEvent & { kind: 'ChildStarted' }): void {
    const step = this.steps.step(event.step)
    const success = event.undo === undefined ? undefined : this.steps.successes[event.undo]
    let id = `${this.executionId}.${event.step}`
    if (event.index !== undefined) id += `.${event.index}`
    if (step.run > 1) id += `.r${step.run}`
    if (call.fallback > 0) id += `.f${call.fallback}`
    if (call.poll > 1) id += `.p${call.poll}`
    if (event.executionId !== (success === undefined ? id : success.child))
      this.#fail('childIdAsPinned')
    call.child = event.executionId
    call.isTold = false
  }

  #seeCallEnd(event: CallEnd): void {
    const call = this.steps.call(event)
    if (call === undefined || !call.isOpen) return this.#fail('resultRecordedOnce')
    const step = this.steps.step(event.step)
    for (const property of hostEnds(this.steps, call, event)) this.#fail(property)
    const isDone = event.kind === 'CallCompleted' || ('raw' in event && event.raw !== undefined)
    if (isDone && call.hosting === null) this.steps.succeed(event.step, call)
    call.isOpen = false
    if (event.kind === 'CallCancelled') return this.#cancelled(call, event)
    if (event.kind === 'CallFailed') {
      // Called again by a redrive, where its effect allows that.
      this.steps.succeededKeys.delete(this.steps.keyOf(step, call))
      if (event.index === undefined) this.#failed(event.step)
      return
    }
    const { work } = step.plan
    if (work.kind === 'agent' && step.plan.outputs === null && isJsonObject(event.output)) {
      const { run } = event.output
      if (typeof run === 'number' && run !== this.steps.runOf(step)) this.#fail('answerOfItsRun')
    }
    if (work.kind === 'agent' && (step.agent ?? work.agent) === 'counter' && call.fallback === 0) {
      this.state.count++
      if (!this.state.countIsRight) this.#fail('countedOnce')
    }
    if (event.index === undefined)
      return this.steps.settle(step, 'completed', event.output, this.seq)
    this.#itemDone(step, event.index, event.output)
  }

  #seeSkipped(event: KernelEvent & { kind: 'CallSkipped' }): void {
    const call = this.steps.call(event)
    if (call === undefined || !call.isOpen) return this.#fail('resultRecordedOnce')
    const step = this.steps.step(event.step)
    call.isOpen = false
    if (step.plan.concurrency?.onFull !== 'skip') this.#fail('skippedAsSaid')
    if (event.index === undefined) return this.steps.settle(step, 'skipped', null, this.seq)
    this.#itemDone(step, event.index, null)
  }

  #itemDone(step: StepModel, index: number, output: JsonValue): void {
    step.outputs.set(index, output)
    if (step.outputs.size !== step.items) return
    const outputs = Array.from({ length: step.items }, (_, i) => step.outputs.get(i) ?? null)
    this.steps.settle(step, 'completed', outputs, this.seq)
  }

  #cancelled(call: CallModel, event: KernelEvent & { kind: 'CallCancelled' }): void {
    if (event.unknown !== true) return
    const step = this.steps.step(event.step)
    const isUndone = step.plan.compensate !== null
    if (isUndone && (this.steps.goingBack !== null || !call.isUncertain))
      this.steps.succeed(event.step, call)
    else call.isUnknown = true
    // Nobody knows whether it succeeded: it may be asked about, or made, again.
    this.steps.succeededKeys.delete(this.steps.keyOf(step, call))
  }

  /** What becomes of a part is its pattern's to judge; it is undone and made again like any call. */
  #seePartEnd(event: CallEnd): void {
    const call = this.steps.call(event)
    if (call === undefined || !call.isOpen) return this.#fail('resultRecordedOnce')
    call.isOpen = false
    const step = this.steps.step(event.step)
    if (event.kind === 'CallCancelled') return this.#cancelled(call, event)
    if (event.kind === 'CallFailed') {
      if (event.raw !== undefined) this.steps.succeed(event.step, call)
      this.steps.succeededKeys.delete(this.steps.keyOf(step, call))
      return
    }
    this.steps.succeed(event.step, call)
    call.success = { output: event.output }
    const run = isJsonObject(event.output) ? event.output['run'] : undefined
    if (typeof run === 'number' && run !== this.steps.runOf(step)) this.#fail('answerOfItsRun')
  }

  #failed(id: string): void {
    const step = this.steps.step(id)
    if (step.plan.continueOnFailure) this.steps.settle(step, 'failed', null, this.seq)
    else step.status = 'failed'
  }

  #seeUndone(event: CallEnd): void {
    const undo = event.undo ?? -1
    const success = this.steps.successes[undo]
    if (success?.state !== 'undoing') return this.#fail('undoneOnce')
    const isUndone = event.kind === 'CallCompleted'
    success.state = isUndone ? 'undone' : 'failed'
    const key = `${success.key}/compensate`
    if (isUndone) {
      if (success.child === null) this.steps.succeededKeys.add(key)
      return this.end.closeUndo(undo)
    }
    this.end.openUndo(undo, `${this.executionId}/${success.call.label}/compensate`, key)
  }
}

/** Whether the event records that the call has succeeded, also when what follows the success has not. */
function completes(event: KernelEvent, writer: string): boolean {
  switch (event.kind) {
    case 'CallCompleted':
    case 'PollCompleted':
    case 'CallFailed':
    case 'CallCancelled':
      if (event.kind === 'CallFailed' && event.raw === undefined) return false
      return labelOf(event.step, event.index, 'part' in event ? event.part : undefined) === writer
    default:
      return false
  }
}

/** Two accounts of what was settled are the same. */
export function sameOutput(a: JsonValue, b: JsonValue): boolean {
  return canonicalJson(a) === canonicalJson(b)
}

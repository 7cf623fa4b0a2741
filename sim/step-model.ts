import type { JsonValue } from '../src/core/json.ts'
import type { PatternResult } from '../src/workflow/kernel/events.ts'
import type { Plan, PlanStep } from '../src/workflow/plan/plan.ts'

/** What the journal has said of one call. */
export interface CallModel {
  readonly label: string
  readonly index: number | null
  fallback: number
  poll: number
  isOpen: boolean
  isUncertain: boolean
  /** Given up: nobody knows what it did. */
  isUnknown: boolean
  /** Recorded successes under the effect `once`. */
  effects: number
  effect: string
  hasLookup: boolean
  /** The signal that it waits for; null for none. */
  signal: string | null
  /** The execution that works for it; null for none. */
  child: string | null
  /** The end of that execution was told. */
  isTold: boolean
  /** How often that execution had failed when it was asked to work. */
  failedBefore: number
  /** Its number, where a pattern wanted it; null for any other. */
  readonly part: number | null
  /** The pattern that works for it; null for none. */
  hosting: { result: PatternResult | null } | null
  /** What a part has given; null until it succeeded. */
  success: { readonly output: JsonValue } | null
}

/** A recorded success that can be undone, and what became of it. */
export interface SuccessModel {
  readonly step: string
  readonly run: number
  readonly key: string
  readonly child: string | null
  /** `over`: its step runs anew. `again`: its call was made again, and what that gave stands for it. */
  state: 'kept' | 'undoing' | 'undone' | 'failed' | 'over' | 'again'
  call: CallModel
}

/** What the journal has said of one step since it was decided last. */
export interface StepModel {
  readonly plan: PlanStep
  /** Who does its work by an adaptation; null where its own agent does. */
  agent: string | null
  run: number
  /** Positions of the events that decided and settled it; 0 before that. */
  decided: number
  settled: number
  status: 'pending' | 'open' | 'completed' | 'skipped' | 'failed'
  output: JsonValue
  /** Null without `forEach`. */
  items: number | null
  readonly outputs: Map<number, JsonValue>
  readonly calls: Map<string, CallModel>
}

/** Names a call as events do. */
export interface OfCall {
  readonly step: string
  readonly index?: number
  readonly undo?: number
  readonly part?: number
}

/**
 * The steps of one execution as its journal tells them: a second account beside the kernel's, kept by rules
 * of its own, so that what the kernel decides can be compared with it.
 */
export class StepsModel {
  readonly steps = new Map<string, StepModel>()
  readonly successes: SuccessModel[] = []
  /** Keys of calls whose success is recorded. */
  readonly succeededKeys = new Set<string>()
  /** Keys of calls whose newest attempt was recorded as one that runs alone. */
  readonly loneKeys = new Set<string>()
  /** Steps that a rollback under way takes back; null for none. */
  goingBack: ReadonlySet<string> | null = null
  readonly executionId: string
  /** The key of the call inside another one that this execution makes; null for none. */
  insideKey: string | null = null

  constructor(executionId: string, plan: Plan) {
    this.executionId = executionId
    for (const step of plan.steps) this.steps.set(step.id, newStep(step))
  }

  step(id: string): StepModel {
    return this.steps.get(id) as StepModel
  }

  /** The call that an event names; undefined when there is none. */
  call({ step, index, undo, part }: OfCall): CallModel | undefined {
    if (undo !== undefined) return this.successes[undo]?.call
    return this.step(step).calls.get(labelOf(step, index, part))
  }

  /** What patterns have wanted for the call, its present poll. */
  partsOf(step: StepModel, host: CallModel): readonly CallModel[] {
    return Array.from(step.calls.values()).filter(
      ({ part, label }) => part !== null && hostLabel(label) === host.label,
    )
  }

  /** `<executionId>/<step>[<index>]/<run>`, then the part, the fallback or the poll. */
  keyOf(step: StepModel, call: CallModel): string {
    const own = `${this.executionId}/${hostLabel(call.label)}/${step.run}`
    const base = step.run === 1 ? (this.insideKey ?? own) : own
    if (call.part !== null) return `${base}/c${call.part}`
    if (call.fallback > 0) return `${base}/f${call.fallback}`
    return call.poll > 1 ? `${base}/p${call.poll}` : base
  }

  attempted(event: OfCall & { readonly alone?: boolean }, call: CallModel): void {
    const undone = event.undo === undefined ? undefined : this.successes[event.undo]
    const key =
      undone === undefined ? this.keyOf(this.step(event.step), call) : `${undone.key}/compensate`
    if (event.alone === true) this.loneKeys.add(key)
    else this.loneKeys.delete(key)
  }

  /** The run that agents read from the keys of the step. */
  runOf(step: StepModel): number {
    const isInside = this.insideKey !== null && step.run === 1
    return isInside ? Number(this.insideKey?.split('/')[2]) : step.run
  }

  /** Keys under which open calls may be made now. */
  isExpectedKey(key: string): boolean {
    const isUndo = key.endsWith('/compensate')
    if (isUndo) {
      const own = key.slice(0, -'/compensate'.length)
      return this.successes.some((success) => success.state === 'undoing' && success.key === own)
    }
    if (this.insideKey !== null) return this.#isOpenKey(key)
    const [label = '', , last = ''] = key.slice(this.executionId.length + 1).split('/')
    const step = this.steps.get(label.replace(/\[.*$/, ''))
    const call = step?.calls.get(last.startsWith('c') ? `${label}/${last}` : label)
    return step !== undefined && call?.isOpen === true && this.keyOf(step, call) === key
  }

  #isOpenKey(key: string): boolean {
    return Array.from(this.steps.values()).some((step) =>
      Array.from(step.calls.values()).some((call) => call.isOpen && this.keyOf(step, call) === key),
    )
  }

  /** Everything that it did is undone. */
  isCompensated(step: StepModel): boolean {
    const own = this.#own(step)
    return own.length > 0 && own.every(({ state }) => state === 'undone')
  }

  /** Some of what it did is undone. */
  isUndoneInPart(step: StepModel): boolean {
    return this.#own(step).some(({ state }) => state === 'undone')
  }

  /** The steps that going back to the event `seq` decides anew. */
  resetBy(seq: number): ReadonlySet<string> {
    const reset = new Set<string>()
    for (const [id, step] of this.steps) {
      if (step.decided === 0) continue
      const isBeingUndone = this.successes.some(
        (success) => success.step === id && success.state === 'undoing',
      )
      const isPassive = step.plan.work.kind === 'sleep' || step.plan.work.kind === 'wait'
      const goesOn = isPassive && step.decided <= seq && openCalls(step) > 0
      const isAfter = step.settled > 0 ? step.settled > seq : !goesOn
      if (isAfter || isBeingUndone || this.isUndoneInPart(step)) reset.add(id)
    }
    return reset
  }

  /** Some call of the steps has done what nothing undoes. */
  hasEffectIn(ids: readonly string[]): boolean {
    return ids.some((id) => {
      const { plan, calls } = this.step(id)
      if (plan.compensate !== null) return false
      return Array.from(calls.values()).some(
        ({ effects, isUnknown, isUncertain }) => effects > 0 || isUnknown || isUncertain,
      )
    })
  }

  /** What of the steps is not undone although it should be. */
  leftOf(ids: ReadonlySet<string>): readonly SuccessModel[] {
    return this.successes.filter(
      ({ step, state }) => ids.has(step) && (state === 'kept' || state === 'undoing'),
    )
  }

  open(id: string, index: number | null, signal: string | null): void {
    const label = labelOf(id, index ?? undefined)
    this.step(id).calls.set(label, { ...newCall(label, index), signal })
  }

  /** A pattern wants a call. */
  openPart(host: CallModel, step: StepModel, part: number): void {
    const label = `${host.label}/c${part}`
    step.calls.set(label, { ...newCall(label, host.index, part), fallback: host.fallback })
  }

  settle(step: StepModel, status: StepModel['status'], output: JsonValue, seq: number): void {
    step.status = status
    step.output = output
    step.settled = seq
  }

  /** A call has succeeded: its key is used up, and it can be undone where something undoes it. */
  succeed(id: string, call: CallModel): void {
    const step = this.step(id)
    const key = this.keyOf(step, call)
    if (call.child === null) this.succeededKeys.add(key)
    if (call.effect === 'once') call.effects++
    const child = step.plan.compensate === null ? call.child : null
    if (step.plan.compensate === null && child === null) return
    // Given up, made again by a redrive: one call, which is undone once.
    for (const success of this.successes) {
      if (success.key === key && success.state === 'kept') success.state = 'again'
    }
    this.successes.push({
      step: id,
      run: step.run,
      key,
      child,
      state: 'kept',
      call: newCall(call.label, call.index, call.part),
    })
  }

  /** The step is undecided again. */
  reset(id: string, isHigherRun: boolean): void {
    const step = this.step(id)
    Object.assign(step, { decided: 0, settled: 0, status: 'pending', output: null, items: null })
    step.outputs.clear()
    step.calls.clear()
    if (!isHigherRun) return
    step.run++
    for (const success of this.successes) {
      // A compensation that failed can still be made again: nothing else will undo that.
      if (success.step === id && success.state !== 'failed') success.state = 'over'
    }
  }

  /** Calls that did not succeed begin anew under their keys. */
  callAgain(id: string): void {
    const step = this.step(id)
    step.status = 'open'
    for (const call of step.calls.values()) {
      const isDone =
        step.items === null
          ? false
          : call.index !== null && !call.isOpen && step.outputs.has(call.index)
      if (isDone || call.part !== null) continue
      const parts = this.partsOf(step, call).filter(({ fallback }) => fallback === call.fallback)
      // It is found out where it was called.
      const stays = mayHaveHappened(call) || parts.some(mayHaveHappened)
      const fallback = stays ? call.fallback : 0
      beginAgain(call)
      Object.assign(call, { fallback, hosting: null })
      this.partsAgain(step, call)
    }
  }

  /** Parts of the call's present target that did not succeed begin anew. */
  partsAgain(step: StepModel, host: CallModel): void {
    for (const part of this.partsOf(step, host)) {
      if (part.fallback === host.fallback && part.success === null) beginAgain(part)
    }
  }

  /** What stays as it is, and whose undoing had failed, can be undone once more. */
  keepEffects(): void {
    for (const success of this.successes) {
      const step = this.step(success.step)
      // Nobody could say whether it happened.
      const isUnclear = success.call.effect === 'once' && !success.call.hasLookup
      const isOfNow = step.status === 'completed' && step.run === success.run
      if (success.state === 'failed' && isOfNow && !isUnclear) success.state = 'kept'
    }
  }

  #own({ plan, run }: StepModel): readonly SuccessModel[] {
    return this.successes.filter(
      (success) => success.step === plan.id && success.run === run && success.state !== 'again',
    )
  }
}

/** As `analyse[3]` or `decide/c2`. */
export function labelOf(step: string, index: number | undefined, part?: number): string {
  const own = index === undefined ? step : `${step}[${index}]`
  return part === undefined ? own : `${own}/c${part}`
}

/** Of the call for which a pattern wanted the one of that label; its own where none did. */
function hostLabel(label: string): string {
  return label.replace(/\/c\d+$/, '')
}

function mayHaveHappened({ effect, isUnknown, effects }: CallModel): boolean {
  return effect === 'once' && (isUnknown || effects > 0)
}

function beginAgain(call: CallModel): void {
  call.isUncertain = mayHaveHappened(call) && !call.hasLookup
  Object.assign(call, { isOpen: true, signal: null, isUnknown: false })
}

function openCalls({ calls }: StepModel): number {
  return Array.from(calls.values()).filter(({ isOpen }) => isOpen).length
}

function newStep(plan: PlanStep): StepModel {
  return {
    plan,
    agent: null,
    run: 1,
    decided: 0,
    settled: 0,
    status: 'pending',
    output: null,
    items: null,
    outputs: new Map(),
    calls: new Map(),
  }
}

function newCall(label: string, index: number | null, part: number | null = null): CallModel {
  return {
    label,
    index,
    fallback: 0,
    poll: 1,
    isOpen: true,
    isUncertain: false,
    isUnknown: false,
    effects: 0,
    effect: 'read',
    hasLookup: false,
    signal: null,
    child: null,
    isTold: false,
    failedBefore: 0,
    part,
    hosting: null,
    success: null,
  }
}

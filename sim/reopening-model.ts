import type { KernelEvent } from '../src/workflow/kernel/events.ts'
import type { Plan } from '../src/workflow/plan/plan.ts'
import type { EndModel } from './end-model.ts'
import { countKey, type StateModel } from './state-model.ts'
import type { StepsModel } from './step-model.ts'

export type ReopeningEvent = KernelEvent & {
  kind:
    | 'ExecutionForked'
    | 'RollbackRequested'
    | 'RolledBack'
    | 'ExecutionRedriven'
    | 'UndoRequested'
    | 'CompensationRedriven'
    | 'CompensationStarted'
    | 'CompensationScheduled'
    | 'CancelRequested'
}

export interface ReopeningParts {
  readonly executionId: string
  readonly plan: Plan
  readonly steps: StepsModel
  readonly state: StateModel
  readonly end: EndModel
  readonly fail: (property: string) => void
  /** The state as it was after that event. */
  readonly stateAt: (seq: number) => StateModel
}

/** What makes an execution go on from elsewhere than where it was, compared with what it should be. */
export class ReopeningModel {
  /** Positions of checkpoints that were taken and not forgotten. */
  readonly checkpoints = new Set<number>()
  readonly #of: ReopeningParts
  #isCompensating = false
  /** Rollbacks that the document has made by itself and gone on from. */
  #automatic = 0
  /** What a rollback under way goes back to. */
  #target: { readonly seq: number; readonly state: StateModel; readonly askedAtMs: number } | null =
    null

  constructor(of: ReopeningParts) {
    this.#of = of
  }

  see(event: ReopeningEvent, seq: number, atMs: number): void {
    const { steps, fail } = this.#of
    switch (event.kind) {
      case 'ExecutionForked':
        return this.#fork(event, seq, atMs)
      case 'RollbackRequested':
        return this.#goBack(event, atMs)
      case 'RolledBack':
        return this.#wentBack(event, atMs)
      case 'ExecutionRedriven':
        return this.#redrive(event)
      case 'CompensationStarted':
      case 'UndoRequested':
        this.#isCompensating = true
        return
      case 'CompensationRedriven':
      case 'CompensationScheduled': {
        const success = steps.successes[event.undo]
        const before = event.kind === 'CompensationScheduled' ? 'kept' : 'failed'
        if (success?.state !== before) return fail('undoneOnce')
        success.state = 'undoing'
        return
      }
      case 'CancelRequested':
        if (!this.#isCompensating) steps.goingBack = null
    }
  }

  #fork(event: KernelEvent & { kind: 'ExecutionForked' }, seq: number, atMs: number): void {
    const { steps, state, fail } = this.#of
    // One event settles them all, in the order in which it names them.
    for (const [place, { step: id, status, output }] of event.steps.entries()) {
      const step = steps.step(id)
      step.decided = seq
      steps.settle(step, status, output, seq + (place + 1) / (event.steps.length + 1))
    }
    for (const property of state.change(event.changes, atMs)) {
      // Versions begin anew, and what was expected was expected of the original.
      if (property !== 'casHolds') fail(property)
    }
    state.count = Number(state.entries.get(countKey)?.value ?? 0)
  }

  #goBack(event: KernelEvent & { kind: 'RollbackRequested' }, atMs: number): void {
    const { seq, checkpoint } = event
    const { steps, stateAt, fail } = this.#of
    if (!this.#isCheckpoint(checkpoint, seq)) fail('checkpointIsThere')
    if (event.automatic === true) this.#goBackByItself(event)
    if (event.acceptedEffects === undefined && steps.hasEffectIn(event.steps))
      fail('effectsAreAccepted')
    const expected = steps.resetBy(seq)
    const named = new Set(event.steps)
    if (named.size !== expected.size || Array.from(named).some((id) => !expected.has(id)))
      fail('resetsExactly')
    this.#isCompensating = false
    steps.goingBack = named
    this.#target = { seq, state: stateAt(seq), askedAtMs: atMs }
  }

  /** The document's own rollback: so often, and to the checkpoint that it names. */
  #goBackByItself({ seq, final }: KernelEvent & { kind: 'RollbackRequested' }): void {
    const { plan: document, steps, fail } = this.#of
    const { to, timesMax } = document.rollback
    if (final !== true && ++this.#automatic > timesMax) fail('maxRollbacksHolds')
    if (to === 'lastHealthy') return
    const labelled = Array.from(steps.steps.values()).filter(
      (step) => step.status === 'completed' && !steps.isCompensated(step),
    )
    const named = labelled.filter(({ plan }) =>
      to === 'lastCheckpoint' ? plan.checkpoint !== null : plan.checkpoint === to || plan.id === to,
    )
    const taken = to === 'lastCheckpoint' ? Array.from(this.checkpoints) : []
    const newest = Math.max(1, ...named.map(({ settled }) => settled), ...taken)
    if (seq !== newest) fail('goesBackWhereItSays')
  }

  /** The position has that name, and was neither left nor undone since. */
  #isCheckpoint(checkpointId: string, seq: number): boolean {
    const { executionId, steps } = this.#of
    const name = checkpointId.slice(executionId.length + 1)
    if (name.startsWith('@')) {
      const isTaken = seq === 1 || this.checkpoints.has(seq)
      return isTaken && name === `@${seq}`
    }
    const step = steps.steps.get(name)
    return step?.status === 'completed' && step.settled === seq && !steps.isCompensated(step)
  }

  #wentBack(event: KernelEvent & { kind: 'RolledBack' }, atMs: number): void {
    const { steps, state, fail } = this.#of
    const { goingBack } = steps
    if (goingBack === null || this.#target === null) return fail('resetsExactly')
    if (steps.leftOf(goingBack).length > 0) fail('everySuccessUndone')
    for (const id of goingBack) steps.reset(id, true)
    steps.goingBack = null
    this.#isCompensating = false
    for (const property of state.change(event.changes, atMs)) {
      if (property !== 'casHolds') fail(property)
    }
    const { state: before, askedAtMs, seq } = this.#target
    state.count = before.count
    if (!state.countIsRight) fail('countedOnce')
    if (!state.equals(before, askedAtMs, atMs)) fail('stateIsRestored')
    for (const taken of this.checkpoints) if (taken > seq) this.checkpoints.delete(taken)
    this.#keepEffects()
  }

  #redrive(event: KernelEvent & { kind: 'ExecutionRedriven' }): void {
    const { steps, fail } = this.#of
    const named = [...event.reset, ...event.anew, ...event.again]
    for (const [id, step] of steps.steps) {
      const isUndone = steps.isUndoneInPart(step)
      const isOpen = step.decided > 0 && step.settled === 0
      const times = named.filter((other) => other === id).length
      if (times !== (isUndone || isOpen ? 1 : 0)) fail('redrivesExactly')
      if (isUndone && !event.reset.includes(id)) fail('redrivesExactly')
    }
    for (const id of event.reset) steps.reset(id, true)
    for (const id of event.anew) steps.reset(id, false)
    for (const id of event.again) steps.callAgain(id)
    this.#isCompensating = false
    this.#keepEffects()
  }

  /** Whoever discards the dead letter of a compensation answers for what was not undone. */
  discard(id: string): void {
    const { steps, end } = this.#of
    const success = steps.successes[end.undoLetters.get(id) ?? -1]
    if (success?.state === 'failed') success.state = 'over'
  }

  #keepEffects(): void {
    const { steps, end } = this.#of
    steps.keepEffects()
    for (const [id, undo] of end.undoLetters) {
      if (steps.successes[undo]?.state === 'kept') end.undoLetters.delete(id)
    }
  }
}

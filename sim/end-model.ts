import type { KernelEvent } from '../src/workflow/kernel/events.ts'

export type Result = 'completed' | 'failed' | 'cancelled'

/** How one execution has ended, and what nobody tries again by itself, as its journal tells it. */
export class EndModel {
  /** Null while it is open. */
  result: Result | null = null
  /** Every end that it has had. */
  readonly ends: Result[] = []
  /** Its failure is an open dead letter. */
  hasLetter = false
  /** Open dead letters of failed compensations: the place among the successes by the letter's id. */
  readonly undoLetters = new Map<string, number>()
  #opensLetter = true
  /** What it did is being undone, for good. */
  #isUndoing = false
  /** How it ended before a compensation was tried again. */
  #before: Result | null = null

  /** @returns the properties that the event breaks */
  see(event: KernelEvent, isChild: boolean): readonly string[] {
    const broken = this.result === null ? [] : this.#reopen(event, isChild)
    switch (event.kind) {
      case 'ExecutionCompleted':
        return [...broken, ...this.#end('completed')]
      case 'ExecutionFailed':
        return [...broken, ...this.#told(event), ...this.#end('failed')]
      case 'ExecutionCancelled':
        return [...broken, ...this.#told(event), ...this.#end('cancelled')]
      case 'CompensationScheduled':
      case 'CompensationRedriven':
        this.#isUndoing = true
        return broken
      case 'RolledBack':
        this.#isUndoing = false
        return broken
      case 'RollbackRequested':
      case 'ExecutionRedriven':
        this.#isUndoing = false
        this.hasLetter = false
        this.#opensLetter = true
        this.#before = null
        return broken
      case 'DeadLetterDiscarded':
        if (!this.undoLetters.delete(event.id)) {
          if (!this.hasLetter) broken.push('deadLetterOnce')
          this.hasLetter = false
        }
        return broken
      default:
        return broken
    }
  }

  /** A compensation has failed for good. `short` names its call, `long` tells it from others of the same call. */
  openUndo(undo: number, short: string, long: string): void {
    const known = this.undoLetters.get(short)
    const isShort = known === undefined || known === undo
    // It keeps the id that it has.
    this.undoLetters.set(isShort && this.undoLetters.get(long) !== undo ? short : long, undo)
  }

  closeUndo(undo: number): void {
    for (const [id, known] of this.undoLetters) if (known === undo) this.undoLetters.delete(id)
  }

  /** Only an end after something was undone tells of it, and it names what. */
  #told({ undone }: KernelEvent & { kind: 'ExecutionFailed' | 'ExecutionCancelled' }): string[] {
    const wasUndoing = this.#isUndoing
    this.#isUndoing = false
    if (undone === undefined) return []
    const { compensated, notCompensated } = undone
    const isNamed = compensated.length + notCompensated.length > 0
    return wasUndoing && isNamed ? [] : ['undoneIsTold']
  }

  #end(result: Result): readonly string[] {
    const isSame = this.#before === null || this.#before === result
    this.#before = null
    this.result = result
    this.ends.push(result)
    if (result === 'failed' && this.#opensLetter) this.hasLetter = true
    return isSame ? [] : ['completedAndCancelledStay']
  }

  /** An ended execution is left only in the ways there are. */
  #reopen(event: KernelEvent, isChild: boolean): string[] {
    const was = this.result
    switch (event.kind) {
      case 'DeadLetterDiscarded':
        return []
      case 'CompensationRedriven':
        this.#before = was
        this.#opensLetter = this.hasLetter
        this.result = null
        return []
      case 'RollbackRequested':
      case 'ExecutionRedriven':
        this.result = null
        return was === 'failed' ? [] : ['completedAndCancelledStay']
      case 'UndoRequested':
        this.result = null
        this.#opensLetter = true
        return was === 'completed' && isChild ? [] : ['completedAndCancelledStay']
      default:
        return ['endedStaysEnded']
    }
  }
}

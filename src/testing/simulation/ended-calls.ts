import { isItemOf, isOf, isPart } from './journal-call.ts'

/** Which calls of an execution have ended, by label and key, until they are made again. */
export class EndedCalls {
  readonly recorded = new Set<string>()
  /** Those that have ended without success: a redrive makes them again. */
  readonly unsuccessful = new Set<string>()
  /** Of those, parts: which are made again is their patterns' to say. */
  readonly revivable = new Set<string>()

  /** Items of the step that have ended. */
  items(step: string): number {
    return Array.from(this.recorded).filter((known) => isItemOf(known, step)).length
  }

  /** The step is decided anew. */
  forget(step: string): void {
    for (const label of Array.from(this.recorded)) {
      if (!isOf(label, step)) continue
      for (const labels of [this.recorded, this.unsuccessful, this.revivable]) labels.delete(label)
    }
  }

  /** @returns the calls of the step that a redrive makes again at once */
  again(step: string): readonly string[] {
    const labels = Array.from(this.unsuccessful).filter((label) => isOf(label, step))
    for (const label of labels) {
      if (isPart(label)) this.revivable.add(label)
      else this.unsuccessful.delete(label)
    }
    return labels.filter((label) => !isPart(label))
  }
}

/**
 * Names one call of an execution: a step's, one item's of a step with `forEach`, the `part`-th that a
 * pattern of either wanted (counted from 1), or the compensation of the `undo`-th recorded success
 * (counted from 0).
 */
export interface CallRef {
  readonly step: string
  /** Null without `forEach`. */
  readonly index: number | null
  /** Null for a call that goes forward. */
  readonly undo: number | null
  /** Absent for a call that no pattern wanted. */
  readonly part?: number | undefined
}

/** The fields by which an event names a call; absent means null, and of `part` that no pattern wanted it. */
export interface NamesCall {
  readonly step: string
  readonly index?: number
  readonly undo?: number
  readonly part?: number
}

/** The call that an event speaks of. */
export function refOf({ step, index, undo, part }: NamesCall): CallRef {
  const ref = { step, index: index ?? null, undo: undo ?? null }
  return part === undefined ? ref : { ...ref, part }
}

/** A call as it is written in messages and verbs: `analyse[3]`, `decide/c2`. */
export function callLabel(ref: CallRef): string {
  const own = ref.index === null ? ref.step : `${ref.step}[${ref.index}]`
  const base = ref.part === undefined ? own : `${own}/c${ref.part}`
  return ref.undo === null ? base : `${base}/compensate`
}

const labelPattern = /^([a-z][a-z0-9_]{0,62})(?:\[(\d{1,5})\])?(?:\/c([1-9]\d{0,6}))?$/

/** Reads `analyse`, `analyse[3]` or `decide/c2`; undefined when the text is no call. */
export function parseCallLabel(text: string): CallRef | undefined {
  const match = labelPattern.exec(text)
  if (match === null) return undefined
  const [, step, index, part] = match
  return refOf({
    step: step as string,
    ...(index === undefined ? {} : { index: Number(index) }),
    ...(part === undefined ? {} : { part: Number(part) }),
  })
}

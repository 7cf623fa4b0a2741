/**
 * Names one call of an execution: a step's, one item's of a step with `forEach`, or the
 * compensation of the `undo`-th recorded success (counted from 0).
 */
export interface CallRef {
  readonly step: string
  /** Null without `forEach`. */
  readonly index: number | null
  /** Null for a call that goes forward. */
  readonly undo: number | null
}

/** A call as it is written in messages and verbs: `analyse[3]`. */
export function callLabel(ref: CallRef): string {
  const base = ref.index === null ? ref.step : `${ref.step}[${ref.index}]`
  return ref.undo === null ? base : `${base}/compensate`
}

const labelPattern = /^([a-z][a-z0-9_]{0,62})(?:\[(\d{1,5})\])?$/

/** Reads `analyse` or `analyse[3]`; undefined when the text is no call. */
export function parseCallLabel(text: string): CallRef | undefined {
  const match = labelPattern.exec(text)
  if (match === null) return undefined
  return {
    step: match[1] as string,
    index: match[2] === undefined ? null : Number(match[2]),
    undo: null,
  }
}

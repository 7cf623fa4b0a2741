/** One measured figure as the bench prints it. */
export interface BenchRow {
  readonly workload: string
  readonly metric: string
  readonly value: number
  readonly unit: string
  /** What the bare loop reached in the same run, in the same unit; null where it has no such figure. */
  readonly floor: number | null
  /** `value / floor`; null without a floor. */
  readonly ratio: number | null
}

type Figure = Omit<BenchRow, 'floor' | 'ratio'> & { readonly floor?: number }

/** A row with its ratio; values keep four digits after the point. */
export function benchRow({ floor, ...figure }: Figure): BenchRow {
  return {
    ...figure,
    value: rounded(figure.value),
    floor: floor === undefined ? null : rounded(floor),
    ratio: floor === undefined ? null : rounded(figure.value / floor),
  }
}

function rounded(value: number): number {
  return Number(value.toFixed(4))
}

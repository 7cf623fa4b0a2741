/** The value that a share of all values (0 to 1) is below; the greatest for 1. @throws RangeError for no values */
export function percentile(values: readonly number[], share: number): number {
  const sorted = Float64Array.from(values).sort()
  const value = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]
  if (value === undefined) throw new RangeError('a percentile of nothing')
  return value
}

/** Shortest stretch that may be called a level, a ramp or another variance. */
const stretchMin = 6
/** Widest spike, in points. */
const spikeWidthMax = 5

/** Sum of squares of `values[from..to)`. */
function squaredSum(values: Float64Array, from: number, to: number): number {
  let sum = 0
  for (let i = from; i < to; i++) sum += (values[i] as number) ** 2
  return sum
}

/** Running sums of a term of each value: entry i is the sum of the first i. */
export function prefixSums(
  values: Float64Array,
  term: (value: number, i: number) => number,
): Float64Array {
  const sums = new Float64Array(values.length + 1)
  for (let i = 0; i < values.length; i++)
    sums[i + 1] = (sums[i] as number) + term(values[i] as number, i)
  return sums
}

export interface Fit {
  /** Sum of squares that the model leaves over. */
  readonly squared: number
  /** Signed size of what it explains. */
  readonly height: number
}

/** Takes out the few neighbouring points that hold most of the energy. */
export function bestSpike(left: Float64Array): Fit {
  const squares = prefixSums(left, (value) => value * value)
  const all = squares[left.length] as number
  let best: Fit = { squared: all, height: 0 }
  for (let width = 1; width <= Math.min(spikeWidthMax, left.length); width++) {
    for (let i = 0; i + width <= left.length; i++) {
      const squared = all - (squares[i + width] as number) + (squares[i] as number)
      // A wider spike must earn its points.
      if (squared + width < best.squared - 1) {
        const stretch = left.subarray(i, i + width)
        best = { squared, height: stretch.reduce((a, b) => (Math.abs(b) > Math.abs(a) ? b : a), 0) }
      }
    }
  }
  return best
}

/** Another level from a start to an end (often the window's end). */
export function bestLevel(left: Float64Array): Fit {
  const n = left.length
  const sums = prefixSums(left, (value) => value)
  const all = squaredSum(left, 0, n)
  let best: Fit = { squared: all, height: 0 }
  for (let from = 0; from + stretchMin <= n; from++) {
    for (let to = from + stretchMin; to <= n; to++) {
      const sum = (sums[to] as number) - (sums[from] as number)
      const squared = all - (sum * sum) / (to - from)
      if (squared < best.squared) best = { squared, height: sum / (to - from) }
    }
  }
  return best
}

/** A straight ramp from 0 at a start to the window's end. */
export function bestRamp(left: Float64Array): Fit {
  const n = left.length
  const all = squaredSum(left, 0, n)
  const sums = prefixSums(left, (value) => value)
  const moments = prefixSums(left, (value, i) => value * i)
  let best: Fit = { squared: all, height: 0 }
  for (let from = 0; from + stretchMin <= n; from++) {
    const count = n - from
    const cross =
      (moments[n] as number) -
      (moments[from] as number) -
      from * ((sums[n] as number) - (sums[from] as number))
    const squaresX = ((count - 1) * count * (2 * count - 1)) / 6
    const squared = all - (cross * cross) / squaresX
    if (squared < best.squared) best = { squared, height: (cross / squaresX) * (count - 1) }
  }
  return best
}

const logCost = (squared: number, count: number): number =>
  count === 0 ? 0 : count * Math.log(Math.max(squared / count, 0.002))

/** Another variance between a start and an end: its BIC cost without penalty, and the ratio of scales. */
export function bestVariance(left: Float64Array): { cost: number; ratio: number } {
  const n = left.length
  const squares = prefixSums(left, (value) => value * value)
  const all = squares[n] as number
  let best = { cost: logCost(all, n), ratio: 1 }
  for (let from = 0; from + stretchMin * 2 <= n; from += 2) {
    for (let to = from + stretchMin * 2; to <= n; to = to === n ? n + 1 : Math.min(n, to + 2)) {
      const inside = (squares[to] as number) - (squares[from] as number)
      const count = to - from
      // What is outside follows the baseline, whose variance is 1 here.
      const outside = Math.max(all - inside, n - count)
      const cost = logCost(inside, count) + logCost(outside, n - count)
      if (cost < best.cost) best = { cost, ratio: Math.sqrt(Math.max(inside, 1e-9) / count) }
    }
  }
  return best
}

import { anomalyBarsMax } from './anomaly.ts'
import type { Bar, Diagram } from './persistence.ts'

const toDiagonal = (bar: Bar): number => (bar.death - bar.birth) / 2
const apart = (a: Bar, b: Bar): number =>
  Math.max(Math.abs(a.birth - b.birth), Math.abs(a.death - b.death))

/**
 * Costs of matching two diagrams, each filled up with copies of the diagonal: row i is bar i of `a` or a
 * diagonal point, column j the same for `b`; two diagonal points cost nothing.
 */
function costs(a: readonly Bar[], b: readonly Bar[]): Float64Array {
  const size = a.length + b.length
  const matrix = new Float64Array(size * size)
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < size; j++) {
      const left = a[i]
      const right = b[j]
      if (left !== undefined && right !== undefined) matrix[i * size + j] = apart(left, right)
      else if (left !== undefined) matrix[i * size + j] = toDiagonal(left)
      else if (right !== undefined) matrix[i * size + j] = toDiagonal(right)
    }
  }
  return matrix
}

/** The `count` longest bars, longest first. */
export function longestBars(bars: readonly Bar[], count: number): readonly Bar[] {
  return bars.toSorted((a, b) => b.death - b.birth - (a.death - a.birth)).slice(0, count)
}

const round = (value: number): number => Number(value.toPrecision(6))

/** A diagram as an anomaly carries it: the longest bars of both dimensions, as [dimension, birth, death]. */
export function wireDiagram({ h0, h1 }: Diagram): [number, number, number][] {
  const bars = [h0, h1].flatMap((ofDimension, dimension) =>
    longestBars(ofDimension, anomalyBarsMax / 2).map((bar): [number, number, number] => {
      return [dimension, round(bar.birth), round(bar.death)]
    }),
  )
  return bars.filter(([, birth, death]) => death > birth)
}

/**
 * The exact bottleneck distance of two diagrams of one dimension: the smallest possible largest move that
 * turns one into the other. Binary search over the costs with augmenting paths; meant for tens of bars.
 */
export function bottleneckDistance(a: readonly Bar[], b: readonly Bar[]): number {
  const size = a.length + b.length
  if (size === 0) return 0
  const matrix = costs(a, b)
  const candidates = [...new Set(matrix)].sort((x, y) => x - y)
  let low = 0
  let high = candidates.length - 1
  while (low < high) {
    const middle = (low + high) >> 1
    if (canMatch(matrix, size, candidates[middle] as number)) high = middle
    else low = middle + 1
  }
  return candidates[low] as number
}

/** Whether every row finds its own column at no more than `limit` (Kuhn's algorithm). */
function canMatch(matrix: Float64Array, size: number, limit: number): boolean {
  const rowOf = new Int32Array(size).fill(-1)
  const seen = new Uint8Array(size)
  const place = (row: number): boolean => {
    for (let column = 0; column < size; column++) {
      if (seen[column] === 1 || (matrix[row * size + column] as number) > limit) continue
      seen[column] = 1
      const holder = rowOf[column] as number
      if (holder === -1 || place(holder)) {
        rowOf[column] = row
        return true
      }
    }
    return false
  }
  for (let row = 0; row < size; row++) {
    seen.fill(0)
    if (!place(row)) return false
  }
  return true
}

/**
 * The exact 1-Wasserstein distance of two diagrams of one dimension (ground metric L∞): the smallest sum of
 * moves. Hungarian method with potentials, cubic in the number of bars; meant for tens of bars.
 */
export function wassersteinDistance(a: readonly Bar[], b: readonly Bar[]): number {
  const size = a.length + b.length
  const matrix = costs(a, b)
  const rowPotential = new Float64Array(size + 1)
  const columnPotential = new Float64Array(size + 1)
  // Index 0 is a column that holds the row being placed; real rows and columns count from 1.
  const rowOf = new Int32Array(size + 1)
  const cameFrom = new Int32Array(size + 1)
  for (let row = 1; row <= size; row++) {
    rowOf[0] = row
    const slack = new Float64Array(size + 1).fill(Infinity)
    const used = new Uint8Array(size + 1)
    let column = 0
    do {
      used[column] = 1
      const at = rowOf[column] as number
      let delta = Infinity
      let next = 0
      for (let j = 1; j <= size; j++) {
        if (used[j] === 1) continue
        const cost = matrix[(at - 1) * size + j - 1] as number
        const reduced = cost - (rowPotential[at] as number) - (columnPotential[j] as number)
        if (reduced < (slack[j] as number)) {
          slack[j] = reduced
          cameFrom[j] = column
        }
        if ((slack[j] as number) < delta) {
          delta = slack[j] as number
          next = j
        }
      }
      for (let j = 0; j <= size; j++) {
        if (used[j] === 1) {
          rowPotential[rowOf[j] as number] = (rowPotential[rowOf[j] as number] as number) + delta
          columnPotential[j] = (columnPotential[j] as number) - delta
        } else slack[j] = (slack[j] as number) - delta
      }
      column = next
    } while (rowOf[column] !== 0)
    while (column !== 0) {
      const before = cameFrom[column] as number
      rowOf[column] = rowOf[before] as number
      column = before
    }
  }
  let sum = 0
  for (let j = 1; j <= size; j++) sum += matrix[((rowOf[j] as number) - 1) * size + j - 1] as number
  return sum
}

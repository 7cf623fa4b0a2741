import { OrchestrationError } from '../core/errors.ts'
import { ColumnHeap } from './column-heap.ts'

/** One feature of a persistence diagram: it appears at scale `birth` and is filled in at scale `death`. */
export interface Bar {
  readonly birth: number
  readonly death: number
}

/** The persistence of a point cloud in dimensions 0 (clusters) and 1 (loops). */
export interface Diagram {
  /** All points but one: the component that never dies is left out. Births are 0. */
  readonly h0: readonly Bar[]
  /** Bars of positive length, in no order. */
  readonly h1: readonly Bar[]
  /** The scale from which the cloud is a cone and has no topology left. */
  readonly enclosingRadius: number
}

/** Largest cloud: its triangle keys must fit a signed 32-bit integer. */
const cloudPointsMax = 1_000

interface Filtration {
  readonly n: number
  /** Edges up to the enclosing radius in filtration order: end points and lengths. */
  readonly from: Int32Array
  readonly to: Int32Array
  readonly length: Float64Array
  /** Position of edge (i, j) in that order at `i * n + j`; the number of edges when absent. */
  readonly rank: Int32Array
  readonly radius: number
}

/**
 * The exact Vietoris-Rips persistence of a finite metric space in dimensions 0 and 1, over Z/2.
 *
 * `distances` is the full symmetric matrix, row by row, with a zero diagonal; at most 1,000 points.
 * H0 is Kruskal's spanning tree. H1 is persistent cohomology with clearing, an implicit coboundary,
 * apparent pairs that are never stored, and a cap at the enclosing radius, after U. Bauer, "Ripser:
 * efficient computation of Vietoris-Rips persistence barcodes", 2021 (arXiv 1908.02518, sections 3 and 4).
 *
 * @throws InputError when the matrix is not square, has a value that is not a finite distance, or is too large.
 */
export function ripsPersistence(distances: Float64Array, n: number): Diagram {
  checkMatrix(distances, n)
  if (n < 2) return { h0: [], h1: [], enclosingRadius: 0 }
  const filtration = buildFiltration(distances, n)
  const inTree = new Uint8Array(filtration.length.length)
  const h0 = spanningTree(filtration, inTree)
  return { h0, h1: loops(filtration, inTree), enclosingRadius: filtration.radius }
}

function checkMatrix(distances: Float64Array, n: number): void {
  const problem = !Number.isInteger(n) || n < 0 || distances.length !== n * n
  if (problem || n > cloudPointsMax) {
    throw new OrchestrationError(
      'InputError',
      `${distances.length} distances are no ${n} × ${n} matrix`,
      {
        hint: `give n × n distances of at most cloudPointsMax = ${cloudPointsMax} points`,
      },
    )
  }
  for (let i = 0; i < distances.length; i++) {
    const value = distances[i] as number
    if (!(value >= 0 && value < Infinity)) {
      throw new OrchestrationError('InputError', `distance ${i} is ${value}, not a finite distance`)
    }
  }
}

function enclosingRadius(distances: Float64Array, n: number): number {
  let radius = Infinity
  for (let i = 0; i < n; i++) {
    let farthest = 0
    for (let j = 0; j < n; j++) farthest = Math.max(farthest, distances[i * n + j] as number)
    radius = Math.min(radius, farthest)
  }
  return radius
}

function buildFiltration(distances: Float64Array, n: number): Filtration {
  const radius = enclosingRadius(distances, n)
  const order: number[] = []
  for (let i = 1; i < n; i++) {
    for (let j = 0; j < i; j++) {
      if ((distances[i * n + j] as number) <= radius) order.push(i * n + j)
    }
  }
  order.sort((a, b) => (distances[a] as number) - (distances[b] as number) || a - b)
  const count = order.length
  const from = new Int32Array(count)
  const to = new Int32Array(count)
  const length = new Float64Array(count)
  const rank = new Int32Array(n * n).fill(count)
  for (let r = 0; r < count; r++) {
    const cell = order[r] as number
    const i = Math.floor(cell / n)
    const j = cell % n
    from[r] = i
    to[r] = j
    length[r] = distances[cell] as number
    rank[i * n + j] = r
    rank[j * n + i] = r
  }
  return { n, from, to, length, rank, radius }
}

/** Marks the edges of the minimum spanning tree; each is the death of one component. */
function spanningTree(filtration: Filtration, inTree: Uint8Array): Bar[] {
  const { n, from, to, length } = filtration
  const parent = Int32Array.from({ length: n }, (_, i) => i)
  const root = (node: number): number => {
    let at = node
    while (parent[at] !== at) {
      const above = parent[parent[at] as number] as number
      parent[at] = above
      at = above
    }
    return at
  }
  const bars: Bar[] = []
  for (let r = 0; r < length.length && bars.length < n - 1; r++) {
    const a = root(from[r] as number)
    const b = root(to[r] as number)
    if (a === b) continue
    parent[a] = b
    inTree[r] = 1
    bars.push({ birth: 0, death: length[r] as number })
  }
  return bars
}

/**
 * For each edge the third vertex of its first cofacet, when the edge is that triangle's longest: the
 * pair is then "apparent", has zero length, and its column needs no reduction. -1 when there is none.
 */
function apparentVertices({ n, from, to, rank }: Filtration): Int32Array {
  const vertices = new Int32Array(from.length).fill(-1)
  for (let r = 0; r < from.length; r++) {
    const rowI = (from[r] as number) * n
    const rowJ = (to[r] as number) * n
    for (let k = 0; k < n; k++) {
      if ((rank[rowI + k] as number) < r && (rank[rowJ + k] as number) < r) {
        vertices[r] = k
        break
      }
    }
  }
  return vertices
}

/**
 * Adds the triangles over edge `r` to a column. A triangle's key is (rank of its longest edge) · n +
 * (the vertex opposite to it): unique, and ordered by the filtration.
 */
function addCoboundary(filtration: Filtration, r: number, column: ColumnHeap): void {
  const { n, from, to, rank } = filtration
  const absent = from.length
  const i = from[r] as number
  const j = to[r] as number
  for (let k = 0; k < n; k++) {
    if (k === i || k === j) continue
    const ik = rank[i * n + k] as number
    const jk = rank[j * n + k] as number
    if (ik === absent || jk === absent) continue
    if (r > ik && r > jk) column.push(r * n + k)
    else if (ik > jk) column.push(ik * n + j)
    else column.push(jk * n + i)
  }
}

function loops(filtration: Filtration, inTree: Uint8Array): Bar[] {
  const { n, length, radius } = filtration
  const apparent = apparentVertices(filtration)
  // Of each reduced column only the edges that were added up are kept, not their triangles.
  const owners = new Map<number, readonly number[]>()
  const column = new ColumnHeap()
  const bars: Bar[] = []
  for (let r = length.length - 1; r >= 0; r--) {
    if (inTree[r] === 1 || apparent[r] !== -1) continue
    column.clear()
    addCoboundary(filtration, r, column)
    const summed = [r]
    let pivot = column.popPivot()
    while (pivot !== -1) {
      const longest = Math.floor(pivot / n)
      const isApparent = apparent[longest] === pivot % n
      const owner = isApparent ? [longest] : owners.get(pivot)
      if (owner === undefined) break
      column.push(pivot)
      for (const edge of owner) {
        addCoboundary(filtration, edge, column)
        summed.push(edge)
      }
      pivot = column.popPivot()
    }
    const birth = length[r] as number
    const death = pivot === -1 ? radius : (length[Math.floor(pivot / n)] as number)
    if (pivot !== -1) owners.set(pivot, oddOnes(summed))
    if (death > birth) bars.push({ birth, death })
  }
  return bars
}

/** The edges that occur an odd number of times: sums are over Z/2. */
function oddOnes(edges: readonly number[]): number[] {
  const odd = new Set<number>()
  for (const edge of edges) if (!odd.delete(edge)) odd.add(edge)
  return [...odd]
}

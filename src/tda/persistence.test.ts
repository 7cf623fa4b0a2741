import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { seededRandom } from '../core/random.ts'
import { bottleneckDistance, wassersteinDistance } from './diagram-distance.ts'
import { distanceMatrix } from './embedding.ts'
import { ripsPersistence } from './persistence.ts'
import type { Bar } from './persistence.ts'

function planar(points: readonly (readonly [number, number])[]): Float64Array {
  const coordinates = Float64Array.from(points.flat())
  return distanceMatrix({ dimension: 2, count: points.length, coordinates })
}

function randomPoints(n: number, seed: number): [number, number][] {
  const random = seededRandom(seed)
  return Array.from({ length: n }, () => [random(), random()])
}

/** The textbook way: the whole boundary matrix of vertices, edges and triangles, reduced by columns. */
function naivePersistence(distances: Float64Array, n: number): { h0: Bar[]; h1: Bar[] } {
  const simplices: { vertices: number[]; scale: number }[] = []
  const at = (i: number, j: number): number => distances[i * n + j] as number
  for (let i = 0; i < n; i++) {
    simplices.push({ vertices: [i], scale: 0 })
    for (let j = i + 1; j < n; j++) {
      simplices.push({ vertices: [i, j], scale: at(i, j) })
      for (let k = j + 1; k < n; k++) {
        simplices.push({ vertices: [i, j, k], scale: Math.max(at(i, j), at(i, k), at(j, k)) })
      }
    }
  }
  simplices.sort((a, b) => a.scale - b.scale || a.vertices.length - b.vertices.length)
  const position = new Map(simplices.map((simplex, i) => [simplex.vertices.join(), i]))
  const columns: Set<number>[] = []
  const ownerOf = new Map<number, number>()
  const bars: [Bar[], Bar[]] = [[], []]
  for (const [i, simplex] of simplices.entries()) {
    const column = new Set<number>()
    if (simplex.vertices.length > 1) {
      for (const vertex of simplex.vertices) {
        column.add(position.get(simplex.vertices.filter((v) => v !== vertex).join()) as number)
      }
    }
    let low = Math.max(-1, ...column)
    for (let owner = ownerOf.get(low); owner !== undefined; owner = ownerOf.get(low)) {
      for (const row of columns[owner] as Set<number>) if (!column.delete(row)) column.add(row)
      low = Math.max(-1, ...column)
    }
    columns.push(column)
    if (low === -1) continue
    ownerOf.set(low, i)
    const born = simplices[low] as { vertices: number[]; scale: number }
    const bar = { birth: born.scale, death: simplex.scale }
    const isEdge = simplex.vertices.length === 2
    if (isEdge || bar.death > bar.birth) bars[isEdge ? 0 : 1].push(bar)
  }
  return { h0: bars[0], h1: bars[1] }
}

const inOrder = (bars: readonly Bar[]): Bar[] =>
  bars.toSorted((a, b) => a.birth - b.birth || a.death - b.death)

describe('ripsPersistence', () => {
  it('finds one long loop in a circle and nothing else of its length', () => {
    const points = Array.from({ length: 40 }, (_, i): [number, number] => {
      return [Math.cos((i / 40) * 2 * Math.PI), Math.sin((i / 40) * 2 * Math.PI)]
    })
    const { h1 } = ripsPersistence(planar(points), 40)
    expect(h1).toHaveLength(1)
    // Born at the side of the 40-gon; a Rips loop on the unit circle is filled near the side of its triangle.
    expect(h1[0]?.birth).toBeCloseTo(2 * Math.sin(Math.PI / 40), 9)
    expect(h1[0]?.death).toBeCloseTo(Math.sqrt(3), 1)
  })

  it('shows two clusters as one long H0 bar of the gap between them', () => {
    const points = randomPoints(30, 3).map(([x, y], i): [number, number] => [x + (i % 2) * 10, y])
    const lengths = ripsPersistence(planar(points), 30).h0.map((bar) => bar.death)
    lengths.sort((a, b) => b - a)
    expect(lengths).toHaveLength(29)
    expect(lengths[0]).toBeGreaterThan(9)
    expect(lengths[1]).toBeLessThan(1)
  })

  it('agrees bar by bar with a naive reduction of the boundary matrix', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 16 }), fc.nat(100_000), (n, seed) => {
        const distances = planar(randomPoints(n, seed))
        const fast = ripsPersistence(distances, n)
        const naive = naivePersistence(distances, n)
        expect(inOrder(fast.h0)).toEqual(inOrder(naive.h0))
        expect(inOrder(fast.h1)).toEqual(inOrder(naive.h1))
      }),
      { numRuns: 60 },
    )
  })

  it('agrees with the naive reduction where many distances are equal', () => {
    fc.assert(
      fc.property(fc.integer({ min: 3, max: 14 }), fc.nat(100_000), (n, seed) => {
        const grid = randomPoints(n, seed).map(([x, y]): [number, number] => {
          return [Math.floor(x * 4), Math.floor(y * 4)]
        })
        const fast = ripsPersistence(planar(grid), n)
        const naive = naivePersistence(planar(grid), n)
        expect(inOrder(fast.h0)).toEqual(inOrder(naive.h0))
        expect(inOrder(fast.h1)).toEqual(inOrder(naive.h1))
      }),
      { numRuns: 60 },
    )
  })

  it('gives the same diagram for any order of the points', () => {
    const points = randomPoints(40, 5)
    const random = seededRandom(9)
    const shuffled = points
      .map((point) => ({ point, key: random() }))
      .sort((a, b) => a.key - b.key)
      .map((entry) => entry.point)
    const first = ripsPersistence(planar(points), 40)
    const second = ripsPersistence(planar(shuffled), 40)
    expect(inOrder(second.h0)).toEqual(inOrder(first.h0))
    expect(inOrder(second.h1)).toEqual(inOrder(first.h1))
  })

  it('moves no bar by more than twice the noise put on the points', () => {
    fc.assert(
      fc.property(
        fc.nat(100_000),
        fc.double({ min: 0.001, max: 0.2, noNaN: true }),
        (seed, noise) => {
          const points = randomPoints(25, seed)
          const random = seededRandom(seed + 1)
          const moved = points.map(([x, y]): [number, number] => {
            const angle = random() * 2 * Math.PI
            return [x + noise * Math.cos(angle), y + noise * Math.sin(angle)]
          })
          const a = ripsPersistence(planar(points), 25)
          const b = ripsPersistence(planar(moved), 25)
          const limit = 2 * noise + 1e-9
          expect(bottleneckDistance(a.h0, b.h0)).toBeLessThanOrEqual(limit)
          expect(bottleneckDistance(a.h1, b.h1)).toBeLessThanOrEqual(limit)
        },
      ),
      { numRuns: 30 },
    )
  })

  it('answers for no point, one point and equal points', () => {
    expect(ripsPersistence(new Float64Array(0), 0).h0).toEqual([])
    expect(ripsPersistence(new Float64Array(1), 1).h0).toEqual([])
    const equal = ripsPersistence(new Float64Array(25), 5)
    expect(equal.h0.map((bar) => bar.death)).toEqual([0, 0, 0, 0])
    expect(equal.h1).toEqual([])
  })

  it('refuses a matrix that is not square or not finite', () => {
    expect(() => ripsPersistence(new Float64Array(5), 2)).toThrow(/no 2 × 2 matrix/)
    expect(() => ripsPersistence(Float64Array.of(0, NaN, NaN, 0), 2)).toThrow(/finite distance/)
    expect(() => ripsPersistence(Float64Array.of(0, Infinity, Infinity, 0), 2)).toThrow(
      /finite distance/,
    )
  })
})

describe('diagram distances', () => {
  it('match equal diagrams for nothing and a lone bar with the diagonal', () => {
    const bars = [
      { birth: 0, death: 1 },
      { birth: 0.5, death: 3 },
    ]
    expect(bottleneckDistance(bars, bars)).toBe(0)
    expect(wassersteinDistance(bars, bars)).toBe(0)
    expect(bottleneckDistance(bars, [])).toBe(1.25)
    expect(wassersteinDistance(bars, [])).toBe(1.75)
    expect(bottleneckDistance([], [])).toBe(0)
    expect(wassersteinDistance([], [])).toBe(0)
  })

  it('agree with trying every matching of small diagrams', () => {
    const bar = fc
      .tuple(fc.integer({ min: 0, max: 20 }), fc.integer({ min: 1, max: 20 }))
      .map(([birth, length]) => ({ birth, death: birth + length }))
    const diagram = fc.array(bar, { maxLength: 3 })
    fc.assert(
      fc.property(diagram, diagram, (a, b) => {
        const { worst, sum } = bruteForce(a, b)
        expect(bottleneckDistance(a, b)).toBeCloseTo(worst, 9)
        expect(wassersteinDistance(a, b)).toBeCloseTo(sum, 9)
      }),
    )
  })
})

const half = (bar: Bar): number => (bar.death - bar.birth) / 2

/** The best largest move and the best sum of moves over all ways to pair bars or leave them to the diagonal. */
function bruteForce(a: readonly Bar[], b: readonly Bar[]): { worst: number; sum: number } {
  const [first, ...rest] = a
  if (first === undefined) {
    return { worst: Math.max(0, ...b.map(half)), sum: b.reduce((sum, bar) => sum + half(bar), 0) }
  }
  const left = bruteForce(rest, b)
  let best = { worst: Math.max(left.worst, half(first)), sum: left.sum + half(first) }
  for (const [i, other] of b.entries()) {
    const move = Math.max(Math.abs(first.birth - other.birth), Math.abs(first.death - other.death))
    const others = bruteForce(rest, b.toSpliced(i, 1))
    best = {
      worst: Math.min(best.worst, Math.max(others.worst, move)),
      sum: Math.min(best.sum, others.sum + move),
    }
  }
  return best
}

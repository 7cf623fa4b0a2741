import { spawnSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { seededRandom } from '../core/random.ts'
import { delayEmbedding, distanceMatrix } from './embedding.ts'
import { ripsPersistence } from './persistence.ts'
import type { Bar, Diagram } from './persistence.ts'
import { TopologyChannel } from './topology-channel.ts'

function cloudOf(points: readonly (readonly number[])[]): {
  readonly count: number
  readonly distances: Float64Array
} {
  const dimension = points[0]?.length ?? 0
  const coordinates = Float64Array.from(points.flat())
  return {
    count: points.length,
    distances: distanceMatrix({ dimension, count: points.length, coordinates }),
  }
}
const diagramOf = (points: readonly (readonly number[])[]): Diagram => {
  const { count, distances } = cloudOf(points)
  return ripsPersistence(distances, count)
}
const turn = (i: number, n: number): [number, number] => {
  return [Math.cos((i / n) * 2 * Math.PI), Math.sin((i / n) * 2 * Math.PI)]
}
const circle = (n: number): number[][] => Array.from({ length: n }, (_, i) => turn(i, n))
/** A grid on the flat torus in four dimensions. */
const torus = (n: number): number[][] =>
  Array.from({ length: n * n }, (_, i) => [...turn(i % n, n), ...turn(Math.floor(i / n), n)])

function sample(n: number, dimension: number, seed: number): number[][] {
  const random = seededRandom(seed)
  return Array.from({ length: n }, () => Array.from({ length: dimension }, () => random()))
}

const lengths = (bars: readonly Bar[]): number[] =>
  bars.map(({ birth, death }) => death - birth).sort((a, b) => b - a)

describe('known diagrams', () => {
  it.each([7, 12, 40, 61])('a regular polygon of %i points has one loop, exactly', (n) => {
    const { h0, h1 } = diagramOf(circle(n))
    const chord = (steps: number): number => 2 * Math.sin((Math.PI * steps) / n)
    // M. Adamaszek and H. Adams, "The Vietoris-Rips complexes of a circle", 2017: it is filled at a third of the way round.
    expect(h1).toHaveLength(1)
    expect(h1[0]?.birth).toBeCloseTo(chord(1), 12)
    expect(h1[0]?.death).toBeCloseTo(chord(Math.ceil(n / 3)), 12)
    for (const { death } of h0) expect(death).toBeCloseTo(chord(1), 12)
  })

  it('two clusters have one long H0 bar: the distance between their nearest points', () => {
    const left = sample(20, 2, 1)
    const right = sample(20, 2, 2).map(([x = 0, y = 0]) => [x + 5, y])
    const gap = Math.min(
      ...left.flatMap(([x = 0, y = 0]) => right.map(([u = 0, v = 0]) => Math.hypot(x - u, y - v))),
    )
    const [longest = 0, second = 0] = lengths(diagramOf([...left, ...right]).h0)
    expect(longest).toBeCloseTo(gap, 12)
    expect(second).toBeLessThan(gap / 5)
  })

  it('a torus has two loops that are not filled soon, and only two', () => {
    const [first = 0, second = 0, third = 0] = lengths(diagramOf(torus(13)).h1)
    expect(first).toBeGreaterThan(1)
    expect(second).toBeCloseTo(first, 9)
    expect(third).toBeLessThan(0.3 * first)
  })
})

it('a window of the stream has the diagram of the same values taken alone', () => {
  const random = seededRandom(5)
  const values = Float64Array.from({ length: 200 }, (_, i) => Math.sin(i / 4) + 0.2 * random())
  const channel = new TopologyChannel({ dimension: 3, delay: 4, cloudPointsMax: 64 })
  for (let end = 64; end <= values.length; end += 4) {
    const window = values.slice(end - 64, end)
    const cloud = delayEmbedding(window, { dimension: 3, delay: 4 })
    const alone = ripsPersistence(distanceMatrix(cloud), cloud.count)
    expect(channel.judge(window, 1).diagram).toEqual(alone)
  }
})

/** Reads distance matrices, prints the finite bars of each in dimensions 0 and 1. */
const script = `
import json, math, sys
import numpy as np
from ripser import ripser
answer = []
for rows in json.load(sys.stdin):
    n = math.isqrt(len(rows))
    found = ripser(np.array(rows).reshape(n, n), distance_matrix=True, maxdim=1)["dgms"]
    answer.append([[[float(b), float(d)] for b, d in part if math.isfinite(d)] for part in found])
json.dump(answer, sys.stdout)
`
const python = process.env.AURA_PYTHON ?? 'python3'
const hasRipser = spawnSync(python, ['-c', 'import ripser']).status === 0
if (!hasRipser) {
  process.stdout.write(
    `ripser: not compared with, '${python}' has no module ripser (pip install ripser; AURA_PYTHON names another Python)\n`,
  )
}

describe.runIf(hasRipser)('ripser', () => {
  it(
    'finds the same bars to 1e-5 in circles, clusters, tori and samples',
    { timeout: 60_000 },
    () => {
      const clouds = [
        circle(30),
        torus(10),
        [...sample(25, 3, 3), ...sample(25, 3, 4).map((point) => point.map((x) => x + 4))],
        ...Array.from({ length: 12 }, (_, seed) =>
          sample(20 + 10 * seed, 2 + (seed % 3), seed + 10),
        ),
      ].map(cloudOf)
      const input = JSON.stringify(clouds.map(({ distances }) => [...distances]))
      const run = spawnSync(python, ['-c', script], { input, encoding: 'utf8', maxBuffer: 1e8 })
      expect(run.stderr).not.toMatch(/Error/)
      const theirs = JSON.parse(run.stdout) as [number, number][][][]
      expect(theirs).toHaveLength(clouds.length)
      for (const [i, { count, distances }] of clouds.entries()) {
        const ours = ripsPersistence(distances, count)
        for (const [dimension, bars] of [ours.h0, ours.h1].entries()) {
          // It works in single precision, in which bars of nearly no length may vanish or appear.
          const longEnough = (birth: number, death: number): boolean => death - birth > 1e-5
          const left = sorted(bars.map(({ birth, death }) => [birth, death] as const)).filter((b) =>
            longEnough(...b),
          )
          const right = sorted(theirs[i]?.[dimension] ?? []).filter((b) => longEnough(...b))
          expect(left).toHaveLength(right.length)
          for (const [j, [birth, death]] of left.entries()) {
            expect(Math.abs(birth - (right[j]?.[0] ?? NaN))).toBeLessThan(1e-5)
            expect(Math.abs(death - (right[j]?.[1] ?? NaN))).toBeLessThan(1e-5)
          }
        }
      }
    },
  )
})

/** In an order that single precision does not change: by rounded birth, then death. */
function sorted(bars: readonly (readonly [number, number])[]): (readonly [number, number])[] {
  const rounded = (value: number): number => Math.round(value * 1e5)
  return bars.toSorted((a, b) => rounded(a[0]) - rounded(b[0]) || a[1] - b[1])
}

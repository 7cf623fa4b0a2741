import { describe, expect, it } from 'vitest'
import { delayEmbedding, distanceMatrix, maxminSample } from './embedding.ts'
import {
  bettiCurve,
  gridSize,
  landscapeNorms,
  persistenceEntropy,
  shapeDistance,
  topologyFeatures,
} from './features.ts'
import { ripsPersistence } from './persistence.ts'
import type { Diagram } from './persistence.ts'

function diagramOf(values: ArrayLike<number>): Diagram {
  const cloud = maxminSample(delayEmbedding(values, { dimension: 2, delay: 5 }), 60)
  return ripsPersistence(distanceMatrix(cloud), cloud.count)
}

const sine = Array.from({ length: 100 }, (_, i) => Math.sin((i / 20) * 2 * Math.PI))

const bar = (death: number): { birth: number; death: number } => ({ birth: 0, death })

describe('delayEmbedding', () => {
  it('puts delayed values side by side', () => {
    const cloud = delayEmbedding([1, 2, 3, 4, 5], { dimension: 2, delay: 2 })
    expect(cloud.count).toBe(3)
    expect([...cloud.coordinates]).toEqual([1, 3, 2, 4, 3, 5])
  })

  it('gives an empty cloud for a series that is too short, and refuses a wrong shape', () => {
    expect(delayEmbedding([1, 2], { dimension: 3, delay: 2 }).count).toBe(0)
    expect(() => delayEmbedding([1], { dimension: 0, delay: 1 })).toThrow(/no embedding/)
    expect(() => delayEmbedding([1], { dimension: 2, delay: 0.5 })).toThrow(/no embedding/)
  })
})

describe('maxminSample', () => {
  it('covers the cloud: what is left out is near what is kept', () => {
    const cloud = delayEmbedding(
      Array.from({ length: 300 }, (_, i) => Math.sin(i) * i),
      { dimension: 2, delay: 3 },
    )
    const kept = maxminSample(cloud, 40)
    const between = distanceMatrix(kept)
    let apart = Infinity
    for (let i = 0; i < 40; i++)
      for (let j = 0; j < i; j++) apart = Math.min(apart, between[i * 40 + j] ?? 0)
    for (let i = 0; i < cloud.count; i++) {
      const nearest = Math.min(
        ...Array.from({ length: 40 }, (_, k) => {
          const dx = (cloud.coordinates[2 * i] ?? 0) - (kept.coordinates[2 * k] ?? 0)
          return Math.hypot(
            dx,
            (cloud.coordinates[2 * i + 1] ?? 0) - (kept.coordinates[2 * k + 1] ?? 0),
          )
        }),
      )
      expect(nearest).toBeLessThanOrEqual(apart + 1e-9)
    }
  })

  it('keeps a small cloud as it is', () => {
    const cloud = delayEmbedding([1, 2, 3], { dimension: 1, delay: 1 })
    expect(maxminSample(cloud, 3)).toBe(cloud)
  })
})

describe('topology features', () => {
  it('have entropy 1 for equal bars, near 0 for one that rules, and 0 for none', () => {
    expect(persistenceEntropy([bar(2), bar(2), bar(2)])).toBeCloseTo(1, 9)
    expect(persistenceEntropy([bar(1000), bar(0.001)])).toBeLessThan(0.01)
    expect(persistenceEntropy([])).toBe(0)
    expect(persistenceEntropy([bar(0), bar(0)])).toBe(0)
  })

  it('count living bars on a fixed grid', () => {
    const curve = bettiCurve(
      [
        { birth: 0, death: 1 },
        { birth: 0.5, death: 2 },
      ],
      1.5,
    )
    expect(curve).toHaveLength(gridSize)
    expect(curve[0]).toBe(1)
    expect(curve[7]).toBe(2)
    expect(curve[gridSize - 1]).toBe(1)
  })

  it('give a single bar the area and the energy of its triangle as landscape norms', () => {
    const { l1, l2 } = landscapeNorms([{ birth: 0, death: 2 }])
    expect(l1).toBeCloseTo(1, 2)
    expect(l2 ** 2).toBeCloseTo(2 / 3, 2)
  })

  it('see one ruling loop in a sine and none in a line', () => {
    const loop = topologyFeatures(diagramOf(sine), 2)
    const line = topologyFeatures(diagramOf(Array.from({ length: 100 }, (_, i) => i / 50)), 2)
    expect(loop.lifetimes.h1[0]).toBeGreaterThan(1)
    expect(line.lifetimes.h1[0] ?? 0).toBeLessThan(1e-9)
    expect(loop.betti.h0[0]).toBeGreaterThan(10)
    expect(loop.betti.h0[gridSize - 1]).toBe(1)
  })

  it('move little between windows of one sine and far when the sine stops', () => {
    const later = Array.from({ length: 100 }, (_, i) => Math.sin(((i + 7) / 20) * 2 * Math.PI))
    const stopped = sine.map((value, i) => (i < 30 ? value : 0))
    expect(shapeDistance(diagramOf(sine), diagramOf(later))).toBeLessThan(0.1)
    expect(shapeDistance(diagramOf(sine), diagramOf(stopped))).toBeGreaterThan(0.3)
  })
})

import { bottleneckDistance, longestBars } from './diagram-distance.ts'
import type { Bar, Diagram } from './persistence.ts'

/** How many grid points Betti curves and landscapes have. */
export const gridSize = 16

/** The shape of one window as numbers. Lengths are in the unit of the cloud. */
export interface TopologyFeatures {
  /** Normalised persistence entropy of H0 and H1, 0..1. */
  readonly entropy: readonly [number, number]
  /** Number of components and loops at each of `gridSize` scales from 0 to `scaleMax`. */
  readonly betti: {
    readonly scaleMax: number
    readonly h0: readonly number[]
    readonly h1: readonly number[]
  }
  /** L1 and L2 norms of the first two persistence landscapes of H1. */
  readonly landscape: { readonly l1: number; readonly l2: number }
  /** The longest lifetimes, longest first, at most three of each. */
  readonly lifetimes: { readonly h0: readonly number[]; readonly h1: readonly number[] }
  /** Sum of all lifetimes of H0 and of H1. */
  readonly total: readonly [number, number]
}

const lifetime = (bar: Bar): number => bar.death - bar.birth

/**
 * Shannon entropy of the lifetimes divided by that of equal ones: 1 when all bars are alike, near 0 when one
 * rules; 0 for fewer than two bars. After N. Atienza et al., "Persistent entropy", 2017.
 */
export function persistenceEntropy(bars: readonly Bar[]): number {
  if (bars.length < 2) return 0
  const total = bars.reduce((sum, bar) => sum + lifetime(bar), 0)
  if (total <= 0) return 0
  let entropy = 0
  for (const bar of bars) {
    const share = lifetime(bar) / total
    if (share > 0) entropy -= share * Math.log(share)
  }
  return Math.min(1, entropy / Math.log(bars.length))
}

/** How many bars are alive at each of `gridSize` scales, evenly from 0 to `scaleMax`. */
export function bettiCurve(bars: readonly Bar[], scaleMax: number): number[] {
  return Array.from({ length: gridSize }, (_, i) => {
    const scale = (i / (gridSize - 1)) * scaleMax
    return bars.filter((bar) => bar.birth <= scale && scale < bar.death).length
  })
}

/**
 * L1 and L2 norms of the first two landscape functions (P. Bubenik, 2015; used on time series by M. Gidea and
 * Y. Katz, 2018), by the trapezium rule on `gridSize` · 4 points up to the last death.
 */
export function landscapeNorms(bars: readonly Bar[]): { l1: number; l2: number } {
  const last = bars.reduce((latest, bar) => Math.max(latest, bar.death), 0)
  if (last <= 0) return { l1: 0, l2: 0 }
  const steps = gridSize * 4
  const width = last / steps
  let l1 = 0
  let squares = 0
  for (let i = 1; i < steps; i++) {
    let first = 0
    let second = 0
    for (const bar of bars) {
      const height = Math.min(i * width - bar.birth, bar.death - i * width)
      if (height > first) {
        second = first
        first = height
      } else if (height > second) second = height
    }
    l1 += (first + second) * width
    squares += (first * first + second * second) * width
  }
  return { l1, l2: Math.sqrt(squares) }
}

/** All features of a diagram. `scaleMax` fixes the grid, so that windows of one series compare. */
export function topologyFeatures(diagram: Diagram, scaleMax: number): TopologyFeatures {
  const sum = (bars: readonly Bar[]): number =>
    bars.reduce((total, bar) => total + lifetime(bar), 0)
  return {
    entropy: [persistenceEntropy(diagram.h0), persistenceEntropy(diagram.h1)],
    betti: {
      scaleMax,
      // The component that never dies is not in the diagram; it counts at every scale.
      h0: bettiCurve(diagram.h0, scaleMax).map((count) => count + 1),
      h1: bettiCurve(diagram.h1, scaleMax),
    },
    landscape: landscapeNorms(diagram.h1),
    lifetimes: {
      h0: longestBars(diagram.h0, 3).map(lifetime),
      h1: longestBars(diagram.h1, 3).map(lifetime),
    },
    total: [sum(diagram.h0), sum(diagram.h1)],
  }
}

/** How far two windows' shapes are apart: the larger bottleneck distance of H0 and H1 over their ten longest bars. */
export function shapeDistance(a: Diagram, b: Diagram): number {
  const h0 = bottleneckDistance(longestBars(a.h0, 10), longestBars(b.h0, 10))
  return Math.max(h0, bottleneckDistance(longestBars(a.h1, 10), longestBars(b.h1, 10)))
}

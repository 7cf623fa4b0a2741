import { delayEmbedding, distanceMatrix } from './embedding.ts'
import { anomalyBarsMax } from './anomaly.ts'
import { topologyFeatures } from './features.ts'
import { ripsPersistence } from './persistence.ts'
import type { SeriesPoint } from './series.ts'
import type { TdaPattern } from './tda-client.ts'

/** Points of a window whose shape is told. */
export const patternPoints = 64
/** A loop that lives at least this share of the scale at which it ends makes a window periodic. */
const periodicShare = 0.5
const dimension = 3
const delay = 4

/**
 * The shape of a window: its delay embedding's persistent homology (Rips, H0 and H1). The confidence is how
 * long the longest loop lives, as a share of the scale at which it ends: near 1 for a clean cycle, near 0 for noise.
 */
export function windowPattern(
  series: { readonly source: string; readonly column: string | null },
  points: readonly SeriesPoint[],
): TdaPattern {
  const values = Float64Array.from(points, ({ v }) => v)
  const cloud = delayEmbedding(values, { dimension, delay })
  const diagram = ripsPersistence(distanceMatrix(cloud), cloud.count)
  const confidence = Math.max(0, ...diagram.h1.map(({ birth, death }) => 1 - birth / death))
  const { entropy, total } = topologyFeatures(diagram, diagram.enclosingRadius)
  const bars = [
    ...diagram.h0.map((bar) => [0, bar] as const),
    ...diagram.h1.map((bar) => [1, bar] as const),
  ]
  const longest = bars
    .toSorted(([, a], [, b]) => b.death - b.birth - (a.death - a.birth))
    .slice(0, anomalyBarsMax)
  const [t0Ms, t1Ms] = [points[0]?.t ?? 0, points.at(-1)?.t ?? 0]
  return {
    ...series,
    windowId: `${series.source}#${series.column ?? ''}@${t0Ms}-${t1Ms}`,
    t0Ms,
    t1Ms,
    kind: confidence >= periodicShare ? 'periodic' : 'irregular',
    confidence,
    diagram: longest.map(([of, { birth, death }]) => [of, birth, death]),
    features: {
      entropyH0: entropy[0],
      entropyH1: entropy[1],
      totalH0: total[0],
      totalH1: total[1],
    },
    correlationId: null,
  }
}

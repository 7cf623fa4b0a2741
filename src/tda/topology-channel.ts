import { delayEmbedding, distanceMatrix, maxminSample } from './embedding.ts'
import { shapeDistance, topologyFeatures } from './features.ts'
import type { TopologyFeatures } from './features.ts'
import { NumberRing } from './number-ring.ts'
import { ripsPersistence } from './persistence.ts'
import type { Diagram } from './persistence.ts'
import { decorrelationLag } from './periodicity.ts'
import { medianAndSigma } from './robust-statistics.ts'
import { TailModel } from './tail-model.ts'

export interface TopologyShape {
  readonly dimension: number
  /** Delay of the embedding in points; null takes it from the first window's autocorrelation. */
  readonly delay: number | null
  readonly cloudPointsMax: number
}

/** One window seen by its shape. */
export interface WindowShape {
  readonly diagram: Diagram
  readonly features: TopologyFeatures
  /** Bottleneck distance to the window before; 0 for the first. */
  readonly moved: number
  /** −log10 of the probability of a shape this unusual. */
  readonly surprise: number
}

const windowsKept = 300
const coordinates = 8
const deviationMax = 15
/** Windows between two looks at what is usual. */
const refreshEvery = 8

/** Compares each window's persistence with that of the windows before. */
export class TopologyChannel {
  readonly #shape: TopologyShape
  readonly #history = Array.from({ length: coordinates }, () => new NumberRing(windowsKept))
  readonly #tail = new TailModel(windowsKept, 0.2)
  #delay: number | null
  #scaleMax = 0
  #last: Diagram | null = null
  #usual: { readonly median: number; readonly sigma: number }[] = []
  #untilRefresh = 0

  constructor(shape: TopologyShape) {
    this.#shape = shape
    this.#delay = shape.delay
  }

  /** Judges a window, then learns it. `sigma` is the stream's scale: lifetimes far below it count as noise. */
  judge(window: Float64Array, sigma: number): WindowShape {
    const lagMax = Math.max(1, Math.floor(window.length / (4 * this.#shape.dimension)))
    this.#delay ??= decorrelationLag(window, lagMax)
    const { dimension, cloudPointsMax } = this.#shape
    const cloud = maxminSample(
      delayEmbedding(window, { dimension, delay: this.#delay }),
      cloudPointsMax,
    )
    const diagram = ripsPersistence(distanceMatrix(cloud), cloud.count)
    if (this.#scaleMax === 0) this.#scaleMax = diagram.enclosingRadius
    const features = topologyFeatures(diagram, this.#scaleMax)
    const moved = this.#last === null ? 0 : shapeDistance(this.#last, diagram)
    this.#last = diagram
    return {
      diagram,
      features,
      moved,
      surprise: this.#surprise(coordinatesOf(features, moved, sigma)),
    }
  }

  #surprise(point: readonly number[]): number {
    if (this.#untilRefresh-- <= 0) {
      this.#usual = this.#history.map((history) => medianAndSigma(history.newest(windowsKept)))
      this.#untilRefresh = Math.min(refreshEvery, this.#history[0]?.size ?? 0)
    }
    let squares = 0
    for (const [i, value] of point.entries()) {
      const { median, sigma } = this.#usual[i] as { median: number; sigma: number }
      // A coordinate that hardly ever moved must not blow up its first small move.
      const deviation = (value - median) / Math.max(sigma, 0.1)
      squares += Math.min(deviationMax, Math.abs(deviation)) ** 2
      this.#history[i]?.push(value)
    }
    const unusual = Math.sqrt(squares / point.length)
    const surprise = this.#tail.surprise(unusual, 0.2)
    this.#tail.learn(unusual)
    return surprise
  }
}

/** Lifetimes as logarithms, so that a coordinate's scatter does not grow with the level of the stream. */
function coordinatesOf(features: TopologyFeatures, moved: number, sigma: number): number[] {
  const size = (length: number): number => Math.log(0.05 + length / sigma)
  return [
    size(features.lifetimes.h0[0] ?? 0),
    size(features.total[0] / 10),
    3 * features.entropy[0],
    size(features.lifetimes.h1[0] ?? 0),
    size(features.landscape.l2),
    size(features.landscape.l1),
    features.entropy[1],
    size(moved),
  ]
}

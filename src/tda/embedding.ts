import { OrchestrationError } from '../core/errors.ts'

/** Points in `dimension` coordinates each, one after the other. */
export interface PointCloud {
  readonly dimension: number
  readonly count: number
  readonly coordinates: Float64Array
}

/**
 * The delay embedding of a series: point i is (x[i], x[i + delay], …), as in F. Takens, "Detecting strange
 * attractors in turbulence", 1981. A series that is too short for one point gives an empty cloud.
 *
 * @throws InputError when dimension or delay is no positive integer.
 */
export function delayEmbedding(
  values: ArrayLike<number>,
  shape: { readonly dimension: number; readonly delay: number },
): PointCloud {
  const { dimension, delay } = shape
  if (!(Number.isInteger(dimension) && dimension > 0 && Number.isInteger(delay) && delay > 0)) {
    throw new OrchestrationError(
      'InputError',
      `no embedding of dimension ${dimension}, delay ${delay}`,
    )
  }
  const count = Math.max(0, values.length - (dimension - 1) * delay)
  const coordinates = new Float64Array(count * dimension)
  for (let i = 0; i < count; i++) {
    for (let d = 0; d < dimension; d++) {
      coordinates[i * dimension + d] = values[i + d * delay] as number
    }
  }
  return { dimension, count, coordinates }
}

/** The full matrix of Euclidean distances, row by row. */
export function distanceMatrix(cloud: PointCloud): Float64Array {
  const { count, dimension, coordinates } = cloud
  const matrix = new Float64Array(count * count)
  for (let i = 1; i < count; i++) {
    for (let j = 0; j < i; j++) {
      const distance = distanceBetween(coordinates, dimension, i, j)
      matrix[i * count + j] = distance
      matrix[j * count + i] = distance
    }
  }
  return matrix
}

// Four scalars, because this is the innermost loop of the whole detector.
function distanceBetween(points: Float64Array, dimension: number, i: number, j: number): number {
  let sum = 0
  for (let d = 0; d < dimension; d++) {
    const step = (points[i * dimension + d] as number) - (points[j * dimension + d] as number)
    sum += step * step
  }
  return Math.sqrt(sum)
}

/**
 * At most `countMax` points that cover the cloud: from the newest point on, always the one farthest from all
 * chosen ones (maxmin landmarks, V. de Silva and G. Carlsson, 2004). Every point left out is at
 * least as near to a chosen one as the chosen ones are to each other.
 */
export function maxminSample(cloud: PointCloud, countMax: number): PointCloud {
  const { count, dimension, coordinates } = cloud
  if (count <= countMax) return cloud
  const nearest = new Float64Array(count).fill(Infinity)
  const chosen = new Float64Array(countMax * dimension)
  let next = count - 1
  for (let c = 0; c < countMax; c++) {
    chosen.set(coordinates.subarray(next * dimension, (next + 1) * dimension), c * dimension)
    let farthest = 0
    const from = next
    for (let i = 0; i < count; i++) {
      const distance = distanceBetween(coordinates, dimension, i, from)
      if (distance < (nearest[i] as number)) nearest[i] = distance
      if ((nearest[i] as number) > (nearest[farthest] as number)) farthest = i
    }
    next = farthest
  }
  return { dimension, count: countMax, coordinates: chosen }
}

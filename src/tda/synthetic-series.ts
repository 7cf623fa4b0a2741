import { seededRandom } from '../core/random.ts'
import type { Random } from '../core/random.ts'
import { anomalyKinds } from './anomaly.ts'
import type { AnomalyKind } from './anomaly.ts'

/** A window with one anomaly of a known kind, and the normal values just before it. */
export interface SyntheticCase {
  readonly kind: AnomalyKind
  readonly baseline: Float64Array
  readonly window: Float64Array
}

interface Ground {
  readonly random: Random
  readonly noise: number
  /** The stream at row i with its season and noise multiplied by the given factors. */
  at(i: number, season: number, noise: number): number
}

const between = (random: Random, low: number, high: number): number => low + random() * (high - low)
const sign = (random: Random): number => (random() < 0.5 ? -1 : 1)

function normal(random: Random): number {
  const radius = Math.sqrt(-2 * Math.log(1 - random()))
  return radius * Math.cos(2 * Math.PI * random())
}

/**
 * A stream of a random level, season (period, shape, size, slow swell), noise (size, memory, weight of its tails),
 * drift and, for a quarter of them, a sensor that rounds.
 */
function makeGround(random: Random, hasSeason: boolean): Ground {
  const level = sign(random) * 10 ** between(random, 0, 4)
  const size = 10 ** between(random, -1, 3)
  const noise = size * (hasSeason ? between(random, 0.04, 0.45) : 1)
  const period = between(random, 14, 64)
  const phase = random()
  const harmonic = between(random, 0, 0.6)
  const squareness = random() < 0.25 ? 4 : 1
  const swell = between(random, 0, 0.15)
  const memory = random() < 0.4 ? between(random, 0, 0.65) : 0
  const hasHeavyTails = random() < 0.25
  const drift = random() < 0.3 ? (noise * between(random, -1, 1)) / 500 : 0
  const grain = random() < 0.25 ? noise * between(random, 0.1, 0.8) : 0
  let carried = 0
  return {
    random,
    noise,
    at(i, season, noiseFactor) {
      const angle = 2 * Math.PI * (i / period + phase)
      const wave = Math.tanh(squareness * (Math.sin(angle) + harmonic * Math.sin(2 * angle)))
      const swollen = 1 + swell * Math.sin(angle / 5.3)
      const heavy = hasHeavyTails && random() < 0.05 ? 2.5 : 1
      carried = memory * carried + Math.sqrt(1 - memory * memory) * normal(random) * heavy
      const periodic = hasSeason ? size * wave * swollen * season : 0
      const value = level + periodic + noise * carried * noiseFactor + drift * i
      return grain === 0 ? value : Math.round(value / grain) * grain
    },
  }
}

function shape(
  kind: AnomalyKind,
  ground: Ground,
  span: { length: number; offset: number },
): Float64Array {
  const { random, noise } = ground
  const { length, offset } = span
  const start = Math.floor(length * between(random, 0.05, 0.6))
  const isLasting = random() < 0.6
  const end = isLasting
    ? length
    : Math.min(length, start + Math.ceil(length * between(random, 0.25, 0.45)))
  const height = sign(random) * noise * between(random, 3, 15)
  const width = 1 + Math.floor(random() * 4)
  const noiseFactor = random() < 0.6 ? between(random, 2.2, 6) : between(random, 0.1, 0.4)
  const seasonLeft = between(random, 0, 0.25)
  let stuck = NaN
  return Float64Array.from({ length }, (_, i) => {
    const isIn = i >= start && i < end
    const usual = ground.at(
      offset + i,
      isIn && kind === 'periodicityLoss' ? seasonLeft : 1,
      isIn && kind === 'varianceChange' ? noiseFactor : 1,
    )
    switch (kind) {
      case 'spike':
        return i >= start && i < start + width ? usual + 2 * height : usual
      case 'levelShift':
        return isIn ? usual + height : usual
      case 'trend':
        return i >= start ? usual + (1.5 * height * (i - start)) / (length - start) : usual
      case 'flatLine':
        if (i === start) stuck = random() < 0.8 ? usual : 0
        return isIn ? stuck : usual
      default:
        return usual
    }
  })
}

/** A repeatable case of the given kind: the same seed gives the same values. */
export function syntheticCase(seed: number, kind: AnomalyKind): SyntheticCase {
  const random = seededRandom(seed * anomalyKinds.length + anomalyKinds.indexOf(kind))
  const hasSeason = kind === 'periodicityLoss' || random() < 0.5
  const ground = makeGround(random, hasSeason)
  const length = Math.floor(between(random, 64, 160))
  const offset = Math.floor(length * between(random, 2.5, 6))
  const baseline = Float64Array.from({ length: offset }, (_, i) => ground.at(i, 1, 1))
  return { kind, baseline, window: shape(kind, ground, { length, offset }) }
}

import { OrchestrationError } from '../core/errors.ts'
import { NumberRing } from './number-ring.ts'
import { ripsPersistence } from './persistence.ts'
import type { Diagram } from './persistence.ts'
import { correlation } from './robust-statistics.ts'

export interface CouplingOptions {
  /** Number of channels, 2 to 1,000. */
  readonly channels: number
  /** Rows in one window. Default 64. */
  readonly windowPoints?: number
  /** Rows between two windows. Default a quarter of a window. */
  readonly stridePoints?: number
}

/** How the channels of one window move together. */
export interface Coupling {
  /** Of the channels as points that are 1 − |correlation| apart. */
  readonly diagram: Diagram
  /** Mean lifetime of the components: 0 when all channels move together, 1 when none does with another. */
  readonly apart: number
}

const channelsMax = 1_000

/**
 * Several channels as one changing shape: in each window every channel is a point, two of them 1 − |Pearson
 * correlation| apart, and the Vietoris-Rips persistence of these points says which channels move together and in
 * which loops. After F. Chazal, C. Levrard, M. Royer, "Topological analysis for detecting anomalies (TADA) in
 * dependent sequences", JMLR 25(365), 2024. A constant channel is 1 away from every other one.
 */
export class ChannelCoupling {
  readonly #channels: readonly NumberRing[]
  readonly #windowPoints: number
  readonly #stridePoints: number
  #rows = 0

  /** @throws InputError when an option is out of its range. */
  constructor(options: CouplingOptions) {
    const { channels, windowPoints = 64 } = options
    const stridePoints = options.stridePoints ?? Math.ceil(windowPoints / 4)
    const isWhole = [channels, windowPoints, stridePoints].every(Number.isInteger)
    if (!isWhole || channels < 2 || channels > channelsMax || windowPoints < 8 || stridePoints < 1)
      throw new OrchestrationError('InputError', 'the options of the coupling are out of range', {
        hint: `channels 2 to ${channelsMax}, windowPoints from 8, stridePoints from 1`,
      })
    this.#channels = Array.from({ length: channels }, () => new NumberRing(windowPoints))
    this.#windowPoints = windowPoints
    this.#stridePoints = stridePoints
  }

  /**
   * Takes the next row, one value per channel; the coupling of the window that it completes, or null where none
   * is due. A value that is not finite is a gap and repeats the channel's last value (0 before its first).
   *
   * @throws InputError when the row has not one value per channel.
   */
  push(values: readonly number[]): Coupling | null {
    if (values.length !== this.#channels.length)
      throw new OrchestrationError(
        'InputError',
        `a row of ${values.length} values for ${this.#channels.length} channels`,
      )
    for (const [i, ring] of this.#channels.entries()) {
      const value = values[i] as number
      ring.push(Number.isFinite(value) ? value : ring.size === 0 ? 0 : ring.ago(0))
    }
    this.#rows++
    const since = this.#rows - this.#windowPoints
    return since >= 0 && since % this.#stridePoints === 0 ? this.#coupling() : null
  }

  #coupling(): Coupling {
    const windows = this.#channels.map((ring) => ring.newest(this.#windowPoints))
    const n = windows.length
    const distances = new Float64Array(n * n)
    for (const [i, a] of windows.entries()) {
      for (let j = 0; j < i; j++) {
        const distance = 1 - Math.abs(correlation(a, windows[j] as Float64Array))
        distances[i * n + j] = distance
        distances[j * n + i] = distance
      }
    }
    const diagram = ripsPersistence(distances, n)
    const total = diagram.h0.reduce((sum, bar) => sum + bar.death, 0)
    return { diagram, apart: total / (n - 1) }
  }
}

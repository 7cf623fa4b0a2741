import type { Embedding } from '../embedder.ts'
import { familyOf, gramFamilies } from '../text/grams.ts'
import type { Columns, Row } from './row.ts'

/**
 * How much words, characters and meanings count. `balanced`: each family is brought to a length of its own,
 * so that the many characters do not drown the few words; best where a model learns what matters. `plain`:
 * each gram counts by its rarity alone; best where texts are only compared.
 */
export const weightings = {
  balanced: [1, 1, 1.2],
  plain: [1, 0.3, 0.5],
} as const

export type Weighting = keyof typeof weightings

/** The first columns of a row are not of its text: they are for the context in which it came. */
export const reservedColumns = 6

/** What a `TfIdf` is made of: `weights[n]` is the rarity of the gram `buckets[n]`. */
export interface TfIdfData {
  readonly weighting: Weighting
  readonly buckets: Uint32Array
  readonly weights: Float32Array
}

/**
 * The columns of the hashed embedder's grams that occurred in some texts, weighted by how rare they were:
 * ln((1 + texts) / (1 + texts with it)) + 1 (Spärck Jones 1972, smoothed). A row has length 1. Grams that
 * never occurred have no column.
 */
export class TfIdf implements Columns, TfIdfData {
  readonly #columns = new Map<number, number>()
  readonly weighting: Weighting
  readonly buckets: Uint32Array
  readonly weights: Float32Array
  /** The weight of a gram that never occurred. */
  readonly #rarest: number

  constructor({ weighting, buckets, weights }: TfIdfData) {
    this.weighting = weighting
    this.buckets = buckets
    this.weights = weights
    this.#rarest = weights.reduce((most, weight) => Math.max(most, weight), 1)
    for (const [n, bucket] of buckets.entries()) this.#columns.set(bucket, reservedColumns + n)
  }

  /** Counts the grams of the texts that will be learned from. */
  static fit(embeddings: readonly Embedding[], weighting: Weighting): TfIdf {
    const found = new Map<number, number>()
    for (const embedding of embeddings) {
      if (embedding.kind === 'dense') continue
      for (const index of embedding.indices) found.set(index, (found.get(index) ?? 0) + 1)
    }
    const buckets = Uint32Array.from(found.keys())
    const texts = embeddings.length
    const weights = Float32Array.from(
      buckets,
      (bucket) => Math.log((1 + texts) / (1 + found.get(bucket)!)) + 1,
    )
    return new TfIdf({ weighting, buckets, weights })
  }

  get count(): number {
    return reservedColumns + this.buckets.length
  }

  /** The same columns and behind them one for each gram that has none yet, as rare as the rarest. */
  grownBy(embedding: Embedding): TfIdf {
    if (embedding.kind === 'dense') return this
    const fresh = embedding.indices.filter((index) => !this.#columns.has(index))
    if (fresh.length === 0) return this
    const weights = new Float32Array(this.weights.length + fresh.length).fill(this.#rarest)
    weights.set(this.weights)
    return new TfIdf({
      weighting: this.weighting,
      buckets: Uint32Array.from([...this.buckets, ...fresh]),
      weights,
    })
  }

  row(embedding: Embedding): Row {
    if (embedding.kind === 'dense')
      return { columns: new Int32Array(0), values: new Float32Array(0) }
    const { indices, values: given } = embedding
    const columns = new Int32Array(indices.length)
    const values = new Float32Array(indices.length)
    const squares = gramFamilies.map(() => 0)
    let length = 0
    for (let n = 0; n < indices.length; n++) {
      const column = this.#columns.get(indices[n]!)
      const weight = column === undefined ? this.#rarest : this.weights[column - reservedColumns]!
      const value = given[n]! * weight
      squares[familyOf(indices[n]!)]! += value * value
      if (column === undefined) continue
      columns[length] = column
      values[length++] = value
    }
    const row = { columns: columns.subarray(0, length), values: values.subarray(0, length) }
    this.#scale(row, squares)
    return row
  }

  /** Brings a row to length 1, its families weighted. */
  #scale({ columns, values }: Row, squares: readonly number[]): void {
    const factors = weightings[this.weighting]
    const lengths = squares.map((square, family) => {
      if (square === 0) return 0
      return factors[family]! * (this.weighting === 'balanced' ? 1 : Math.sqrt(square))
    })
    const total = Math.hypot(...lengths)
    const scales = lengths.map((length, family) =>
      length === 0 ? 0 : length / (Math.sqrt(squares[family]!) * total),
    )
    for (let n = 0; n < values.length; n++)
      values[n]! *= scales[familyOf(this.buckets[columns[n]! - reservedColumns]!)]!
  }
}

/** The newest `capacity` numbers of a stream in ascending order. */
export class SortedHistory {
  readonly #ascending: Float64Array
  #size = 0

  constructor(capacity: number) {
    this.#ascending = new Float64Array(capacity)
  }

  /** Adds a number; once the history is full, `oldest` (which must be in it) makes room. */
  push(value: number, oldest: number): void {
    if (this.#size === this.#ascending.length) {
      this.#ascending.copyWithin(this.#rank(oldest), this.#rank(oldest) + 1, this.#size)
      this.#size--
    }
    const at = this.#rank(value)
    this.#ascending.copyWithin(at + 1, at, this.#size)
    this.#ascending[at] = value
    this.#size++
  }

  /** How far `value` is from the nearest number of the history; 0 while it is empty. */
  gap(value: number): number {
    if (this.#size === 0) return 0
    const at = this.#rank(value)
    const above = at < this.#size ? (this.#ascending[at] as number) - value : Infinity
    const below = at > 0 ? value - (this.#ascending[at - 1] as number) : Infinity
    return Math.min(above, below)
  }

  /** How many numbers are below `value`. */
  #rank(value: number): number {
    let low = 0
    let high = this.#size
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#ascending[middle] as number) < value) low = middle + 1
      else high = middle
    }
    return low
  }
}

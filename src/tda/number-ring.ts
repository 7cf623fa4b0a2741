/** The newest `capacity` numbers of a stream. */
export class NumberRing {
  readonly capacity: number
  #values: Float64Array
  #next = 0
  #size = 0

  constructor(capacity: number) {
    this.capacity = capacity
    this.#values = new Float64Array(capacity)
  }

  get size(): number {
    return this.#size
  }

  push(value: number): void {
    this.#values[this.#next] = value
    this.#next = (this.#next + 1) % this.capacity
    if (this.#size < this.capacity) this.#size++
  }

  /** The value pushed `age` pushes ago; 0 is the newest. NaN when it is no longer or not yet there. */
  ago(age: number): number {
    if (age < 0 || age >= this.#size) return NaN
    return this.#values[(this.#next - 1 - age + 2 * this.capacity) % this.capacity] as number
  }

  /** A copy of the newest `count` values that are at least `skip` old, oldest first. */
  newest(count: number, skip = 0): Float64Array {
    const available = Math.max(0, Math.min(count, this.#size - skip))
    const copy = new Float64Array(available)
    if (available === 0) return copy
    const from = (this.#next - skip - available + 2 * this.capacity) % this.capacity
    const untilEnd = Math.min(available, this.capacity - from)
    copy.set(this.#values.subarray(from, from + untilEnd))
    copy.set(this.#values.subarray(0, available - untilEnd), untilEnd)
    return copy
  }
}

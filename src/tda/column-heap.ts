/** A column over Z/2 as a binary min-heap of keys in which equal keys cancel in pairs. */
export class ColumnHeap {
  #keys = new Int32Array(1_024)
  #size = 0

  clear(): void {
    this.#size = 0
  }

  /** Adds one key; a second one equal to it takes both out. */
  push(key: number): void {
    if (this.#size === this.#keys.length) {
      const larger = new Int32Array(this.#size * 2)
      larger.set(this.#keys)
      this.#keys = larger
    }
    const keys = this.#keys
    let at = this.#size++
    while (at > 0) {
      const above = (at - 1) >> 1
      const other = keys[above] as number
      if (other <= key) break
      keys[at] = other
      at = above
    }
    keys[at] = key
  }

  /** Takes out and returns the smallest key that occurs an odd number of times; -1 for none. */
  popPivot(): number {
    while (this.#size > 0) {
      const key = this.#popSmallest()
      let count = 1
      while (this.#size > 0 && this.#keys[0] === key) {
        this.#popSmallest()
        count++
      }
      if (count % 2 === 1) return key
    }
    return -1
  }

  #popSmallest(): number {
    const keys = this.#keys
    const smallest = keys[0] as number
    const size = --this.#size
    const moved = keys[size] as number
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= size) break
      if (child + 1 < size && (keys[child + 1] as number) < (keys[child] as number)) child++
      if ((keys[child] as number) >= moved) break
      keys[at] = keys[child] as number
      at = child
    }
    keys[at] = moved
    return smallest
  }
}

/** The items of the highest scores so far, at most `limit`; of equal scores those that came last. */
export class TopScores<T> {
  readonly #limit: number
  readonly #found: { readonly score: number; readonly item: T }[] = []

  constructor(limit: number) {
    this.#limit = limit
  }

  /** Whether an item of that score would be among them. */
  wants(score: number): boolean {
    return this.#found.length < this.#limit || score >= (this.#found.at(-1)?.score ?? Infinity)
  }

  add(score: number, item: T): void {
    let place = this.#found.length
    while (place > 0 && (this.#found[place - 1]?.score ?? 0) <= score) place--
    this.#found.splice(place, 0, { score, item })
    if (this.#found.length > this.#limit) this.#found.pop()
  }

  /** The highest first. */
  sorted(): readonly { readonly score: number; readonly item: T }[] {
    return this.#found
  }
}

/** A recorded success that can be undone. */
interface Success {
  /** Of its call, as `analyse[3]`. */
  readonly label: string
  readonly step: string
  readonly run: number
  /** The call did not end with it: a redrive may make the call again, under the same key. */
  readonly isLeftOpen: boolean
}

/** What the journal says of undoing: recorded successes in order, and which of them are undone. */
export class UndoCheck {
  /** An `undo` of the journal is a place in here. */
  readonly #successes: Success[] = []
  /** Places of those that are undone, or of an earlier run. */
  readonly #over = new Set<number>()
  /** Places of calls that were made again and have succeeded: where the key was the same, they are undone as one. */
  readonly #doubtful = new Set<number>()
  readonly #failed = new Set<number>()
  /** Of the failed ones, those whose dead letters are named by their calls alone. */
  readonly #shortIds = new Map<string, number>()
  /** Those whose dead letters are told apart by key. */
  readonly #longIds = new Set<number>()
  readonly #runs = new Map<string, number>()
  /** The one that is being undone; null for none. */
  #open: number | null = null
  /** Steps that a rollback under way takes back; null for none. */
  goingBack: ReadonlySet<string> | null = null

  /** Nothing is left to undo. */
  get isAllOver(): boolean {
    return this.#successes.every((_, place) => this.#over.has(place) || this.#doubtful.has(place))
  }

  /** @param isRevived a redrive made the call again */
  succeeded({ isRevived, ...of }: Omit<Success, 'run'> & { readonly isRevived: boolean }): void {
    const run = this.#run(of.step)
    for (const [place, { label, ...earlier }] of isRevived ? this.#successes.entries() : []) {
      const isSame = label === of.label && earlier.run === run && earlier.isLeftOpen
      if (isSame && !this.#over.has(place)) this.#doubtful.add(place)
    }
    this.#successes.push({ ...of, run })
  }

  /** A compensation is scheduled: false unless it is the newest success that is to be undone, and the only one. */
  scheduled(undo: number, label: string): boolean {
    const newest = this.#successes.findLastIndex((_, place) => this.#isToUndo(place, undo))
    const isInOrder = this.#open === null && undo === newest
    this.#over.add(undo)
    this.#open = undo
    return isInOrder && this.#successes[undo]?.label === label
  }

  /** A compensation has ended: false unless it was the one under way. */
  ended(undo: number, isUndone: boolean, mayBeRepeated = true): boolean {
    const isExpected = this.#open === undo
    const { label } = this.#successes[undo] as Success
    if (!isUndone) {
      if (mayBeRepeated) this.#failed.add(undo)
      const known = this.#shortIds.get(label)
      if (known !== undefined && known !== undo) this.#longIds.add(undo)
      else if (!this.#longIds.has(undo)) this.#shortIds.set(label, undo)
    } else {
      this.#longIds.delete(undo)
      if (this.#shortIds.get(label) === undo) this.#shortIds.delete(label)
    }
    this.#open = null
    return isExpected
  }

  /** The dead letter of a failed compensation is closed by hand: its call is not undone any more. */
  discarded(id: string): void {
    const [own = '', run = '', ...rest] = id.split('/').slice(1, -1)
    const isShort = !/^\d+$/.test(run)
    const part = (isShort ? [run] : rest).find((text) => /^c\d+$/.test(text))
    const label = part === undefined ? own : `${own}/${part}`
    const known = this.#shortIds.get(label)
    if (isShort) this.#shortIds.delete(label)
    for (const place of Array.from(this.#failed)) {
      const success = this.#successes[place]
      if (success?.label !== label || (place === known) !== isShort) continue
      if (isShort || success?.run === Number(run)) this.#failed.delete(place)
    }
  }

  /** The step runs again: what it had done is settled. */
  anew(step: string): void {
    for (const [place, success] of this.#successes.entries())
      if (success.step === step) this.#over.add(place)
    this.#runs.set(step, this.#run(step) + 1)
  }

  /**
   * Steps that stay as they are, and whose undoing had failed, count again.
   *
   * @returns keys of the compensations that may be made once more
   */
  keepEffects(isKept: (step: string) => boolean): readonly string[] {
    const kept = Array.from(this.#failed).filter((place) => {
      const { step, run } = this.#successes[place] as Success
      return run === this.#run(step) && isKept(step)
    })
    for (const place of kept) this.#over.delete(place)
    return kept.map((place) => this.#forget(place))
  }

  /** A failed compensation is made again. @returns its key */
  again(undo: number): string {
    this.#open = undo
    return this.#forget(undo)
  }

  #isToUndo(place: number, asked: number): boolean {
    const { step } = this.#successes[place] as Success
    if (this.#doubtful.has(place) && place !== asked) return false
    return !this.#over.has(place) && (this.goingBack?.has(step) ?? true)
  }

  #forget(place: number): string {
    const { label } = this.#successes[place] as Success
    this.#failed.delete(place)
    return `${label}/undo${place}`
  }

  #run(step: string): number {
    return this.#runs.get(step) ?? 1
  }
}

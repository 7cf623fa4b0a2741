/** The value that stands for everything past a metric's limit of label sets. */
export const otherLabel = 'other'

/** Label values longer than this are cut, so that no name floods a scrape. */
const labelCharactersMax = 128

export interface LabelSetsOptions<Child> {
  readonly names: readonly string[]
  /** Names of labels with a small closed set of values: they keep their value past the limit. Default none. */
  readonly closed?: readonly string[]
  /** Most label sets kept apart; later ones share the set whose open labels are `other`. */
  readonly max: number
  make(): Child
}

export interface LabelSet<Child> {
  readonly labels: Readonly<Record<string, string>>
  readonly child: Child
}

/**
 * The children of one metric, one for each set of label values, bounded in number. Looking one up
 * builds a key and is slow: keep the child and change it directly.
 */
export class LabelSets<Child> {
  readonly #options: LabelSetsOptions<Child>
  readonly #byKey = new Map<string, LabelSet<Child>>()

  constructor(options: LabelSetsOptions<Child>) {
    this.#options = options
  }

  /** The child of these values, in the order of `names`; past the limit the one of `other`. */
  child(...values: string[]): Child {
    const cut = values.map((value) => value.slice(0, labelCharactersMax))
    const known = this.#byKey.get(JSON.stringify(cut))
    if (known !== undefined) return known.child
    return this.#byKey.size < this.#options.max ? this.#add(cut) : this.#overflow(cut)
  }

  all(): Iterable<LabelSet<Child>> {
    return this.#byKey.values()
  }

  #overflow(values: readonly string[]): Child {
    const { names, closed = [] } = this.#options
    const shared = values.map((value, at) =>
      closed.includes(names[at] as string) ? value : otherLabel,
    )
    return this.#byKey.get(JSON.stringify(shared))?.child ?? this.#add(shared)
  }

  #add(values: readonly string[]): Child {
    const pairs = this.#options.names.map((name, at) => [name, values[at] as string])
    const set = { labels: Object.fromEntries(pairs), child: this.#options.make() }
    this.#byKey.set(JSON.stringify(values), set)
    return set.child
  }
}

import type { DeadLetterChange, Journal } from '../journal/journal.ts'
import type { SalvagedWork } from './salvage-execution.ts'

type OpenLetter = Extract<DeadLetterChange, { readonly kind: 'open' }>

/** Characters of journal in one commit. */
const commitCharactersMax = 8_000_000
/** Executions, or dead letters, in one commit. */
const commitCountMax = 1_000

/** Writes executions into a new journal, many in one commit. */
export class WorkWriter {
  readonly #journal: Journal
  #works: SalvagedWork[] = []
  #characters = 0
  #letters: OpenLetter[] = []

  constructor(journal: Journal) {
    this.#journal = journal
  }

  async add(work: SalvagedWork): Promise<void> {
    this.#works.push(work)
    for (const { payload } of work.rows) this.#characters += payload.length
    for (const letter of work.deadLetters) if (letter.kind === 'open') this.#letters.push(letter)
    if (this.#works.length >= commitCountMax || this.#characters >= commitCharactersMax)
      await this.#write()
  }

  /** Writes what is left, and the dead letters of all in the order in which they were opened. */
  async finish(): Promise<void> {
    await this.#write()
    const letters = this.#letters.toSorted((a, b) => a.atMs - b.atMs)
    for (let at = 0; at < letters.length; at += commitCountMax) {
      const deadLetters = letters.slice(at, at + commitCountMax)
      await this.#journal.append({ documents: [], starts: [], rows: [], statuses: [], deadLetters })
    }
  }

  async #write(): Promise<void> {
    const works = this.#works
    if (works.length === 0) return
    this.#works = []
    this.#characters = 0
    await this.#journal.append({
      documents: [],
      starts: works.map(({ start }) => start),
      rows: works.flatMap(({ rows }) => rows),
      statuses: [],
    })
  }
}

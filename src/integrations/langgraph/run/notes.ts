import type { JsonValue } from '../../../core/json.ts'
import type { AuraCheckpointSaver } from '../checkpoints/checkpoint-saver.ts'

/** What a run has decided outside of LangGraph's state: on disk before it is acted on, the same after a crash. */
export class RunNotes {
  readonly #saver: AuraCheckpointSaver
  readonly #threadId: string
  readonly #known: Map<string, JsonValue>
  #calls: number

  private constructor(
    saver: AuraCheckpointSaver,
    threadId: string,
    known: ReadonlyMap<string, JsonValue>,
  ) {
    this.#saver = saver
    this.#threadId = threadId
    this.#known = new Map(known)
    this.#calls = [...known.keys()].filter((name) => name.startsWith('call:')).length
  }

  /** @throws StateConsistencyError when a note was altered; StorageError */
  static async open(saver: AuraCheckpointSaver, threadId: string): Promise<RunNotes> {
    return new RunNotes(saver, threadId, await saver.notes(threadId))
  }

  get(name: string): JsonValue | undefined {
    return this.#known.get(name)
  }

  /** @throws StorageError */
  async put(name: string, value: JsonValue): Promise<void> {
    this.#known.set(name, value)
    await this.#saver.note(this.#threadId, name, value)
  }

  /** What was noted under the name before, else what `decide` says, noted. */
  async once(name: string, decide: () => JsonValue | Promise<JsonValue>): Promise<JsonValue> {
    const known = this.#known.get(name)
    if (known !== undefined) return known
    const decided = await decide()
    await this.put(name, decided)
    return decided
  }

  /** The number of a call, from 1 in the order in which calls were first made. */
  async numberOf(slot: string): Promise<number> {
    const name = `call:${slot}`
    const known = this.#known.get(name)
    if (typeof known === 'number') return known
    const number = ++this.#calls
    await this.put(name, number)
    return number
  }
}

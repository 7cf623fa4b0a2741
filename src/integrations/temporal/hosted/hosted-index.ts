import { upsertSearchAttributes, workflowInfo } from '@temporalio/workflow'
import { searchAttributes } from '../search-attributes.ts'

const { status: statusKey, deadLetters: deadLettersKey } = searchAttributes

/** By what Temporal finds the execution: told when it changes. */
export class HostedIndex {
  #status: string | undefined
  #deadLetters: number | undefined

  constructor() {
    const known = workflowInfo().typedSearchAttributes
    this.#status = known.get(statusKey)
    this.#deadLetters = known.get(deadLettersKey)
  }

  tell(status: string, deadLetters: number): void {
    const changes = [
      ...(status === this.#status ? [] : [{ key: statusKey, value: status }]),
      ...(deadLetters === this.#deadLetters ? [] : [{ key: deadLettersKey, value: deadLetters }]),
    ]
    if (changes.length === 0) return
    this.#status = status
    this.#deadLetters = deadLetters
    upsertSearchAttributes(changes)
  }
}

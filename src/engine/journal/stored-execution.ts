import { executionChecksum, stateChecksum } from '../../storage/index.ts'
import { damaged, decodingStored } from './damage.ts'
import type { DefinitionReader } from './definition-reader.ts'
import type { ExecutionRow } from './journal.ts'
import { unpackHash } from './packed-hash.ts'
import { hasStatusCode, statusOfCode } from './status-code.ts'
import type { UncheckedRows } from './unchecked-rows.ts'

/** A row of `executions` or `tombstones`. */
interface StoredExecution {
  readonly namespace: number
  readonly execution: number
  readonly executionId: string
  readonly definition: number
  readonly startHash: Uint8Array | string
  readonly status: number
  readonly startedAtMs: number
  readonly endedAtMs: number
  readonly parent: number | null
  readonly checksum: number | null
  readonly stateChecksum: number | null
}

/** Selects what `StoredExecutions` decodes; a condition may follow. */
export function selectExecutions(table: 'executions' | 'tombstones' = 'executions'): string {
  return `
    SELECT namespace, execution, execution_id AS executionId, definition, start_hash AS startHash,
      status, started_at_ms AS startedAtMs, ended_at_ms AS endedAtMs, parent, checksum,
      state_checksum AS stateChecksum
    FROM ${table}`
}

/** Decodes rows of `executions` and `tombstones`. */
export class StoredExecutions {
  readonly #definitions: DefinitionReader
  readonly #unchecked: UncheckedRows

  constructor(definitions: DefinitionReader, unchecked: UncheckedRows) {
    this.#definitions = definitions
    this.#unchecked = unchecked
  }

  /**
   * The execution as it was recorded.
   *
   * @throws StateConsistencyError naming it when the row, or what it shares with others, is damaged
   */
  decode(row: unknown, isPruned = false): ExecutionRow {
    const stored = row as StoredExecution
    const { execution, executionId } = stored
    const what = `the row of execution '${executionId}' (number ${execution})`
    const details = { execution, executionId }
    return decodingStored(what, details, () => {
      if (!this.#isIntact(stored)) throw damaged(what, details)
      const { workflow, version, documentHash, metadata } = this.#definitions.ofNumber(
        stored.definition,
      )
      return {
        execution,
        executionId,
        workflow,
        version,
        documentHash,
        startHash: unpackHash(stored.startHash),
        status: statusOfCode(stored.status),
        metadata,
        startedAtMs: stored.startedAtMs,
        endedAtMs: stored.endedAtMs < 0 ? null : stored.endedAtMs,
        parent: stored.parent,
        isPruned,
      }
    })
  }

  #isIntact(stored: StoredExecution): boolean {
    const { execution, status, checksum } = stored
    const isOld = execution <= this.#unchecked.execution
    const endedAtMs = stored.endedAtMs < 0 ? null : stored.endedAtMs
    if (checksum === null ? !isOld : checksum !== executionChecksum(stored)) return false
    const isStateGood =
      stored.stateChecksum === null
        ? isOld
        : stored.stateChecksum === stateChecksum(execution, status, endedAtMs)
    return (
      isStateGood &&
      stored.namespace === 0 &&
      hasStatusCode(status) &&
      (endedAtMs !== null || stored.endedAtMs === -1 - stored.startedAtMs)
    )
  }
}

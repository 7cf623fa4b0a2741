import { systemClock } from '../core/clock.ts'
import { OrchestrationError } from '../core/errors.ts'
import { nearestHint } from '../core/nearest.ts'
import { openReader } from '../storage/index.ts'
import { executionStatus } from '../workflow/index.ts'
import { Definitions } from './definitions.ts'
import { bytesOf, foldRows, logEntries } from './folding.ts'
import type { ExecutionFilter, ExecutionRow, JournalReader } from './journal/journal.ts'
import { SqliteJournalReader } from './journal/sqlite-reader.ts'
import { type LedgerEntry, ledgerOf } from './ledger.ts'
import { prunedShow, showView } from './views/show-view.ts'
import type { LogEntry, ShowView } from './workflow-engine.ts'

/** Looks into a file without owning it; sees what is committed, also while an owner writes. */
export interface Look {
  list(filter: ExecutionFilter): readonly ExecutionRow[]
  /** @throws NotFoundError */
  show(executionId: string): ShowView
  /** Events after `afterSeq` (default all). @throws NotFoundError */
  log(executionId: string, afterSeq?: number): readonly LogEntry[]
  /** @throws NotFoundError */
  ledger(executionId: string): readonly LedgerEntry[]
  close(): void
}

/** @throws NotFoundError when the file is absent or empty; StorageError when it cannot be read */
export function openLook(path: string): Look {
  const reader = openReader(path)
  const look = lookInto(new SqliteJournalReader(reader))
  return { ...look, close: () => reader.close() }
}

/** Views of what a journal holds. */
function lookInto(journal: JournalReader): Omit<Look, 'close'> {
  const definitions = new Definitions()
  const find = (executionId: string): ExecutionRow =>
    journal.find(executionId) ?? unknownExecution(journal, executionId)
  const planOf = (row: ExecutionRow) =>
    definitions.ofHash(row.documentHash, () => journal.document(row.documentHash)).plan
  return {
    list: (filter) => journal.list(filter),
    show(executionId) {
      const row = find(executionId)
      if (row.isPruned) return prunedShow(row)
      const rows = journal.rows(row.execution)
      const state = foldRows(row, planOf(row), rows)
      // The row knows what the events do not say: that an execution waits for a missing agent.
      const status = state.phase === 'ended' ? executionStatus(state) : row.status
      return showView({
        row,
        state,
        status,
        entries: logEntries(executionId, rows),
        journalBytes: bytesOf(rows),
        traceId: null,
        nowMs: systemClock.nowMs(),
      })
    },
    log: (executionId, afterSeq) =>
      logEntries(executionId, journal.rows(find(executionId).execution, afterSeq)),
    ledger(executionId) {
      const row = find(executionId)
      return ledgerOf(
        executionId,
        planOf(row),
        logEntries(executionId, journal.rows(row.execution)),
      )
    },
  }
}

/** Newest executions among which a likely name is looked for: the owner waits while it is. */
const namesMax = 50

/** @throws NotFoundError, always */
export function unknownExecution(journal: JournalReader, executionId: string): never {
  const names = journal.list({ limit: namesMax }).map((row) => row.executionId)
  throw new OrchestrationError('NotFoundError', `no execution '${executionId}'`, {
    hint: nearestHint(executionId, names) ?? '`aura ls` lists all executions',
  })
}

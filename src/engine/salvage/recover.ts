import { existsSync, renameSync, rmSync } from 'node:fs'
import { OrchestrationError } from '../../core/errors.ts'
import {
  acquireLock,
  Database,
  type LostRow,
  readMark,
  realPath,
  removeDatabase,
  type SalvagedNumber,
  SalvageStore,
  storageErrorOf,
} from '../../storage/index.ts'
import { decodeRow } from '../../workflow/index.ts'
import { SqliteJournal } from '../journal/sqlite.ts'
import { DocumentShelf } from './document-shelf.ts'
import { restoreKeptRows } from './kept-rows.ts'
import { type LostPart, type SalvageContext, salvageExecution } from './salvage-execution.ts'
import { readPrefix } from './salvaged-journal.ts'
import { TombstoneWriter } from './tombstone-writer.ts'
import { WorkWriter } from './work-writer.ts'

export type { LostPart, LostRow }

export interface RecoverOptions {
  /** The damaged file, which is only read. */
  readonly path: string
  /** The new file, which must not be there; default `<path>.recovered`. */
  readonly target?: string
  readonly nowMs: number
}

/** What became of a damaged file. */
export interface Recovery {
  /** The new file. */
  readonly path: string
  /** Executions in it, those that were cut short included. */
  readonly recovered: number
  /** Executions that are missing from it, or end earlier than they did. */
  readonly lost: readonly LostPart[]
  /** Journal rows that are gone and of which nothing says to which executions they belonged. */
  readonly missingRows: number
  /** Entries of the registry of workflows that are gone. */
  readonly lostWorkflows: number
  /**
   * What is gone of budgets, routers and their outcomes, queues, outbox, checkpoints of graphs and memories.
   * One that was deleted shortly before the damage may be named too.
   */
  readonly lostRows: readonly LostRow[]
}

/**
 * Makes a new file of everything in a damaged one that is still as it was recorded, and says what is
 * not. Reads page by page without SQLite, so that no damage hides more than it has hit.
 *
 * Open executions that are known to have gone further, or may have, are paused in the new file.
 *
 * @throws NotFoundError when there is no file; RefusedError when the target is there; OwnerError when a
 *   process owns the file; StorageError when it cannot be read or the target not be written
 */
export async function recover(options: RecoverOptions): Promise<Recovery> {
  const source = realPath(options.path)
  const target = realPath(options.target ?? `${options.path}.recovered`)
  checkPaths(source, target)
  const lock = acquireLock(source)
  const draft = `${target}.partial`
  let store: SalvageStore | undefined
  try {
    store = new SalvageStore(source, `${target}.scratch`)
    removeDatabase(draft)
    const recovery = await rebuild(store, {
      draft,
      committed: readMark(source)?.position ?? 0,
      nowMs: options.nowMs,
    })
    renameSync(draft, target)
    renameSync(`${draft}.mark`, `${target}.mark`)
    return { path: target, ...recovery }
  } catch (thrown) {
    throw storageErrorOf(thrown, target)
  } finally {
    store?.remove()
    removeDatabase(draft)
    lock.release()
  }
}

async function rebuild(
  store: SalvageStore,
  of: { readonly draft: string; readonly committed: number; readonly nowMs: number },
): Promise<Omit<Recovery, 'path'>> {
  const { unknown: missingRows } = store.missing(of.committed)
  const database = Database.open({ path: of.draft, durability: 'normal' })
  try {
    const shelf = new DocumentShelf(store, database)
    const writer = new WorkWriter(new SqliteJournal(database))
    const tombstones = new TombstoneWriter(database)
    const saved = new Set<number>()
    const isTailUnknown = missingRows > 0
    const context: SalvageContext = { store, shelf, saved, nowMs: of.nowMs, isTailUnknown }
    const lost: LostPart[] = []
    for (const found of store.numbers()) {
      const part = await save(found, { context, writer, tombstones })
      if (part !== null) lost.push(part)
    }
    await writer.finish()
    tombstones.finish()
    restoreKeptRows(store, database)
    const lostWorkflows = shelf.restoreRegistry(store, database)
    database.checkpoint()
    return {
      recovered: saved.size,
      lost,
      missingRows,
      lostWorkflows,
      lostRows: [...store.lostRows()],
    }
  } finally {
    database.close()
  }
}

/** @returns what is lost of it; null when nothing is */
async function save(
  found: SalvagedNumber,
  to: {
    readonly context: SalvageContext
    readonly writer: WorkWriter
    readonly tombstones: TombstoneWriter
  },
): Promise<LostPart | null> {
  const { execution, row } = found
  const { store, shelf, saved } = to.context
  if (row === null) {
    const executionId = found.executionId ?? startedAs(store, execution) ?? `number ${execution}`
    return { executionId, seq: null, reason: 'its row in executions is damaged' }
  }
  const hasJournal = store.rows(execution).length > 0 || store.lastLostSeq(execution) > 0
  if (row.isTombstone && !hasJournal) {
    if (shelf.definition(row.definition) !== null && row.status !== null) {
      to.tombstones.add(row, row.status)
      return null
    }
    return {
      executionId: row.executionId,
      seq: null,
      reason: 'it was pruned, and what reserves its id is damaged',
    }
  }
  const work = salvageExecution(row, to.context)
  if (!('start' in work)) return work
  await to.writer.add(work)
  saved.add(execution)
  return work.lost
}

/** The id that an execution was started under, which its first event knows. */
function startedAs(store: SalvageStore, execution: number): string | null {
  try {
    const first = readPrefix(store, execution).rows[0]
    const start = first === undefined ? undefined : decodeRow(first.payload).events[0]
    return start?.kind === 'ExecutionStarted' ? start.executionId : null
  } catch {
    return null // a row that no kernel wrote
  }
}

function checkPaths(source: string, target: string): void {
  if (!existsSync(source)) {
    throw new OrchestrationError('NotFoundError', `${source} is not there`, {
      hint: 'name the damaged file with --db',
      details: { path: source },
    })
  }
  if (existsSync(target)) {
    throw new OrchestrationError('RefusedError', `${target} is there already`, {
      hint: 'move it away, or name another target',
      details: { target },
    })
  }
  rmSync(`${target}.mark`, { force: true })
}

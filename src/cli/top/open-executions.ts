import type { ExecutionRow } from '../../engine/index.ts'
import { openLook } from '../../engine/index.ts'
import type { Look } from '../../engine/index.ts'
import type { WorkflowDocument } from '../../workflow/index.ts'
import { openJournal } from '../journal-file.ts'
import type { OpenedJournal } from '../journal-file.ts'
import { ProgressModel } from '../progress/progress-model.ts'
import type { WaitReason } from '../progress/progress-model.ts'
import { firstWait } from '../progress/tree-lines.ts'

/** Of each status so many are counted and listed at most. */
export const listedMax = 1_000

const openStatuses = ['running', 'waiting', 'paused', 'pending'] as const

/** One open execution as `aura top` shows it. */
export interface OpenExecution {
  readonly executionId: string
  readonly workflow: string
  readonly version: string
  readonly status: string
  readonly startedAtMs: number
  readonly completed: number
  readonly total: number
  readonly currentSteps: readonly string[]
  /** What steps wait for, by step; empty for those that work. */
  readonly waitingFor: readonly { readonly stepId: string; readonly reason: WaitReason }[]
}

/** Everything that is open, at one moment. */
export interface TopSnapshot {
  readonly atMs: number
  /** How many have each status; `listedMax` means so many or more. */
  readonly counts: Readonly<Record<(typeof openStatuses)[number], number>>
  /** Per second since the snapshot before; null without one. */
  readonly rates: {
    readonly started: number
    readonly ended: number
    readonly events: number
  } | null
  /** Newest first of each status. */
  readonly executions: readonly OpenExecution[]
}

/**
 * Watches the open executions of a file. From one snapshot to the next only new events are read; of
 * executions that are not shown nothing is read at all.
 */
export class OpenExecutions implements Disposable {
  readonly #journal: OpenedJournal
  readonly #look: Look
  readonly #documents = new Map<string, WorkflowDocument | null>()
  #models = new Map<string, ProgressModel>()
  #unexplained = new Map<string, number>()
  #before: { atMs: number; newest: number; open: number } | null = null

  /** @throws NotFoundError when the file is absent or empty; StorageError */
  constructor(path: string) {
    this.#journal = openJournal(path)
    this.#look = openLook(path)
  }

  /** @param shown how many executions are looked into */
  snapshot(atMs: number, shown: number): TopSnapshot {
    const { journal } = this.#journal
    const byStatus = openStatuses.map((status) => ({
      status,
      rows: journal.list({ status, limit: listedMax }),
    }))
    const counts = Object.fromEntries(byStatus.map(({ status, rows }) => [status, rows.length]))
    const rows = byStatus.flatMap((one) => one.rows).slice(0, shown)
    const models = new Map<string, ProgressModel>()
    const unexplained = new Map<string, number>()
    let events = 0
    const executions = rows.map((row) => {
      const model = this.#models.get(row.executionId) ?? this.#newModel(row)
      if (model === null) return plainRow(row)
      const seqBefore = model.lastSeq
      for (const entry of this.#look.log(row.executionId, seqBefore)) model.take(entry)
      if (this.#models.has(row.executionId)) events += model.lastSeq - seqBefore
      models.set(row.executionId, model)
      if (isUnexplained(row, model)) unexplained.set(row.executionId, model.lastSeq)
      return openExecution(row, model)
    })
    this.#models = models
    this.#unexplained = unexplained
    const open = byStatus.reduce((sum, one) => sum + one.rows.length, 0)
    const newest = journal.list({ limit: 1 })[0]?.execution ?? 0
    const rates = this.#rates({ atMs, newest, open }, events)
    return { atMs, counts: counts as TopSnapshot['counts'], rates, executions }
  }

  /**
   * Of the last snapshot: executions with work that neither runs nor has a reason to wait, as far as
   * their events tell. Each with the number of its last event.
   */
  get unexplained(): ReadonlyMap<string, number> {
    return this.#unexplained
  }

  [Symbol.dispose](): void {
    this.#look.close()
    this.#journal[Symbol.dispose]()
  }

  #rates(
    now: { atMs: number; newest: number; open: number },
    events: number,
  ): TopSnapshot['rates'] {
    const before = this.#before
    this.#before = now
    if (before === null || now.atMs <= before.atMs) return null
    const seconds = (now.atMs - before.atMs) / 1_000
    const started = now.newest - before.newest
    const ended = Math.max(0, started - (now.open - before.open))
    return { started: started / seconds, ended: ended / seconds, events: events / seconds }
  }

  #newModel({ executionId, documentHash }: ExecutionRow): ProgressModel | null {
    let document = this.#documents.get(documentHash)
    if (document === undefined) {
      const text = this.#journal.journal.document(documentHash)
      document = text === undefined ? null : (JSON.parse(text) as WorkflowDocument)
      this.#documents.set(documentHash, document)
    }
    return document === null ? null : new ProgressModel(executionId, document)
  }
}

function plainRow(row: ExecutionRow): OpenExecution {
  const { executionId, workflow, version, status, startedAtMs } = row
  const unknown = { completed: 0, total: 0, currentSteps: [], waitingFor: [] }
  return { executionId, workflow, version, status, startedAtMs, ...unknown }
}

function isUnexplained({ status }: ExecutionRow, model: ProgressModel): boolean {
  if (status !== 'running' && status !== 'waiting') return false
  const going = model.steps.filter((step) => step.status === 'running')
  const isIdle = going.some((step) => step.running === 0 && firstWait(step) === null)
  // A compensation that waits is no running step.
  return isIdle || (status === 'waiting' && going.every((step) => firstWait(step) === null))
}

function openExecution(row: ExecutionRow, model: ProgressModel): OpenExecution {
  const running = model.steps.filter(({ status }) => status === 'running')
  return {
    ...plainRow(row),
    completed: model.steps.filter(({ endedAtMs }) => endedAtMs !== null).length,
    total: model.steps.length,
    currentSteps: running.map(({ id }) => id),
    waitingFor: running.flatMap((step) => {
      const reason = firstWait(step)
      return reason === null || step.running > 0 ? [] : [{ stepId: step.id, reason }]
    }),
  }
}

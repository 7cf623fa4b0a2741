import { invariant } from '../../core/assert.ts'
import type { JsonObject } from '../../core/json.ts'
import { type MemoryStore, memoryStoreInMemory } from '../../storage/index.ts'
import type { DeadLetterFilter, DeadLetterView } from '../workflow-engine.ts'
import { journalClosed, sequenceTaken, startTaken, unknownExecution } from './batch-refusal.ts'
import { type BudgetChange, budgetKey, type BudgetTotal, changedTotal } from './budget-totals.ts'
import { hasMetadata, listLimitDefault } from './execution-filter.ts'
import type {
  DeadLetterChange,
  ExecutionFilter,
  ExecutionRow,
  Journal,
  JournalBatch,
  JournalRow,
  OutboxEntry,
  RetentionPolicy,
  SnapshotRow,
  StatusChange,
  WorkflowRegistration,
  WorkflowRow,
} from './journal.ts'
import { chooseTrees, type EndedRoot, type Tree } from './retention-choice.ts'
import { rowsAfter } from './row-sequence.ts'
import { statusCode } from './status-code.ts'

/** A journal that lives as long as its process: for tests and simulation. */
export class MemoryJournal implements Journal {
  #memories: MemoryStore | null = null
  readonly #documents = new Map<string, string>()
  readonly #executions = new Map<number, ExecutionRow>()
  readonly #tombstones = new Map<number, ExecutionRow>()
  /** Numbers of executions and tombstones. */
  readonly #numbers = new Map<string, number>()
  /** By execution number, then by sequence number. */
  readonly #rows = new Map<number, Map<number, JournalRow>>()
  /** Of each execution the newest two, the newest last. */
  readonly #snapshots = new Map<number, readonly SnapshotRow[]>()
  readonly #deadLetters = new Map<string, DeadLetterChange & { readonly kind: 'open' }>()
  readonly #budgets = new Map<string, BudgetTotal>()
  readonly #workflows = new Map<string, WorkflowRow>()
  /** Documents that executions were started of, under a name and version. */
  readonly #started = new Set<string>()
  /** The execution of the row that was recorded last. */
  #newest: number | null = null
  #last = 0
  readonly #outbox = new Map<number, OutboxEntry>()
  #lastPublished = 0
  #isClosed = false

  /** Made when it is first asked for: most journals in memory never are. */
  get memories(): MemoryStore {
    this.#memories ??= memoryStoreInMemory()
    return this.#memories
  }

  nextExecution(): number {
    this.#requireOpen()
    return ++this.#last
  }

  append(batch: JournalBatch): Promise<void> {
    try {
      this.#requireOpen()
      this.#check(batch)
    } catch (thrown) {
      return Promise.reject(thrown)
    }
    for (const document of batch.documents) {
      if (!this.#documents.has(document.hash)) this.#documents.set(document.hash, document.text)
    }
    for (const start of batch.starts) this.#start(start)
    for (const workflow of batch.workflows ?? []) this.#register(workflow)
    for (const row of batch.rows) this.#record(row)
    for (const change of batch.statuses) this.#change(change)
    for (const snapshot of batch.snapshots ?? []) this.#save(snapshot)
    for (const change of batch.deadLetters ?? []) this.#changeDeadLetter(change)
    for (const change of batch.budgets ?? []) this.#changeBudget(change)
    for (const { event } of batch.outbox ?? []) {
      const position = ++this.#lastPublished
      this.#outbox.set(position, { position, event })
    }
    for (const { change, atMs } of batch.memories ?? []) this.memories.apply(change, atMs)
    for (const position of batch.sent ?? []) this.#outbox.delete(position)
    return Promise.resolve()
  }

  outbox(afterPosition: number, limit: number): readonly OutboxEntry[] {
    this.#requireOpen()
    const waiting = [...this.#outbox.values()].filter(({ position }) => position > afterPosition)
    return waiting.slice(0, limit)
  }

  prune(policy: RetentionPolicy): Promise<number> {
    try {
      this.#requireOpen()
    } catch (thrown) {
      return Promise.reject(thrown)
    }
    const roots = this.#inOrder().filter(isEndedRoot)
    const trees = chooseTrees(roots, policy, {
      endedCount: roots.length,
      treeOf: (root) => this.#treeOf(root),
    })
    const members = trees.flatMap((tree) => tree.members)
    for (const member of members) this.#remove(member)
    return Promise.resolve(members.length)
  }

  find(executionId: string): ExecutionRow | undefined {
    this.#requireOpen()
    const execution = this.#numbers.get(executionId)
    if (execution === undefined) return undefined
    return this.#executions.get(execution) ?? this.#tombstones.get(execution)
  }

  list(filter: ExecutionFilter): readonly ExecutionRow[] {
    return this.#inOrder()
      .toReversed()
      .filter(
        (row) =>
          row.execution < (filter.before ?? Infinity) &&
          (filter.status === undefined || row.status === filter.status) &&
          (filter.workflow === undefined || row.workflow === filter.workflow) &&
          hasMetadata(row.metadata, filter.metadata),
      )
      .slice(0, filter.limit ?? listLimitDefault)
  }

  open(): readonly ExecutionRow[] {
    return this.#inOrder().filter((row) => row.endedAtMs === null)
  }

  rows(execution: number, afterSeq = 0): readonly JournalRow[] {
    this.#requireOpen()
    return rowsAfter(
      [...(this.#rows.get(execution)?.values() ?? [])].toSorted((a, b) => a.seq - b.seq),
      afterSeq,
    )
  }

  document(hash: string): string | undefined {
    this.#requireOpen()
    return this.#documents.get(hash)
  }

  snapshot(execution: number): SnapshotRow | undefined {
    this.#requireOpen()
    return this.#snapshots.get(execution)?.at(-1)
  }

  deadLetters(filter: DeadLetterFilter): readonly DeadLetterView[] {
    this.#requireOpen()
    const { executionId, workflow, limit = listLimitDefault } = filter
    return [...this.#deadLetters.values()]
      .filter((letter) => {
        const row = this.#executions.get(letter.execution)
        return (
          (executionId === undefined || row?.executionId === executionId) &&
          (workflow === undefined || row?.workflow === workflow)
        )
      })
      .slice(0, limit)
      .map((letter) => this.#viewOf(letter))
  }

  deadLetter(id: string): DeadLetterView | undefined {
    this.#requireOpen()
    const letter = this.#deadLetters.get(id)
    return letter === undefined ? undefined : this.#viewOf(letter)
  }

  workflows(): readonly WorkflowRow[] {
    this.#requireOpen()
    const keyed = [...this.#workflows].toSorted(([a], [b]) => (a < b ? -1 : 1))
    return keyed.map(([, row]) => row)
  }

  budgets(): readonly BudgetTotal[] {
    this.#requireOpen()
    return [...this.#budgets].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, total]) => total)
  }

  close(): Promise<void> {
    this.#isClosed = true
    return Promise.resolve()
  }

  #check(batch: JournalBatch): void {
    const documents = new Set(batch.documents.map((document) => document.hash))
    const ids = new Set<string>()
    const numbers = new Set<number>()
    const requireDocument = (hash: string, who: string): void =>
      invariant(
        documents.has(hash) || this.#documents.has(hash),
        `${who} names an unknown document`,
      )
    for (const start of batch.starts) {
      const { executionId, execution } = start
      requireDocument(start.documentHash, `execution '${executionId}'`)
      statusCode(start.status)
      const isTaken =
        this.#numbers.has(executionId) ||
        this.#executions.has(execution) ||
        this.#tombstones.has(execution)
      if (isTaken || ids.has(executionId) || numbers.has(execution)) throw startTaken(start)
      ids.add(executionId)
      numbers.add(execution)
    }
    for (const { name, version, documentHash } of batch.workflows ?? [])
      requireDocument(documentHash, `workflow '${name}' version '${version}'`)
    this.#checkPlaces(batch.rows)
    const requireStarted = (what: string, execution: number): void => {
      const isKnown = numbers.has(execution) || this.#executions.has(execution)
      if (!isKnown) throw unknownExecution(what, execution)
    }
    for (const { execution, status } of batch.statuses) {
      statusCode(status)
      requireStarted('a status', execution)
    }
    for (const { execution } of batch.snapshots ?? []) requireStarted('a snapshot', execution)
    for (const change of batch.deadLetters ?? [])
      if (change.kind === 'open') requireStarted('a dead letter', change.execution)
  }

  #checkPlaces(rows: readonly JournalRow[]): void {
    const places = new Set<string>()
    for (const row of rows) {
      const place = `${row.execution}/${row.seq}`
      const isTaken = this.#rows.get(row.execution)?.has(row.seq) ?? false
      if (isTaken || places.has(place)) throw sequenceTaken(row)
      places.add(place)
    }
  }

  #start(start: ExecutionRow): void {
    const { execution, executionId, workflow, version, documentHash, startedAtMs } = start
    this.#executions.set(execution, {
      ...start,
      metadata: copyOf(start.metadata),
      isPruned: false,
    })
    this.#numbers.set(executionId, execution)
    this.#last = Math.max(this.#last, execution)
    const key = `${documentHash} ${workflow} ${version}`
    if (this.#started.has(key)) return
    this.#started.add(key)
    this.#register({ name: workflow, version, documentHash, atMs: startedAtMs })
  }

  #register({ name, version, documentHash, atMs }: WorkflowRegistration): void {
    const key = `${name} ${version}`
    if (this.#workflows.get(key)?.documentHash === documentHash) return
    this.#workflows.set(key, { name, version, documentHash, registeredAtMs: atMs })
  }

  #record(row: JournalRow): void {
    const recorded = this.#rows.get(row.execution)
    if (recorded === undefined) this.#rows.set(row.execution, new Map([[row.seq, { ...row }]]))
    else recorded.set(row.seq, { ...row })
    this.#newest = row.execution
  }

  #change({ execution, status, endedAtMs }: StatusChange): void {
    const row = this.#executions.get(execution) as ExecutionRow
    this.#executions.set(execution, { ...row, status, endedAtMs })
    if (endedAtMs !== null) this.#snapshots.delete(execution)
  }

  #save(snapshot: SnapshotRow): void {
    const { execution, seq } = snapshot
    if (this.#executions.get(execution)?.endedAtMs !== null) return
    const others = (this.#snapshots.get(execution) ?? []).filter((other) => other.seq !== seq)
    const inOrder = [...others, { ...snapshot }].toSorted((a, b) => a.seq - b.seq)
    this.#snapshots.set(execution, inOrder.slice(-2))
  }

  #changeBudget(change: BudgetChange): void {
    const key = budgetKey(change)
    this.#budgets.set(key, changedTotal(this.#budgets.get(key), change))
  }

  #changeDeadLetter(change: DeadLetterChange): void {
    this.#deadLetters.delete(change.id)
    if (change.kind === 'open') this.#deadLetters.set(change.id, change)
  }

  #viewOf(letter: DeadLetterChange & { readonly kind: 'open' }): DeadLetterView {
    const { executionId } = this.#executions.get(letter.execution) as ExecutionRow
    const { id, stepId, error, atMs } = letter
    return { id, executionId, stepId, error, atMs }
  }

  #treeOf(root: number): Tree {
    const members = [root]
    // The list grows while it is walked: by the children of each member.
    for (const member of members) {
      for (const row of this.#executions.values())
        if (row.parent === member) members.push(row.execution)
    }
    return {
      members,
      isHeld: members.some(
        (member) => member === this.#newest || this.#executions.get(member)?.endedAtMs === null,
      ),
      hasDeadLetter: [...this.#deadLetters.values()].some((letter) =>
        members.includes(letter.execution),
      ),
    }
  }

  #remove(execution: number): void {
    const row = this.#executions.get(execution) as ExecutionRow
    this.#tombstones.set(execution, { ...row, isPruned: true })
    this.#executions.delete(execution)
    this.#rows.delete(execution)
    this.#snapshots.delete(execution)
    for (const letter of this.#deadLetters.values())
      if (letter.execution === execution) this.#deadLetters.delete(letter.id)
  }

  #inOrder(): ExecutionRow[] {
    this.#requireOpen()
    return [...this.#executions.values()].toSorted((a, b) => a.execution - b.execution)
  }

  #requireOpen(): void {
    if (this.#isClosed) throw journalClosed()
  }
}

function isEndedRoot(row: ExecutionRow): row is ExecutionRow & EndedRoot {
  return row.endedAtMs !== null && row.parent === null
}

function copyOf(metadata: JsonObject): JsonObject {
  return JSON.parse(JSON.stringify(metadata)) as JsonObject
}

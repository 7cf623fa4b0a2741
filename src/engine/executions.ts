import { OrchestrationError } from '../core/errors.ts'
import { executionId as checkedId, newExecutionId } from '../core/ids.ts'
import { newExecution, type Plan } from '../workflow/index.ts'
import { checkAdmission, checkFlags, checkSameStart } from './acceptance.ts'
import { checkedInput, type Definition, type Definitions, startHashOf } from './definitions.ts'
import type { EmbeddedEngineParts } from './engine-parts.ts'
import { bytesOf, foldRows, logEntries } from './folding.ts'
import type { ExecutionRow } from './journal/journal.ts'
import { type LedgerEntry, ledgerOf } from './ledger.ts'
import { unknownExecution } from './look.ts'
import { payload } from './payload.ts'
import { newRunning, type Running } from './running.ts'
import type { Runner } from './runner.ts'
import { statusOf } from './status-of.ts'
import { runView } from './views/run-view.ts'
import { showView } from './views/show-view.ts'
import type { ExecuteOptions, RunView, ShowView } from './workflow-engine.ts'

/** An execution that was begun or found. */
export interface Begun {
  /** Null when the execution has ended, or was recorded before. */
  readonly running: Running | null
  readonly row: ExecutionRow
}

/** Begins executions, finds them in memory or in the journal, and shows them. */
export class Executions {
  readonly #parts: EmbeddedEngineParts
  readonly #runner: Runner
  readonly #definitions: Definitions
  isClosed = false

  constructor(parts: EmbeddedEngineParts, runner: Runner, definitions: Definitions) {
    this.#parts = parts
    this.#runner = runner
    this.#definitions = definitions
  }

  /** Accepts a start, or attaches to the execution that has its id. */
  begin(definition: Definition, options: ExecuteOptions & { readonly isDriven?: boolean }): Begun {
    const { journal, clock, random, flags, telemetry } = this.#parts
    this.#refuseWhenClosed()
    const input = checkedInput(definition, payload(options.input ?? {}, 'the input'))
    const startHash = startHashOf(definition, input)
    if (options.executionId !== undefined) {
      const id = checkedId(options.executionId)
      const known = this.#runner.executions.get(id)?.row ?? journal.find(id)
      if (known !== undefined) {
        checkSameStart(known, startHash)
        return options.isDriven === false ? { running: null, row: known } : this.attach(known)
      }
    }
    const { document } = definition
    const executionId = options.executionId ?? newExecutionId(document.name, clock.nowMs(), random)
    checkFlags(flags, document.featureFlags, { executionId, workflow: document.name })
    checkAdmission(this.#runner.executions.size, this.#runner.committer.stalled)
    const row: ExecutionRow = {
      execution: journal.nextExecution(),
      executionId,
      workflow: document.name,
      version: document.version,
      documentHash: definition.hash,
      startHash,
      status: 'pending',
      metadata: document.metadata,
      startedAtMs: clock.nowMs(),
      endedAtMs: null,
    }
    const running = newRunning({
      row,
      state: newExecution(executionId, definition.plan, input),
      telemetry: telemetry.executionStarted({
        executionId,
        workflow: row.workflow,
        version: row.version,
        recovered: false,
      }),
      document: this.#runner.committer.recorded.has(definition.hash) ? null : definition,
      isDriven: options.isDriven ?? true,
      journalBytes: 0,
    })
    this.#runner.executions.set(executionId, running)
    this.#runner.stimulate(running, { kind: 'start' })
    return { running, row }
  }

  /** Takes up an execution of the journal, or finds it in memory. */
  attach(row: ExecutionRow): Begun {
    const active = this.#runner.executions.get(row.executionId)
    if (active !== undefined) {
      if (!active.isDriven) this.#drive(active)
      return { running: active, row }
    }
    if (row.endedAtMs !== null) return { running: null, row }
    const running = this.#load(row)
    this.#drive(running)
    return { running, row }
  }

  #drive(running: Running): void {
    running.isDriven = true
    this.#runner.stimulate(running, { kind: 'recovered' })
  }

  /** Brings an execution into memory without driving it. */
  #load(row: ExecutionRow): Running {
    const { journal, telemetry } = this.#parts
    this.#refuseWhenClosed()
    const { executionId, workflow, version } = row
    const rows = journal.rows(row.execution)
    const running = newRunning({
      row,
      state: foldRows(row, this.planOf(row), rows),
      telemetry: telemetry.executionStarted({ executionId, workflow, version, recovered: true }),
      document: null,
      isDriven: false,
      journalBytes: bytesOf(rows),
    })
    running.isRecorded = true
    running.status = row.status
    this.#runner.executions.set(executionId, running)
    return running
  }

  planOf(row: ExecutionRow): Plan {
    return this.#definitions.ofHash(row.documentHash, () =>
      this.#parts.journal.document(row.documentHash),
    ).plan
  }

  /** @throws NotFoundError; RefusedError once the engine is closed */
  row(executionId: string): ExecutionRow {
    this.#refuseWhenClosed()
    const { journal } = this.#parts
    return (
      this.#runner.executions.get(executionId)?.row ??
      journal.find(executionId) ??
      unknownExecution(journal, executionId)
    )
  }

  /** The execution in memory, loaded without being driven when it is not; null when it has ended. */
  open(executionId: string): Running | null {
    const row = this.row(executionId)
    const active = this.#runner.executions.get(executionId)
    if (active !== undefined) return active
    return row.endedAtMs === null ? this.#load(row) : null
  }

  /** A recorded execution, as `aura run` prints it. */
  run(row: ExecutionRow): RunView {
    const state = foldRows(row, this.planOf(row), this.#parts.journal.rows(row.execution))
    return runView(row, state, state.result ?? row.status)
  }

  /** @throws NotFoundError */
  show(executionId: string): ShowView {
    const { journal, clock } = this.#parts
    const row = this.row(executionId)
    const running = this.#runner.executions.get(executionId)
    const rows = journal.rows(row.execution)
    const state = running?.state ?? foldRows(row, this.planOf(row), rows)
    return showView({
      row,
      state,
      status: running === undefined ? (state.result ?? row.status) : statusOf(running),
      entries: logEntries(executionId, rows),
      journalBytes: bytesOf(rows),
      traceId: running?.telemetry.traceId ?? null,
      nowMs: clock.nowMs(),
      ...(running === undefined ? {} : { missing: running.missing }),
    })
  }

  /** @throws NotFoundError */
  ledger(executionId: string): readonly LedgerEntry[] {
    const row = this.row(executionId)
    const rows = this.#parts.journal.rows(row.execution)
    return ledgerOf(executionId, this.planOf(row), logEntries(executionId, rows))
  }

  #refuseWhenClosed(): void {
    if (this.isClosed) throw new OrchestrationError('RefusedError', 'the engine is closed')
  }
}

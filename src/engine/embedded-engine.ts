import type { Clock } from '../core/clock.ts'
import type { FlagProvider } from '../core/contracts/flags.ts'
import type { Telemetry } from '../core/contracts/telemetry.ts'
import { OrchestrationError } from '../core/errors.ts'
import { executionId as checkedId, newExecutionId } from '../core/ids.ts'
import { hashJson, type JsonValue } from '../core/json.ts'
import type { Logger } from '../core/logger.ts'
import type { Random } from '../core/random.ts'
import type { WorkflowData } from '../workflow/document/builder.ts'
import type { WorkflowDocument } from '../workflow/document/document.ts'
import { stepsToDocument, type WorkflowStep } from '../workflow/document/workflow-steps.ts'
import { newExecution } from '../workflow/kernel/state.ts'
import type { Resolution, Stimulus } from '../workflow/kernel/stimulus.ts'
import { checkAdmission, checkFlags, checkSameStart } from './acceptance.ts'
import { checkedInput, type Definition, Definitions } from './definitions.ts'
import type { AgentDirectory } from './engine-agent.ts'
import { bytesOf, foldRows, logEntries } from './folding.ts'
import type { ExecutionRow, Journal } from './journal/journal.ts'
import { type LedgerEntry, ledgerOf } from './ledger.ts'
import { unknownExecution } from './look.ts'
import { newRunning, type Running } from './running.ts'
import { Runner } from './runner.ts'
import { statusOf } from './status-of.ts'
import { checkSignal, uncertainCall } from './verb-checks.ts'
import { runView } from './views/run-view.ts'
import { showView } from './views/show-view.ts'
import type {
  EngineListener,
  ExecuteOptions,
  RunView,
  ShowView,
  WorkflowEngine,
} from './workflow-engine.ts'

/** What an embedded engine is made of. */
export interface EmbeddedEngineParts {
  readonly journal: Journal
  readonly agents: AgentDirectory
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly telemetry: Telemetry
  /** Null: every flag is on. */
  readonly flags: FlagProvider | null
  /** Told what happens; `subscribe` adds to it. */
  readonly listeners: Set<EngineListener>
  /** Shared with other engines of the process to save work; default own ones. */
  readonly definitions?: Definitions
  /** Called last by `close`. */
  readonly release: () => Promise<void>
}

/** Running attempts are awaited so long when an engine closes. */
const drainMs = 5_000

/** The durable engine in this process, over one journal. */
export class EmbeddedEngine implements WorkflowEngine {
  readonly #parts: EmbeddedEngineParts
  readonly #definitions: Definitions
  /** Hashes of the documents that this engine has given to the journal. */
  readonly #recorded = new Set<string>()
  readonly #runner: Runner
  #closing: Promise<void> | null = null

  constructor(parts: EmbeddedEngineParts) {
    this.#parts = parts
    this.#definitions = parts.definitions ?? new Definitions()
    this.#runner = new Runner(parts)
  }

  executeWorkflow(
    workflowId: string,
    work: WorkflowData | readonly WorkflowStep[],
    options: ExecuteOptions = {},
  ): Promise<RunView> {
    return this.#ending(() => this.#begin(this.#define(workflowId, work), options))
  }

  async startWorkflow(
    workflowId: string,
    work: WorkflowData | readonly WorkflowStep[],
    options: ExecuteOptions = {},
  ): Promise<string> {
    return this.#accepted(this.#begin(this.#define(workflowId, work), options))
  }

  /** As `executeWorkflow`, for a document that was read before. */
  executeDocument(document: WorkflowDocument, options: ExecuteOptions = {}): Promise<RunView> {
    return this.#ending(() => this.#begin(this.#definitions.ofDocument(document), options))
  }

  /** As `startWorkflow`, for a document that was read before. */
  async startDocument(document: WorkflowDocument, options: ExecuteOptions = {}): Promise<string> {
    return this.#accepted(this.#begin(this.#definitions.ofDocument(document), options))
  }

  /** Records a start without driving it: whoever continues the execution runs it. */
  async recordDocument(document: WorkflowDocument, options: ExecuteOptions = {}): Promise<string> {
    const begun = this.#begin(this.#definitions.ofDocument(document), {
      ...options,
      isDriven: false,
    })
    const id = await this.#accepted(begun)
    if (begun.running !== null && !begun.running.isDriven) this.#runner.leave(begun.running)
    return id
  }

  continueWorkflow(executionId: string): Promise<RunView> {
    return this.#ending(() => this.#attach(this.#row(executionId)))
  }

  /** Drives every execution of the file that has not ended; resolves with how many there are. */
  recoverAll(): number {
    const open = this.#parts.journal.open()
    for (const row of open) this.#attach(row)
    return open.length
  }

  pauseWorkflow(executionId: string): Promise<boolean> {
    return this.#steer(executionId, { kind: 'pause' }, (running) => !running.state.paused)
  }

  resumeWorkflow(executionId: string): Promise<boolean> {
    return this.#steer(executionId, { kind: 'resume' }, (running) => running.state.paused)
  }

  cancelWorkflow(executionId: string): Promise<boolean> {
    return this.#steer(executionId, { kind: 'cancel' }, ({ state }) => state.result !== 'cancelled')
  }

  async signal(executionId: string, name: string, data: JsonValue): Promise<void> {
    const running = this.#open(executionId)
    if (running === null) throw ended(executionId, 'takes no signal any more')
    checkSignal(running, name, data)
    await this.#apply(running, [{ kind: 'signal', name, data }])
  }

  async resolve(executionId: string, step: string, resolution: Resolution): Promise<void> {
    const running = this.#open(executionId)
    if (running === null) throw ended(executionId, 'has nothing to resolve')
    // Whoever ran this is gone: what was running is lost, and thereby uncertain where it must be.
    if (!running.isDriven) this.#runner.stimulate(running, { kind: 'recovered' })
    const call = uncertainCall(running, step)
    await this.#apply(running, [{ kind: 'resolve', call, resolution }])
  }

  getExecution(executionId: string): Promise<ShowView> {
    try {
      return Promise.resolve(this.#show(executionId))
    } catch (thrown) {
      return Promise.reject(thrown as Error)
    }
  }

  /** Intent, key and receipt of every call that the execution has made. @throws NotFoundError */
  ledger(executionId: string): readonly LedgerEntry[] {
    const row = this.#row(executionId)
    return ledgerOf(
      executionId,
      this.#planOf(row),
      logEntries(executionId, this.#parts.journal.rows(row.execution)),
    )
  }

  /** Executions in memory. */
  get activeCount(): number {
    return this.#runner.executions.size
  }

  /** Armed timers, attempts that run, and executions in memory: all zero when nothing is left over. */
  get held(): { readonly timers: number; readonly attempts: number; readonly executions: number } {
    return {
      timers: this.#runner.timers.size,
      attempts: this.#runner.dispatcher.inFlight,
      executions: this.#runner.executions.size,
    }
  }

  subscribe(listener: EngineListener): () => void {
    this.#parts.listeners.add(listener)
    return () => this.#parts.listeners.delete(listener)
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    const runner = this.#runner
    for (const running of runner.executions.values()) running.isDriven = false
    await Promise.race([
      runner.dispatcher.idle().then(() => runner.committer.idle()),
      new Promise<void>((resolve) => this.#parts.clock.after(drainMs, resolve)),
    ])
    runner.close()
    for (const running of Array.from(runner.executions.values())) {
      runner.leave(running)
      running.telemetry.ended('left', 0, null)
      const error = new OrchestrationError(
        'RefusedError',
        `the engine was closed; '${running.row.executionId}' can be continued`,
      )
      for (const { reject } of [...running.waiters.splice(0), ...running.flushed.splice(0)])
        reject(error)
    }
    await this.#parts.journal.close()
    await this.#parts.release()
  }

  #define(workflowId: string, work: WorkflowData | readonly WorkflowStep[]): Definition {
    const data = Array.isArray(work)
      ? stepsToDocument(work as readonly WorkflowStep[], { name: workflowId })
      : (work as WorkflowData)
    return this.#definitions.ofData(data)
  }

  #begin(definition: Definition, options: ExecuteOptions & { readonly isDriven?: boolean }): Begun {
    const { journal, clock, random, flags, telemetry } = this.#parts
    this.#refuseWhenClosed()
    const input = checkedInput(definition, options.input ?? {})
    const startHash = hashJson([definition.hash, input])
    if (options.executionId !== undefined) {
      const id = checkedId(options.executionId)
      const known = this.#runner.executions.get(id)?.row ?? journal.find(id)
      if (known !== undefined) {
        checkSameStart(known, startHash)
        return options.isDriven === false ? { running: null, row: known } : this.#attach(known)
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
    if (!this.#recorded.has(definition.hash)) {
      this.#recorded.add(definition.hash)
      this.#runner.committer.addDocument(definition.hash, definition.text)
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
      isDriven: options.isDriven ?? true,
      journalBytes: 0,
    })
    this.#runner.executions.set(executionId, running)
    this.#runner.stimulate(running, { kind: 'start' })
    return { running, row }
  }

  /** Takes up an execution of the journal, or finds it in memory. */
  #attach(row: ExecutionRow): Begun {
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
      state: foldRows(row, this.#planOf(row), rows),
      telemetry: telemetry.executionStarted({ executionId, workflow, version, recovered: true }),
      isDriven: false,
      journalBytes: bytesOf(rows),
    })
    running.isRecorded = true
    running.status = row.status
    this.#runner.executions.set(executionId, running)
    return running
  }

  #planOf(row: ExecutionRow): Definition['plan'] {
    return this.#definitions.ofHash(row.documentHash, () =>
      this.#parts.journal.document(row.documentHash),
    ).plan
  }

  #row(executionId: string): ExecutionRow {
    const { journal } = this.#parts
    return (
      this.#runner.executions.get(executionId)?.row ??
      journal.find(executionId) ??
      unknownExecution(journal, executionId)
    )
  }

  /** The execution in memory, loaded without being driven when it is not; null when it has ended. */
  #open(executionId: string): Running | null {
    const row = this.#row(executionId)
    const active = this.#runner.executions.get(executionId)
    if (active !== undefined) return active
    return row.endedAtMs === null ? this.#load(row) : null
  }

  async #steer(
    executionId: string,
    stimulus: Stimulus,
    changes: (running: Running) => boolean,
  ): Promise<boolean> {
    const running = this.#open(executionId)
    if (running === null || running.state.phase === 'ended') return false
    if (!changes(running)) {
      if (!running.isDriven) this.#runner.leave(running)
      return false
    }
    const seqBefore = running.state.seq
    await this.#apply(
      running,
      stimulus.kind === 'cancel' && !running.isDriven
        ? [{ kind: 'recovered' }, stimulus]
        : [stimulus],
    )
    return running.state.seq > seqBefore
  }

  async #apply(running: Running, stimuli: readonly Stimulus[]): Promise<void> {
    for (const stimulus of stimuli) this.#runner.stimulate(running, stimulus)
    await this.#runner.flushed(running)
    if (running.isDriven) return
    this.#runner.leave(running)
    running.telemetry.ended('left', 0, null)
  }

  #ending(begin: () => Begun): Promise<RunView> {
    return new Promise((resolve, reject) => {
      const { running, row } = begin()
      if (running === null) resolve(this.#recordedRun(row))
      else running.waiters.push({ resolve, reject })
    })
  }

  async #accepted({ running, row }: Begun): Promise<string> {
    if (running !== null) await this.#runner.flushed(running)
    return row.executionId
  }

  #recordedRun(row: ExecutionRow): RunView {
    const state = foldRows(row, this.#planOf(row), this.#parts.journal.rows(row.execution))
    return runView(row, state, state.result ?? row.status)
  }

  #show(executionId: string): ShowView {
    const { journal, clock } = this.#parts
    const row = this.#row(executionId)
    const running = this.#runner.executions.get(executionId)
    const rows = journal.rows(row.execution)
    const state = running?.state ?? foldRows(row, this.#planOf(row), rows)
    return showView({
      row,
      state,
      status: running === undefined ? (state.result ?? row.status) : statusOf(running),
      entries: logEntries(executionId, rows),
      journalBytes: bytesOf(rows),
      traceId: running?.telemetry.traceId ?? null,
      nowMs: clock.nowMs(),
    })
  }

  #refuseWhenClosed(): void {
    if (this.#closing !== null) throw new OrchestrationError('RefusedError', 'the engine is closed')
  }
}

interface Begun {
  /** Null when the execution has ended, or was recorded before. */
  readonly running: Running | null
  readonly row: ExecutionRow
}

function ended(executionId: string, what: string): OrchestrationError {
  return new OrchestrationError('RefusedError', `execution '${executionId}' has ended: it ${what}`)
}

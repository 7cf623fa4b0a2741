import { OrchestrationError } from '../core/errors.ts'
import type { JsonValue } from '../core/json.ts'
import {
  type Resolution,
  type Stimulus,
  stepsToDocument,
  type WorkflowData,
  type WorkflowDocument,
  type WorkflowStep,
} from '../workflow/index.ts'
import { type Definition, Definitions } from './definitions.ts'
import type { EmbeddedEngineParts } from './engine-parts.ts'
import { type Begun, Executions } from './executions.ts'
import type { LedgerEntry } from './ledger.ts'
import type { Running } from './running.ts'
import { Runner } from './runner.ts'
import { checkSignal, uncertainCall } from './verb-checks.ts'
import type {
  EngineListener,
  ExecuteOptions,
  RunView,
  ShowView,
  WorkflowEngine,
} from './workflow-engine.ts'

/** Running attempts are awaited so long when an engine closes. */
const drainMs = 5_000

/** The durable engine in this process, over one journal. */
export class EmbeddedEngine implements WorkflowEngine {
  readonly #parts: EmbeddedEngineParts
  readonly #definitions: Definitions
  readonly #executions: Executions
  readonly #runner: Runner
  #closing: Promise<void> | null = null

  constructor(parts: EmbeddedEngineParts) {
    this.#parts = parts
    this.#definitions = parts.definitions ?? new Definitions()
    this.#runner = new Runner(parts)
    this.#executions = new Executions(parts, this.#runner, this.#definitions)
  }

  executeWorkflow(
    workflowId: string,
    work: WorkflowData | readonly WorkflowStep[],
    options: ExecuteOptions = {},
  ): Promise<RunView> {
    return this.#ending(() => this.#executions.begin(this.#define(workflowId, work), options))
  }

  async startWorkflow(
    workflowId: string,
    work: WorkflowData | readonly WorkflowStep[],
    options: ExecuteOptions = {},
  ): Promise<string> {
    return this.#accepted(this.#executions.begin(this.#define(workflowId, work), options))
  }

  /** As `executeWorkflow`, for a document that was read before. */
  executeDocument(document: WorkflowDocument, options: ExecuteOptions = {}): Promise<RunView> {
    return this.#ending(() =>
      this.#executions.begin(this.#definitions.ofDocument(document), options),
    )
  }

  /** As `startWorkflow`, for a document that was read before. */
  async startDocument(document: WorkflowDocument, options: ExecuteOptions = {}): Promise<string> {
    return this.#accepted(this.#executions.begin(this.#definitions.ofDocument(document), options))
  }

  /** Records a start without driving it: whoever continues the execution runs it. */
  async recordDocument(document: WorkflowDocument, options: ExecuteOptions = {}): Promise<string> {
    const begun = this.#executions.begin(this.#definitions.ofDocument(document), {
      ...options,
      isDriven: false,
    })
    const id = await this.#accepted(begun)
    if (begun.running !== null && !begun.running.isDriven) this.#runner.leave(begun.running)
    return id
  }

  continueWorkflow(executionId: string): Promise<RunView> {
    return this.#ending(() => this.#executions.attach(this.#executions.row(executionId)))
  }

  /** Drives every execution of the file that has not ended; resolves with how many there are. */
  recoverAll(): number {
    const open = this.#parts.journal.open()
    for (const row of open) this.#executions.attach(row)
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
    const running = this.#executions.open(executionId)
    if (running === null) throw ended(executionId, 'takes no signal any more')
    checkSignal(running, name, data)
    await this.#apply(running, [{ kind: 'signal', name, data }])
  }

  async resolve(executionId: string, step: string, resolution: Resolution): Promise<void> {
    const running = this.#executions.open(executionId)
    if (running === null) throw ended(executionId, 'has nothing to resolve')
    // Whoever ran this is gone: what was running is lost, and thereby uncertain where it must be.
    if (!running.isDriven) this.#runner.stimulate(running, { kind: 'recovered' })
    const call = uncertainCall(running, step)
    await this.#apply(running, [{ kind: 'resolve', call, resolution }])
  }

  getExecution(executionId: string): Promise<ShowView> {
    try {
      return Promise.resolve(this.#executions.show(executionId))
    } catch (thrown) {
      return Promise.reject(thrown)
    }
  }

  /** Intent, key and receipt of every call that the execution has made. @throws NotFoundError */
  ledger(executionId: string): readonly LedgerEntry[] {
    return this.#executions.ledger(executionId)
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
    this.#executions.isClosed = true
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

  async #steer(
    executionId: string,
    stimulus: Stimulus,
    changes: (running: Running) => boolean,
  ): Promise<boolean> {
    const running = this.#executions.open(executionId)
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
      if (running === null) resolve(this.#executions.run(row))
      else running.waiters.push({ resolve, reject })
    })
  }

  async #accepted({ running, row }: Begun): Promise<string> {
    if (running !== null) await this.#runner.flushed(running)
    return row.executionId
  }
}

function ended(executionId: string, what: string): OrchestrationError {
  return new OrchestrationError('RefusedError', `execution '${executionId}' has ended: it ${what}`)
}

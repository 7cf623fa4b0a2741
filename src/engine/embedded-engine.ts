import { messageOf, OrchestrationError } from '../core/errors.ts'
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
import { payload } from './payload.ts'
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
    const definition = this.#definitions.ofDocument(document)
    const { running, row } = this.#executions.begin(definition, { ...options, isDriven: false })
    if (running !== null) await this.#holding(running, () => this.#runner.flushed(running))
    return row.executionId
  }

  continueWorkflow(executionId: string): Promise<RunView> {
    return this.#ending(() => this.#executions.attach(this.#executions.row(executionId)))
  }

  /**
   * Drives every execution of the file that has not ended. One that cannot be taken up is logged and left
   * as it is.
   *
   * @returns how many are driven now
   */
  recoverAll(): number {
    let count = 0
    for (const row of this.#parts.journal.open()) {
      try {
        this.#executions.attach(row)
        count++
      } catch (thrown) {
        const { executionId } = row
        const message = `execution '${executionId}' cannot be taken up: ${messageOf(thrown)}`
        this.#parts.logger.log('error', message, { executionId })
      }
    }
    return count
  }

  async pauseWorkflow(executionId: string): Promise<boolean> {
    return (await this.#steer(executionId, () => [{ kind: 'pause' }])) ?? false
  }

  async resumeWorkflow(executionId: string): Promise<boolean> {
    return (await this.#steer(executionId, () => [{ kind: 'resume' }])) ?? false
  }

  async cancelWorkflow(executionId: string): Promise<boolean> {
    return (await this.#steer(executionId, cancelling)) ?? false
  }

  async signal(executionId: string, name: string, data: JsonValue): Promise<void> {
    const own = payload(data, `data of signal '${name}'`)
    const taken = await this.#steer(executionId, (running) => {
      checkSignal(running, name, own)
      return [{ kind: 'signal', name, data: own }]
    })
    if (taken === null) throw ended(executionId, 'takes no signal any more')
  }

  async resolve(executionId: string, step: string, resolution: Resolution): Promise<void> {
    const own: Resolution =
      resolution.kind === 'succeed'
        ? { kind: 'succeed', output: payload(resolution.output, `output of step '${step}'`) }
        : resolution
    const resolved = await this.#steer(executionId, (running) => {
      // Whoever ran this is gone: what was running is lost, and thereby uncertain where it must be.
      if (!running.isDriven) this.#runner.stimulate(running, { kind: 'recovered' })
      return [{ kind: 'resolve', call: uncertainCall(running, step), resolution: own }]
    })
    if (resolved === null) throw ended(executionId, 'has nothing to resolve')
  }

  async getExecution(executionId: string): Promise<ShowView> {
    const running = this.#runner.executions.get(executionId)
    // What is shown is durable, unless nothing can be made durable at present.
    if (running?.isDirty === true && this.#runner.committer.stalled === null) {
      await this.#runner.flushed(running)
    }
    return this.#executions.show(executionId)
  }

  /** Intent, key and receipt of every call that the execution has made. @throws NotFoundError */
  ledger(executionId: string): readonly LedgerEntry[] {
    return this.#executions.ledger(executionId)
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
    await this.#drained()
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

  /** Running attempts have ended and are recorded, or it took too long. */
  #drained(): Promise<void> {
    const { dispatcher, committer } = this.#runner
    return new Promise((resolve) => {
      const cancel = this.#parts.clock.after(drainMs, resolve)
      void dispatcher
        .idle()
        .then(() => committer.idle())
        .then(() => {
          cancel()
          resolve()
        })
    })
  }

  #define(workflowId: string, work: WorkflowData | readonly WorkflowStep[]): Definition {
    const data = Array.isArray(work)
      ? stepsToDocument(work as readonly WorkflowStep[], { name: workflowId })
      : (work as WorkflowData)
    return this.#definitions.ofData(data)
  }

  /**
   * Applies stimuli to an execution, in memory or loaded for this alone, and waits until they are durable.
   *
   * @returns whether the last one changed something; null when the execution has ended
   */
  async #steer(
    executionId: string,
    decide: (running: Running) => readonly Stimulus[],
  ): Promise<boolean | null> {
    const running = this.#executions.open(executionId)
    if (running === null || running.state.phase === 'ended') return null
    return this.#holding(running, async () => {
      let seqBefore = running.state.seq
      for (const stimulus of decide(running)) {
        seqBefore = running.state.seq
        this.#runner.stimulate(running, stimulus)
      }
      const isChanged = running.state.seq > seqBefore
      await this.#runner.flushed(running)
      return isChanged
    })
  }

  /** Keeps an execution that nobody drives in memory while something is done to it. */
  async #holding<T>(running: Running, work: () => Promise<T>): Promise<T> {
    running.holders++
    try {
      return await work()
    } finally {
      running.holders--
      if (!running.isDriven && running.holders === 0 && !running.hasLeft) {
        this.#runner.leave(running)
        running.telemetry.ended('left', 0, null)
      }
    }
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

/** Where nobody drives the execution, what was running is lost: it need not be awaited. */
function cancelling(running: Running): readonly Stimulus[] {
  return running.isDriven ? [{ kind: 'cancel' }] : [{ kind: 'recovered' }, { kind: 'cancel' }]
}

function ended(executionId: string, what: string): OrchestrationError {
  return new OrchestrationError('RefusedError', `execution '${executionId}' has ended: it ${what}`)
}

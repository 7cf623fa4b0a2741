import { Memories } from '../agents/index.ts'
import type { OrchestrationError } from '../core/errors.ts'
import type { CloudEvent } from '../core/contracts/events.ts'
import type { JsonObject, JsonValue } from '../core/json.ts'
import {
  type PolicyAdviser,
  type Resolution,
  stepsToDocument,
  type WorkflowData,
  type WorkflowDocument,
  type WorkflowStep,
} from '../workflow/index.ts'
import type { AdaptationRequest } from './adaptation-request.ts'
import { Adaptations } from './adaptations.ts'
import { type Definition, Definitions } from './definitions.ts'
import type { InvokeOptions } from './direct-call.ts'
import { DirectCalls, type DirectCallsParts } from './direct-calls.ts'
import { drained, letAllGo } from './drained.ts'
import type { EmbeddedEngineParts } from './engine-parts.ts'
import { type Begun, Executions } from './executions.ts'
import { Families } from './families.ts'
import type { LedgerEntry } from './ledger.ts'
import { type Relays, relaysOf } from './outbox-relay.ts'
import { payload } from './payload.ts'
import { adviserOf } from './policy-advice.ts'
import { Reopening } from './reopening.ts'
import { type Retention, retentionOf } from './retention.ts'
import { Rollbacks } from './rollbacks.ts'
import { Runner } from './runner.ts'
import { Snapshots } from './snapshots.ts'
import { StateVerbs } from './state-verbs.ts'
import { Steering } from './steering.ts'
import { triggerHost } from './trigger-starts.ts'
import type { TriggerView } from './triggers/trigger-host.ts'
import { Triggers } from './triggers/triggers.ts'
import { cancelling, checkSignal, ended, uncertainCall } from './verb-checks.ts'
import type {
  AdaptationView,
  CheckpointView,
  DeadLetterFilter,
  DeadLetterView,
  EngineListener,
  ExecuteOptions,
  ForkOptions,
  ProgressView,
  RunView,
  ShowView,
  WorkflowEngine,
} from './workflow-engine.ts'
import type { RollbackOptions, StateWriteOptions, WorkflowStateEntry } from './workflow-state.ts'

/** The durable engine in this process, over one journal. */
export class EmbeddedEngine implements WorkflowEngine {
  readonly directCalls: DirectCalls
  /** The policy in force with this engine's load; null without one. */
  readonly policies: PolicyAdviser | null
  readonly #parts: EmbeddedEngineParts
  readonly #definitions: Definitions
  readonly #executions: Executions
  readonly #runner: Runner
  readonly #steering: Steering
  readonly #state: StateVerbs
  readonly #rollbacks: Rollbacks
  readonly #reopening: Reopening
  readonly #adaptations: Adaptations
  readonly #triggers: Triggers
  readonly #retention: Retention | null
  readonly #relay: Relays
  #memories: Memories | null = null
  #closing: Promise<void> | null = null

  constructor(parts: EmbeddedEngineParts) {
    this.#parts = parts
    const definitions = parts.definitions ?? new Definitions(parts.telemetry)
    const { clock, telemetry, isRecordingOnly = false } = parts
    const retention = retentionOf(parts, () => this.#runner.activeRoots > 0)
    const onEnded = (): void => retention?.noteEnded()
    const snapshots = new Snapshots(parts.journal, parts.logger, parts.snapshotEventsMin)
    const onDocuments = (): void => this.#triggers.refresh()
    const { tda = null, mesh = null, tenants = {}, pressure = () => null } = parts
    const onPublished = (): void => this.#relay.wake()
    this.policies = adviserOf(parts, () => this.#runner)
    const { policies } = this
    const made = { onEnded, onDocuments, onPublished, policies, snapshots }
    const memories = (): Memories => this.memories
    const runner = new Runner({ ...parts, tda, mesh, pressure, tenants, memories, ...made })
    const executions = new Executions(parts, { runner, definitions, snapshots, pressure })
    const steering = new Steering(executions, runner, pressure)
    const rollbacks = new Rollbacks({ executions, runner, steering, clock, isRecordingOnly })
    runner.family = new Families({ parts, runner, executions, definitions, rollbacks })
    this.#definitions = definitions
    this.#retention = retention
    this.#runner = runner
    this.#executions = executions
    this.#steering = steering
    this.#state = new StateVerbs({ executions, runner, steering, clock, telemetry })
    this.#rollbacks = rollbacks
    this.#reopening = new Reopening({ parts, executions, definitions, runner, steering, rollbacks })
    this.#adaptations = new Adaptations({ executions, steering, flags: parts.flags })
    const execute: DirectCallsParts['execute'] = (document, options) =>
      this.#ending(() => executions.begin(definitions.ofDocument(document), options))
    this.directCalls = new DirectCalls({ execute, executions, engine: this })
    this.#triggers = new Triggers(triggerHost({ parts, definitions, executions, runner }))
    this.#relay = relaysOf(parts, executions, (event) => this.deliver(event))
  }

  /** What its agents remember. */
  get memories(): Memories {
    const { journal, embedder = null, clock } = this.#parts
    this.#memories ??= new Memories({ store: journal.memories, embedder, clock })
    return this.#memories
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
    if (running !== null) await this.#steering.holding(running, () => this.#runner.flushed(running))
    return row.executionId
  }

  /**
   * Calls an agent outside a workflow, as durably as inside one: it is an execution of its own.
   *
   * @returns its output
   * @throws the error that it failed with; what `executeWorkflow` rejects with
   */
  invoke(
    agent: string,
    action: string,
    input: JsonObject = {},
    options?: InvokeOptions,
  ): Promise<JsonValue> {
    return this.directCalls.invoke({ agent, action }, input, options)
  }

  continueWorkflow(executionId: string): Promise<RunView> {
    this.#relay.wake()
    return this.#ending(() => this.#executions.attach(this.#executions.row(executionId)))
  }

  /**
   * Drives every execution of the file that has not ended, as many at once as may be active; the others
   * follow as these end. One that cannot be taken up is logged and left as it is.
   *
   * @returns how many there are
   */
  recoverAll(): number {
    this.#retention?.look()
    this.#relay.wake()
    return this.#executions.recoverAll()
  }

  async pauseWorkflow(executionId: string): Promise<boolean> {
    return (await this.#steering.steer(executionId, () => [{ kind: 'pause' }])) ?? false
  }

  async resumeWorkflow(executionId: string): Promise<boolean> {
    return (await this.#steering.steer(executionId, () => [{ kind: 'resume' }])) ?? false
  }

  async cancelWorkflow(executionId: string): Promise<boolean> {
    return (await this.#steering.steer(executionId, cancelling)) ?? false
  }

  async signal(executionId: string, name: string, data: JsonValue): Promise<void> {
    const own = payload(data, `data of signal '${name}'`)
    this.#steering.refuseWhenFull(own)
    const taken = await this.#steering.steer(executionId, (running) => {
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
    const resolved = await this.#steering.steer(executionId, (running) => {
      // Whoever ran this is gone: what was running is lost, and thereby uncertain where it must be.
      if (!running.isDriven) this.#runner.stimulate(running, { kind: 'recovered' })
      return [{ kind: 'resolve', call: uncertainCall(running, step), resolution: own }]
    })
    if (resolved === null) throw ended(executionId, 'has nothing to resolve')
  }

  adapt(executionId: string, request: AdaptationRequest): Promise<AdaptationView> {
    return this.#adaptations.adapt(executionId, request)
  }

  revertAdaptation(executionId: string, id: string, because: string): Promise<boolean> {
    return this.#adaptations.revert(executionId, id, because)
  }

  async getExecution(executionId: string): Promise<ShowView> {
    const running = this.#runner.executions.get(executionId)
    // What is shown is durable, unless nothing can be made durable at present.
    if (running !== undefined && this.#runner.isAhead(running)) await this.#runner.flushed(running)
    return this.#executions.show(executionId)
  }

  checkpoint(executionId: string, label?: string): Promise<CheckpointView> {
    return this.#rollbacks.takeCheckpoint(executionId, label ?? null)
  }

  rollback(executionId: string, to: string, options: RollbackOptions = {}): Promise<boolean> {
    return this.#rollbacks.rollBack(executionId, to, options)
  }

  fork(executionId: string, from: string, options: ForkOptions = {}): Promise<string> {
    return this.#reopening.fork(executionId, from, options)
  }

  redrive(id: string): Promise<void> {
    return this.#reopening.redrive(id)
  }

  discard(id: string): Promise<void> {
    return this.#reopening.discard(id)
  }

  async deadLetters(filter: DeadLetterFilter = {}): Promise<readonly DeadLetterView[]> {
    return this.#parts.journal.deadLetters(filter)
  }

  async registerWorkflow(data: WorkflowData): Promise<void> {
    const { document, hash, text } = this.#definitions.ofData(data)
    const { name, version } = document
    await this.#parts.journal.append({
      documents: [{ hash, text }],
      starts: [],
      rows: [],
      statuses: [],
      workflows: [{ name, version, documentHash: hash, atMs: this.#parts.clock.nowMs() }],
    })
    this.#triggers.refresh()
  }

  deliver(event: CloudEvent): Promise<readonly string[]> {
    return this.#triggers.deliver(event)
  }

  /** Arms the schedules of every known workflow, and starts what was missed. */
  startTriggers(): void {
    this.#retention?.start()
    this.#triggers.start()
  }

  /** Every trigger that can fire, for those who watch the engine. */
  describeTriggers(): readonly TriggerView[] {
    return this.#triggers.describe()
  }

  async getState(executionId: string, key: string): Promise<JsonValue> {
    return (await this.#state.entry(executionId, key))?.value ?? null
  }

  getStateEntry(executionId: string, key: string): Promise<WorkflowStateEntry | null> {
    return this.#state.entry(executionId, key)
  }

  listState(executionId: string): Promise<readonly WorkflowStateEntry[]> {
    return this.#state.list(executionId)
  }

  setState(
    executionId: string,
    key: string,
    value: JsonValue,
    options: StateWriteOptions = {},
  ): Promise<true> {
    return this.#state.set(executionId, key, { value, options })
  }

  deleteState(
    executionId: string,
    key: string,
    options: Pick<StateWriteOptions, 'expectedVersion'> = {},
  ): Promise<boolean> {
    return this.#state.delete(executionId, key, options)
  }

  async createCheckpoint(executionId: string, label?: string): Promise<string> {
    return (await this.checkpoint(executionId, label)).checkpointId
  }

  rollbackToCheckpoint(
    executionId: string,
    checkpoint: string,
    options: RollbackOptions = {},
  ): Promise<boolean> {
    return this.rollback(executionId, checkpoint, options)
  }

  async getWorkflowProgress(executionId: string): Promise<ProgressView> {
    return (await this.getExecution(executionId)).progress
  }

  /** Intent, key and receipt of every call that the execution has made. @throws NotFoundError */
  ledger(executionId: string): readonly LedgerEntry[] {
    return this.#executions.ledger(executionId)
  }

  /** Why nothing can be recorded at present; null when all is well. */
  get stalled(): OrchestrationError | null {
    return this.#runner.committer.stalled
  }

  /** Armed timers, attempts that run, keys of `concurrency` in use, and executions in memory: all zero when nothing is left over. */
  get held(): Readonly<Record<'timers' | 'attempts' | 'slots' | 'executions', number>> {
    return {
      timers: this.#runner.armedTimers,
      attempts: this.#runner.dispatcher.inFlight,
      slots: this.#runner.dispatcher.slots,
      executions: this.#runner.executions.size,
    }
  }

  /** Executions out of memory that only wait, and such as somebody waits for the end of: both zero when all have ended. */
  get awaited(): { readonly parked: number; readonly watched: number } {
    const { parking, family } = this.#runner
    return { parked: parking.size, watched: family?.watched ?? 0 }
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
    const relayClosed = this.#relay.close()
    const triggersClosed = this.#triggers.close()
    this.#retention?.close()
    this.#executions.isClosed = true
    this.#executions.queue.close()
    for (const running of runner.executions.values()) running.isDriven = false
    await Promise.all([relayClosed, triggersClosed])
    await drained(this.#parts.clock, runner)
    runner.close()
    letAllGo(runner)
    await this.#parts.journal.close()
    await this.#parts.release()
  }

  #define(workflowId: string, work: WorkflowData | readonly WorkflowStep[]): Definition {
    const data = Array.isArray(work)
      ? stepsToDocument(work as readonly WorkflowStep[], { name: workflowId })
      : (work as WorkflowData)
    return this.#definitions.ofData(data)
  }

  #ending(begin: () => Begun): Promise<RunView> {
    return new Promise((resolve, reject) => {
      const { running, row } = begin()
      if (running === null) resolve(this.#executions.run(row))
      else this.#runner.ended(running.row.executionId, { resolve, reject })
    })
  }

  async #accepted({ running, row }: Begun): Promise<string> {
    if (running !== null) await this.#runner.flushed(running)
    return row.executionId
  }
}

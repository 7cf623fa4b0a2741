import type { FlagProvider } from '../../core/contracts/flags.ts'
import { unavailableTda } from '../../core/contracts/tda.ts'
import type { JsonValue } from '../../core/json.ts'
import type { Random } from '../../core/random.ts'
import {
  adaptedNoMore,
  anomalyInForce,
  checkedLabel,
  checkpointRefusal,
  ended,
  executionOfLetter,
  foldEntries,
  madeAdaptation,
  namedCheckpoint,
  stateEntryView,
  writtenNoMore,
} from '../../engine/hosted.ts'
import {
  adaptationFlags,
  type AdaptationRequest,
  type AdaptationView,
  checkedDeletion,
  checkedRequest,
  checkedWrite,
  checkFits,
  type CheckpointView,
  type DeadLetterFilter,
  type DeadLetterView,
  type Definition,
  Definitions,
  type ExecuteOptions,
  forkIdTaken,
  type ForkOptions,
  type LogEntry,
  payload,
  type ProgressView,
  type RollbackOptions,
  type RunView,
  type ShowView,
  type StateWriteOptions,
  type WorkflowEngine,
  type WorkflowStateEntry,
} from '../../engine/index.ts'
import {
  entriesAt,
  forkOriginOf,
  type Resolution,
  type StateEntry,
  stepsToDocument,
  type WorkflowData,
  type WorkflowDocument,
  type WorkflowStep,
} from '../../workflow/index.ts'
import type { PolicyData } from '../../semantic/index.ts'
import { Listing, type ListedExecution, type ListFilter } from './listing.ts'
import { RemoteExecutions, type RemoteParts } from './remote-executions.ts'
import { TemporalSchedules } from './schedules.ts'
import { startOf, type StartParts } from './start.ts'
import { refusedByTemporal } from './unsupported.ts'
import type { Verb } from './wire.ts'

export interface TemporalEngineParts extends RemoteParts {
  readonly random: Random
  readonly heartbeatTimeoutMs: number
  readonly policy: PolicyData | null
  /** A run of an execution is followed by a new one after so many events; null: when Temporal suggests it. */
  readonly historyEventsMax: number | null
  /** Whether what is too large for Temporal is kept elsewhere. */
  readonly hasPayloadStore: boolean
  /** Null: every flag is on. */
  readonly flags: FlagProvider | null
  /** Ends what was opened for it. */
  readonly close: () => Promise<void>
}

/**
 * The part of the port `WorkflowEngine` that Temporal carries. An execution is a workflow of the same id, whose
 * history is its journal; workers of the task queue drive it. What a method has resolved for is in that history.
 */
export class TemporalEngine implements WorkflowEngine {
  readonly #parts: TemporalEngineParts
  readonly #definitions = new Definitions()
  readonly #executions: RemoteExecutions
  readonly #listing: Listing
  /** Of documents with schedule triggers. */
  readonly schedules: TemporalSchedules
  #isClosed = false

  constructor(parts: TemporalEngineParts) {
    this.#parts = parts
    this.#executions = new RemoteExecutions(parts)
    this.#listing = new Listing({ ...parts, executions: this.#executions })
    this.schedules = new TemporalSchedules({ ...parts, start: () => this.#startParts() })
  }

  /**
   * As the port has it. Once it has started, a Temporal that does not answer, or has too many who wait, is waited for, until `close`.
   *
   * @throws RefusedError for a document that needs what the Temporal engine does not have
   */
  async executeWorkflow(
    workflowId: string,
    work: WorkflowData | readonly WorkflowStep[],
    options: ExecuteOptions = {},
  ): Promise<RunView> {
    return this.continueWorkflow(await this.startWorkflow(workflowId, work, options))
  }

  async startWorkflow(
    workflowId: string,
    work: WorkflowData | readonly WorkflowStep[],
    options: ExecuteOptions = {},
  ): Promise<string> {
    const data = Array.isArray(work)
      ? stepsToDocument(work as readonly WorkflowStep[], { name: workflowId })
      : (work as WorkflowData)
    return this.#start(this.#definitions.ofData(data), options)
  }

  /** As `startWorkflow`, for a document that was read before. */
  async startDocument(document: WorkflowDocument, options: ExecuteOptions = {}): Promise<string> {
    return this.#start(this.#definitions.ofDocument(document), options)
  }

  /** As `startDocument`, once for an id: false when it is taken, whatever by. */
  startOnce(document: WorkflowDocument, options: ExecuteOptions): Promise<boolean> {
    const definition = this.#definitions.ofDocument(document)
    return this.#executions.start(startOf(definition, options, this.#startParts()))
  }

  async continueWorkflow(executionId: string): Promise<RunView> {
    const { used: _, ...run } = await this.#executions.untilEnd(executionId, () => this.#isClosed)
    return run
  }

  pauseWorkflow(executionId: string): Promise<boolean> {
    return this.#steerOpen(executionId, { kind: 'pause' })
  }

  resumeWorkflow(executionId: string): Promise<boolean> {
    return this.#steerOpen(executionId, { kind: 'resume' })
  }

  cancelWorkflow(executionId: string): Promise<boolean> {
    return this.#steerOpen(executionId, { kind: 'cancel' })
  }

  async signal(executionId: string, name: string, data: JsonValue): Promise<void> {
    const verb: Verb = { kind: 'signal', name, data: payload(data, `data of signal '${name}'`) }
    const taken = await this.#executions.steer(executionId, verb)
    if (taken === null) throw ended(executionId, 'takes no signal any more')
  }

  async resolve(executionId: string, step: string, resolution: Resolution): Promise<void> {
    const own: Resolution =
      resolution.kind === 'succeed'
        ? { kind: 'succeed', output: payload(resolution.output, `output of step '${step}'`) }
        : resolution
    const verb: Verb = { kind: 'resolve', step, resolution: own }
    const taken = await this.#executions.steer(executionId, verb)
    if (taken === null) throw ended(executionId, 'has nothing to resolve')
  }

  async adapt(executionId: string, asked: AdaptationRequest): Promise<AdaptationView> {
    const request = checkedRequest(asked)
    const { flags } = this.#parts
    const workflow = flags === null ? '' : (await this.getRun(executionId)).workflow
    const decided = adaptationFlags(flags, { executionId, workflow })
    const verb: Verb = { kind: 'adapt', request, flags: decided }
    const made = await this.#executions.steer(executionId, verb)
    if (made !== null) return made as unknown as AdaptationView
    const { state } = await this.#executions.load(executionId)
    return madeAdaptation(state, request.id)
  }

  async revertAdaptation(executionId: string, id: string, because: string): Promise<boolean> {
    const verb: Verb = { kind: 'revertAdaptation', id, because }
    const answer = await this.#executions.steer(executionId, verb)
    if (answer === null) throw adaptedNoMore(executionId)
    return answer === true
  }

  async checkpoint(executionId: string, label?: string): Promise<CheckpointView> {
    const name = label === undefined ? null : checkedLabel(label)
    const verb: Verb = { kind: 'checkpoint', label: name }
    const taken = await this.#executions.steer(executionId, verb)
    if (taken === null) throw checkpointRefusal(executionId)
    return taken as unknown as CheckpointView
  }

  async rollback(executionId: string, to: string, options: RollbackOptions = {}): Promise<boolean> {
    const { acceptEffects = false } = options
    const { children } = await this.#executions.effects(executionId, to)
    const effectsBelow = await this.#executions.effectsOf(children)
    const verb: Verb = { kind: 'rollback', to, acceptEffects, effectsBelow }
    return (await this.#executions.steer(executionId, verb)) === true
  }

  async fork(executionId: string, from: string, options: ForkOptions = {}): Promise<string> {
    const { start, state, log } = await this.#executions.load(executionId)
    const nowMs = this.#executions.nowMs
    const anomalyAtMs = anomalyInForce(unavailableTda, state, nowMs)
    const { seq } = namedCheckpoint(state, from, anomalyAtMs)
    const before = foldEntries(executionId, state.plan, { entries: log, seqMax: seq })
    const origin = forkOriginOf(before, entriesAt(before, nowMs))
    const definition =
      options.document === undefined
        ? this.#definitions.ofDocument(start.document)
        : this.#definitions.ofData(options.document)
    checkFits(origin.steps, { from: before.plan, to: definition })
    const isSame = definition.hash === start.documentHash
    const forked = startOf(
      definition,
      {
        input: before.input,
        ...(options.executionId === undefined ? {} : { executionId: options.executionId }),
        workflows: Object.values(start.documents) as readonly WorkflowData[],
        origin: {
          fork: isSame ? origin : { ...origin, adaptations: [] },
          ...(isSame && Object.keys(before.pins).length > 0 ? { pins: before.pins } : {}),
        },
      },
      this.#startParts(),
    )
    if (!(await this.#executions.start(forked))) throw forkIdTaken(forked.executionId)
    return forked.executionId
  }

  async redrive(id: string): Promise<void> {
    await this.#executions.steer(executionOfLetter(id), { kind: 'redrive', id })
  }

  async discard(id: string): Promise<void> {
    await this.#executions.steer(executionOfLetter(id), { kind: 'discard', id })
  }

  deadLetters(filter: DeadLetterFilter = {}): Promise<readonly DeadLetterView[]> {
    return this.#listing.deadLetters(filter)
  }

  /** Executions of the task queue, newest first. What happened in the last moment may not be in it yet. */
  list(filter: ListFilter = {}): Promise<readonly ListedExecution[]> {
    return this.#listing.list(filter)
  }

  /** @throws RefusedError always: nothing is registered in Temporal */
  async registerWorkflow(): Promise<never> {
    throw refusedByTemporal('registerWorkflow')
  }

  /** @throws RefusedError always: nothing that a trigger could belong to is registered in Temporal */
  async deliver(): Promise<never> {
    throw refusedByTemporal('deliver')
  }

  /** @throws RefusedError always: workers of other processes drive the executions */
  subscribe(): never {
    throw refusedByTemporal('subscribe')
  }

  async getState(executionId: string, key: string): Promise<JsonValue> {
    return (await this.getStateEntry(executionId, key))?.value ?? null
  }

  async getStateEntry(executionId: string, key: string): Promise<WorkflowStateEntry | null> {
    return (await this.listState(executionId)).find((entry) => entry.key === key) ?? null
  }

  async listState(executionId: string): Promise<readonly WorkflowStateEntry[]> {
    const { nowMs } = this.#executions
    const entries = await this.#executions.ask<readonly StateEntry[]>(executionId, 'entries', nowMs)
    return entries.map((entry) => stateEntryView(executionId, entry))
  }

  async setState(
    executionId: string,
    key: string,
    value: JsonValue,
    options: StateWriteOptions = {},
  ): Promise<true> {
    await this.#write(executionId, { kind: 'write', write: checkedWrite(key, value, options) })
    return true
  }

  deleteState(
    executionId: string,
    key: string,
    options: Pick<StateWriteOptions, 'expectedVersion'> = {},
  ): Promise<boolean> {
    return this.#write(executionId, { kind: 'delete', write: checkedDeletion(key, options) })
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

  getExecution(executionId: string): Promise<ShowView> {
    return this.#executions.ask<ShowView>(executionId, 'show', this.#executions.nowMs)
  }

  /** The execution as `executeWorkflow` gives it, as it is now. */
  async getRun(executionId: string): Promise<RunView> {
    const { used: _, ...run } = await this.#executions.run(executionId)
    return run
  }

  /** Its events so far after `afterSeq`, oldest first. */
  getLog(executionId: string, afterSeq = 0): Promise<readonly LogEntry[]> {
    return this.#executions.log(executionId, afterSeq)
  }

  /** As `RemoteExecutions.requireWorkers`: what is started without one waits until there is one. */
  requireWorkers(executionId: string): Promise<void> {
    return this.#executions.requireWorkers(executionId)
  }

  /** Ends the connection and, where this engine has agents, its worker. Executions go on elsewhere, or later. */
  close(): Promise<void> {
    this.#isClosed = true
    return this.#parts.close()
  }

  async #start(definition: Definition, options: ExecuteOptions): Promise<string> {
    const start = startOf(definition, options, this.#startParts())
    await this.#executions.startOrAttach(start)
    return start.executionId
  }

  #startParts(): StartParts {
    return { ...this.#parts, nowMs: this.#executions.nowMs, definitions: this.#definitions }
  }

  async #steerOpen(executionId: string, verb: Verb): Promise<boolean> {
    return (await this.#executions.steer(executionId, verb)) === true
  }

  async #write(executionId: string, verb: Verb): Promise<boolean> {
    const answer = await this.#executions.steer(executionId, verb)
    if (answer === null) throw writtenNoMore(executionId)
    return answer === true
  }
}

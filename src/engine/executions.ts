import { OrchestrationError } from '../core/errors.ts'
import { executionId as checkedId, newExecutionId } from '../core/ids.ts'
import type { Pressure } from '../core/heap-pressure.ts'
import type { JsonObject } from '../core/json.ts'
import {
  type CallRef,
  type ExecutionState,
  newExecution,
  type Origin,
  type Plan,
  targetOf,
} from '../workflow/index.ts'
import { limits } from '../core/limits.ts'
import { checkAdmission, checkFlags, checkSameStart, type Load } from './acceptance.ts'
import { checkedInput, type Definition, type Definitions, startHashOf } from './definitions.ts'
import { missingAgent } from './missing-agent.ts'
import type { AgentDirectory } from './engine-agent.ts'
import type { EmbeddedEngineParts } from './engine-parts.ts'
import { bytesOf, foldRows, logEntries } from './folding.ts'
import type { ExecutionRow } from './journal/journal.ts'
import { type LedgerEntry, ledgerOf } from './ledger.ts'
import { unknownExecution } from './look.ts'
import { payload } from './payload.ts'
import { Pins } from './pins.ts'
import { RecoveryQueue } from './recovery-queue.ts'
import { newRunning, type Running } from './running.ts'
import type { Runner } from './runner.ts'
import type { Snapshots } from './snapshots.ts'
import { statusOf } from './status-of.ts'
import { prunedView, runView } from './views/run-view.ts'
import { prunedShow, showView } from './views/show-view.ts'
import type { ExecuteOptions, RunView, ShowView } from './workflow-engine.ts'

/** An execution that was begun or found. */
export interface Begun {
  /** Null when the execution has ended, or was recorded before. */
  readonly running: Running | null
  readonly row: ExecutionRow
}

export interface BeginOptions extends ExecuteOptions {
  /** Default true. */
  readonly isDriven?: boolean
  readonly origin?: Origin
  /** It is made inside a call, under whose place it is admitted. Default false. */
  readonly isNested?: boolean
}

export interface StartOptions {
  readonly executionId: string
  readonly input: JsonObject
  /** Number of the execution whose step it is. */
  readonly parent: number | null
  readonly origin: Origin
  /** Documents that are to be recorded with the start. */
  readonly pinned: readonly Definition[]
  readonly isDriven: boolean
}

export interface ExecutionsParts {
  readonly runner: Runner
  readonly definitions: Definitions
  readonly snapshots: Snapshots
  /** As that of the engine's parts. */
  readonly pressure: Pressure
}

/** Begins executions, finds them in memory or in the journal, and shows them. */
export class Executions {
  readonly #parts: EmbeddedEngineParts
  readonly #runner: Runner
  readonly #definitions: Definitions
  readonly #pins: Pins
  readonly #snapshots: Snapshots
  readonly #pressure: Pressure
  readonly queue: RecoveryQueue
  isClosed = false

  constructor(
    parts: EmbeddedEngineParts,
    { runner, definitions, snapshots, pressure }: ExecutionsParts,
  ) {
    this.#parts = parts
    this.#pressure = pressure
    this.#runner = runner
    this.#definitions = definitions
    this.#pins = new Pins(parts.journal, definitions)
    this.#snapshots = snapshots
    const activeMax = parts.limits?.activeExecutionsMax ?? limits.activeExecutionsMax
    this.queue = new RecoveryQueue({
      clock: parts.clock,
      logger: parts.logger,
      // A process that is full takes one after the other.
      hasRoom: () =>
        runner.activeRoots < activeMax && (runner.activeRoots === 0 || pressure(true) === null),
      takeUp: (executionId) => this.#takeUp(executionId),
    })
  }

  /** Accepts a start, or attaches to the execution that has its id. */
  begin(definition: Definition, options: BeginOptions): Begun {
    const { clock, random, flags, policies = null } = this.#parts
    this.#refuseWhenClosed()
    const input = checkedInput(definition, payload(options.input ?? {}, 'the input'))
    if (options.executionId !== undefined) {
      const id = checkedId(options.executionId)
      const known = this.known(id)
      if (known !== undefined) {
        checkSameStart(known, startHashOf(definition, input))
        return options.isDriven === false ? { running: null, row: known } : this.attach(known)
      }
    }
    const { document } = definition
    const executionId = options.executionId ?? newExecutionId(document.name, clock.nowMs(), random)
    const { pins, definitions } = this.#pins.resolve(definition, options.workflows ?? [])
    const decided = checkFlags(flags, document.featureFlags, {
      executionId,
      workflow: document.name,
    })
    if (options.isNested !== true)
      checkAdmission(this.#load(), { ...limits, ...this.#parts.limits })
    return this.start(definition, {
      executionId,
      input,
      parent: null,
      origin: {
        ...(pins === null ? {} : { pins }),
        ...tenantOf(document.metadata),
        ...(decided === null ? {} : { flags: decided }),
        // Only a policy asks for it later.
        ...(options.event === undefined || policies === null
          ? {}
          : { event: options.event as unknown as JsonObject }),
        ...options.origin,
      },
      pinned: definitions,
      isDriven: options.isDriven ?? true,
    })
  }

  /** Starts an execution that nothing speaks against any more. */
  start(definition: Definition, options: StartOptions): Begun & { readonly running: Running } {
    const { journal, clock, telemetry } = this.#parts
    const { document } = definition
    const { executionId, input, origin, parent } = options
    const row: ExecutionRow = {
      execution: journal.nextExecution(),
      executionId,
      workflow: document.name,
      version: document.version,
      documentHash: definition.hash,
      startHash: startHashOf(definition, input),
      status: 'pending',
      metadata: document.metadata,
      startedAtMs: clock.nowMs(),
      endedAtMs: null,
      parent,
      isPruned: false,
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
      documents: [...options.pinned, definition].filter(
        ({ hash }) => !this.#runner.committer.recorded.has(hash),
      ),
      isDriven: options.isDriven,
    })
    this.#runner.enter(running)
    this.#runner.stimulate(running, { kind: 'start', origin })
    return { running, row }
  }

  /** Takes up an execution of the journal, or finds it in memory. */
  attach(row: ExecutionRow): Begun {
    const active = this.#runner.executions.get(row.executionId)
    if (active !== undefined) {
      // A verb looks at one that has ended: it is as if it were not in memory.
      const isOver = active.state.phase === 'ended' && active.row.endedAtMs !== null
      if (isOver && !active.isDriven) return { running: null, row }
      if (!active.isDriven) this.#drive(active)
      return { running: active, row }
    }
    if (row.endedAtMs !== null) return { running: null, row }
    const knownDues = this.#runner.parking.take(row.executionId)
    const running = this.#bring(row)
    running.knownDues = knownDues
    this.#attachParent(running)
    if (!running.isDriven) this.#drive(running)
    return { running, row }
  }

  /**
   * Drives every execution of the file that has not ended, as many at once as may be active; the others
   * follow as these end.
   *
   * @returns how many there are
   */
  recoverAll(): number {
    this.#refuseWhenClosed()
    const open = this.#parts.journal.open()
    this.queue.push(open.map(({ executionId }) => executionId))
    return open.length
  }

  /** Ids of executions that this engine drives or will drive, and that begin with `prefix`. */
  openIds(prefix: string): readonly string[] {
    const { executions, parking } = this.#runner
    return [...executions.keys(), ...parking.ids(), ...this.queue.ids()].filter((executionId) =>
      executionId.startsWith(prefix),
    )
  }

  #takeUp(executionId: string): void {
    // It may have ended since it was queued: its parent has taken it up, or a verb.
    const row = this.known(executionId)
    const running = row === undefined ? null : this.attach(row).running
    if (running !== null) this.#runner.parkIfIdle(running)
  }

  #load(): Load {
    const { activeRoots, executions, parking, committer } = this.#runner
    return {
      active: activeRoots,
      open: executions.size + parking.size + this.queue.size,
      stalled: committer.stalled,
      pressure: this.#pressure(),
    }
  }

  /** The execution that this one works for is driven too, since it waits for its end. */
  #attachParent(running: Running): void {
    const { parent } = running.state
    if (parent === null || this.#runner.executions.get(parent.executionId)?.isDriven === true)
      return
    const row = this.#parts.journal.find(parent.executionId)
    if (row !== undefined && row.endedAtMs === null) this.attach(row)
  }

  #drive(running: Running): void {
    running.isDriven = true
    this.#runner.stimulate(running, { kind: 'recovered' })
  }

  /** Brings an execution into memory without driving it. */
  #bring(row: ExecutionRow): Running {
    const { telemetry } = this.#parts
    this.#refuseWhenClosed()
    this.#runner.makeRoom()
    const { executionId, workflow, version } = row
    const { state, snapshotSeq } = this.#snapshots.load(row, this.planOf(row))
    const running = newRunning({
      row,
      state,
      telemetry: telemetry.executionStarted({ executionId, workflow, version, recovered: true }),
      documents: [],
      isDriven: false,
    })
    running.isRecorded = true
    running.snapshotSeq = snapshotSeq
    running.mirroredSeq = null
    running.status = row.status
    this.#runner.enter(running)
    return running
  }

  planOf(row: ExecutionRow): Plan {
    return this.definitionOf(row).plan
  }

  /** The row of an execution, in memory or in the journal. */
  known(executionId: string): ExecutionRow | undefined {
    return this.#runner.executions.get(executionId)?.row ?? this.#parts.journal.find(executionId)
  }

  /** @throws NotFoundError; RefusedError once the engine is closed */
  row(executionId: string): ExecutionRow {
    this.#refuseWhenClosed()
    return this.known(executionId) ?? unknownExecution(this.#parts.journal, executionId)
  }

  /** The execution in memory, loaded without being driven when it is not; null when it has ended. */
  open(executionId: string): Running | null {
    const row = this.row(executionId)
    const active = this.#runner.executions.get(executionId)
    if (active !== undefined) return active
    // Who only sleeps is driven: its timers have to know what the verb changes.
    if (this.#runner.parking.has(executionId)) {
      const { running } = this.attach(row)
      if (running !== null) this.#runner.keepAwake(running)
      return running
    }
    return row.endedAtMs === null ? this.#bring(row) : null
  }

  /** As `open`, also an execution that has ended: what reopens it may be asked of it. */
  openEnded(executionId: string): Running {
    const row = this.row(executionId)
    refusePruned(row)
    return this.open(executionId) ?? this.#bring(row)
  }

  /**
   * An execution as it was after the event `seq`; all that is recorded where none is given.
   *
   * @throws NotFoundError when only its tombstone is left
   */
  stateAt(row: ExecutionRow, seq = Infinity): ExecutionState {
    refusePruned(row)
    const rows = this.#parts.journal.rows(row.execution)
    // Steps that a fork took over have positions between two events.
    return foldRows(row, this.planOf(row), rows, Math.floor(seq))
  }

  definitionOf(row: ExecutionRow): Definition {
    return this.#definitions.ofHash(row.documentHash, () =>
      this.#parts.journal.document(row.documentHash),
    )
  }

  /** A recorded execution, as `aura run` prints it. */
  run(row: ExecutionRow): RunView {
    if (row.isPruned) return prunedView(row)
    const state = this.stateAt(row)
    return runView(row, state, state.result ?? row.status)
  }

  /** @throws NotFoundError */
  show(executionId: string): ShowView {
    const { journal, clock } = this.#parts
    const row = this.row(executionId)
    if (row.isPruned) return prunedShow(row)
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
      missing: running?.missing ?? missingOf(state, this.#parts.agents),
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

/** Whose budget an execution spends: `metadata.tenant` of its document, where that is a text. */
function tenantOf({ tenant }: JsonObject): { readonly tenant?: string } {
  return typeof tenant === 'string' && tenant !== '' ? { tenant } : {}
}

/** @throws NotFoundError when only the tombstone of the execution is left */
function refusePruned(row: ExecutionRow): void {
  if (!row.isPruned) return
  throw new OrchestrationError(
    'NotFoundError',
    `execution '${row.executionId}' ended as ${row.status} and was removed by retention`,
    { hint: 'only that it ended is still known' },
  )
}

/** Calls of an execution out of memory that want agents which this process does not have. */
function missingOf(state: ExecutionState, agents: AgentDirectory): ReadonlyMap<CallRef, string> {
  const missing = new Map<CallRef, string>()
  for (const call of state.live) {
    if (call.status !== 'scheduled' && call.status !== 'lookingUp') continue
    const { target } = targetOf(call)
    if (target.kind !== 'agent') continue
    const { agent, action } = target
    if (agents.resolve(agent)?.contract(action) === undefined)
      missing.set(call.ref, missingAgent(agent, action))
  }
  return missing
}

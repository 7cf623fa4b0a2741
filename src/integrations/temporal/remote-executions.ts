import type { Client, WorkflowExecutionDescription, WorkflowHandle } from '@temporalio/client'
import { type Clock, systemClock } from '../../core/clock.ts'
import { OrchestrationError } from '../../core/errors.ts'
import type { JsonValue } from '../../core/json.ts'
import { foldEntries, runView } from '../../engine/hosted.ts'
import { systemRandom } from '../../core/random.ts'
import { checkSameStart, type LogEntry } from '../../engine/index.ts'
import { compilePlan, type ExecutionState, type Stimulus } from '../../workflow/index.ts'
import { workersOf } from './connect.ts'
import { rowsOf } from './log-rows.ts'
import { searchAttributes } from './search-attributes.ts'
import { startMemo } from './start-memo.ts'
import type { ClientModule } from './load.ts'
import { isDropped, isForNow, noWorker, temporalError } from './temporal-error.ts'
import { decideVerb, reopens } from './verbs.ts'
import {
  type Asked,
  type EndedRun,
  type ExecutionStart,
  type LogPage,
  type Verb,
  workflowType,
} from './wire.ts'

/** The task queues that share the work. */
export interface TaskQueues {
  readonly all: readonly string[]
  /** For which an execution is started. */
  of(executionId: string): string
}

export interface RemoteParts {
  readonly module: ClientModule
  readonly client: Client
  readonly address: string
  readonly taskQueue: string
  /** Where several share the work. Default: `taskQueue` alone. */
  readonly taskQueues?: TaskQueues
  readonly clock: Clock
}

/** What an execution did that nothing undoes, and the sub-workflows that may have done more. */
export interface Effects {
  readonly own: readonly string[]
  readonly children: readonly string[]
}

/** An execution that has ended, as its history tells it. */
export interface EndedExecution {
  readonly start: ExecutionStart
  readonly state: ExecutionState
  readonly log: readonly LogEntry[]
}

/** How long a question or a verb waits for a worker. */
const answerTimeoutMs = 15_000
/** How long whoever waits for an end waits while Temporal does not answer, or has too many who wait: at first, and at most. */
const [waitMsMin, waitMsMax] = [500, 5_000]
/** How often an execution that is between two runs is asked again, and how long apart. */
const triesMax = 20
const tryEveryMs = 100

/** Executions as workflows of Temporal: starts, questions, verbs, and new runs of those that have ended. */
export class RemoteExecutions {
  readonly #parts: RemoteParts

  constructor(parts: RemoteParts) {
    this.#parts = parts
  }

  get nowMs(): number {
    return this.#parts.clock.nowMs()
  }

  /** @returns false when the id is taken */
  start(start: ExecutionStart): Promise<boolean> {
    return this.#start(start, 'REJECT_DUPLICATE')
  }

  /**
   * Starts it where its id is free; false where the same document was started with the same input before.
   *
   * @throws UsageError when another one has the id
   */
  async startOrAttach(start: ExecutionStart): Promise<boolean> {
    if (await this.start(start)) return true
    const { executionId, startHash, document } = start
    const { memo = {} } = await this.handle(executionId).describe()
    const text = (name: string, missing: string): string => {
      const value = memo[name]
      return typeof value === 'string' ? value : missing
    }
    const known = {
      executionId,
      workflow: text('workflow', document.name),
      version: text('version', document.version),
      startHash: text('startHash', ''),
    }
    checkSameStart(known, startHash)
    return false
  }

  /**
   * How it ended, however long that takes. A Temporal that does not answer is waited for.
   *
   * @param isClosed nobody waits any more: then the next fault is thrown
   */
  async untilEnd(executionId: string, isClosed: () => boolean): Promise<EndedRun> {
    const { clock, module } = this.#parts
    for (let waitMs = waitMsMin; ; waitMs = Math.min(2 * waitMs, waitMsMax)) {
      try {
        return await this.#whole((await this.handle(executionId).result()) as EndedRun)
      } catch (thrown) {
        if (thrown instanceof module.WorkflowFailedError)
          return this.#unhappyEnd(executionId, thrown)
        if (isClosed() || !isForNow(module, thrown)) throw this.error(executionId, thrown)
        await new Promise<void>((resolve) => clock.after(waitMs * (0.5 + systemRandom()), resolve))
      }
    }
  }

  handle(executionId: string): WorkflowHandle {
    return this.#parts.client.workflow.getHandle(executionId)
  }

  /** @throws NotFoundError; AgentCommunicationError without a worker */
  async ask<Answer>(
    executionId: string,
    query: string,
    ...given: readonly unknown[]
  ): Promise<Answer> {
    const ask = (): Promise<Asked<Answer>> =>
      this.#soon(() => this.handle(executionId).query<Asked<Answer>, unknown[]>(query, ...given))
    try {
      const { asked } = await ask().catch((thrown: unknown) => {
        if (!isDropped(this.#parts.module, thrown)) throw thrown
        return ask()
      })
      return asked
    } catch (thrown) {
      throw this.error(executionId, thrown)
    }
  }

  /**
   * Asks an execution for something; some verbs have one that has ended go on in a new run.
   *
   * @returns its answer; null when it has ended and the verb is for open ones
   * @throws the refusal; NotFoundError
   */
  async steer(executionId: string, verb: Verb): Promise<JsonValue> {
    for (let tries = 1; ; tries++) {
      const answer = await this.#update(executionId, verb)
      if (answer !== undefined) return answer
      if (!reopens(verb)) return null
      const reopened = await this.reopen(executionId, ({ state, log }) => {
        const { nowMs } = this
        const stateAt = (seq: number): ExecutionState => folded(state, log, seq)
        const { stimuli, answer: answerOf } = decideVerb({ state, nowMs, stateAt }, verb)
        return { stimuli, answer: answerOf(stimuli.length > 0) }
      })
      if (reopened !== undefined) return reopened.answer
      await this.#again(executionId, tries)
    }
  }

  /**
   * Has an execution that has ended go on with these stimuli, in a new run of the same id; without any it
   * stays as it is.
   *
   * @returns undefined when it has not ended, or somebody else was faster
   */
  async reopen<Decided extends { readonly stimuli: readonly Stimulus[] }>(
    executionId: string,
    decide: (execution: EndedExecution) => Decided,
  ): Promise<Decided | undefined> {
    const execution = await this.load(executionId)
    const { start, state } = execution
    if (state.phase !== 'ended' || start.earlier === null) return undefined
    const decided = decide(execution)
    if (decided.stimuli.length === 0) return decided
    const rows = rowsOf(execution.log)
    const earlier = { ...start.earlier, rows, first: decided.stimuli }
    const isStarted = await this.#start({ ...start, earlier }, 'ALLOW_DUPLICATE')
    return isStarted ? decided : undefined
  }

  /** The whole of an execution, also of one that has ended. */
  async load(executionId: string): Promise<EndedExecution> {
    const start = await this.ask<ExecutionStart>(executionId, 'start')
    const log = await this.log(executionId)
    const plan = compilePlan(start.document, start.documentHash)
    return { start, log, state: foldEntries(executionId, plan, { entries: log }) }
  }

  /** The execution as it is now. */
  async run(executionId: string): Promise<EndedRun> {
    return this.#whole(await this.ask<EndedRun>(executionId, 'run'))
  }

  /** Its events so far after one of them, oldest first. */
  async log(executionId: string, afterSeq = 0): Promise<readonly LogEntry[]> {
    const entries: LogEntry[] = []
    for (;;) {
      const page = await this.ask<LogPage>(executionId, 'log', entries.at(-1)?.seq ?? afterSeq)
      entries.push(...page.entries)
      if (page.isLast) return entries
    }
  }

  /** What these executions and their sub-workflows did that nothing undoes, as `<execution>/<call>`. */
  async effectsOf(executionIds: readonly string[]): Promise<readonly string[]> {
    const found: string[] = []
    for (const executionId of executionIds) {
      if (!(await this.exists(executionId))) continue
      const { own, children } = await this.effects(executionId, null)
      found.push(...own.map((label) => `${executionId}/${label}`))
      found.push(...(await this.effectsOf(children)))
    }
    return found
  }

  effects(executionId: string, to: string | null): Promise<Effects> {
    return this.ask<Effects>(executionId, 'effects', to, this.nowMs)
  }

  /** By its index, which may be a moment behind; null where nobody has told it. */
  async statusOf(executionId: string): Promise<string | null> {
    const { typedSearchAttributes } = await this.handle(executionId).describe()
    return typedSearchAttributes.get(searchAttributes.status) ?? null
  }

  async exists(executionId: string): Promise<boolean> {
    return (await this.#described(executionId)) !== null
  }

  /** Whether Temporal runs it. */
  async isOpen(executionId: string): Promise<boolean> {
    return (await this.#described(executionId))?.status.name === 'RUNNING'
  }

  /**
   * Asks Temporal whether anybody has worked for the execution's task queue within the last minutes.
   *
   * @throws AgentCommunicationError when nobody has
   */
  async requireWorkers(executionId: string): Promise<void> {
    const { client, address } = this.#parts
    const taskQueue = taskQueueOf(this.#parts, executionId)
    const workers = await workersOf(client, taskQueue).catch((thrown: unknown) => {
      throw this.error(executionId, thrown)
    })
    if (workers === 0) throw noWorker({ address, taskQueue })
  }

  error(executionId: string, thrown: unknown): OrchestrationError {
    const { module, address } = this.#parts
    const taskQueue = taskQueueOf(this.#parts, executionId)
    return temporalError(module, thrown, { executionId, address, taskQueue })
  }

  async #start(
    start: ExecutionStart,
    workflowIdReusePolicy: 'REJECT_DUPLICATE' | 'ALLOW_DUPLICATE',
  ): Promise<boolean> {
    const { client, module } = this.#parts
    const { executionId } = start
    try {
      await client.workflow.start(workflowType, {
        workflowId: executionId,
        taskQueue: taskQueueOf(this.#parts, executionId),
        args: [start],
        workflowIdReusePolicy,
        ...startMemo(start),
      })
      return true
    } catch (thrown) {
      if (thrown instanceof module.WorkflowExecutionAlreadyStartedError) return false
      throw this.error(executionId, thrown)
    }
  }

  /** What was too large for Temporal is made of the events. */
  async #whole({ isCut, ...run }: EndedRun): Promise<EndedRun> {
    if (isCut !== true) return run
    const { state } = await this.load(run.executionId)
    return { ...run, ...runView(run, state, run.status) }
  }

  /** A failed execution carries its view; a cancelled one is asked for it. */
  async #unhappyEnd(
    executionId: string,
    { cause }: { readonly cause?: unknown },
  ): Promise<EndedRun> {
    const { ApplicationFailure, CancelledFailure } = this.#parts.module
    if (cause instanceof ApplicationFailure && cause.details?.[0] !== undefined)
      return this.#whole(cause.details[0] as EndedRun)
    if (cause instanceof CancelledFailure) return this.run(executionId)
    throw new OrchestrationError(
      'StateConsistencyError',
      `execution '${executionId}' was ended by Temporal itself, not by its workflow`,
      { cause, hint: 'somebody terminated it, or it ran into a limit of Temporal: look there' },
    )
  }

  /** @returns undefined when the execution has ended */
  async #update(executionId: string, verb: Verb): Promise<JsonValue | undefined> {
    try {
      return await this.#soon(() =>
        this.handle(executionId).executeUpdate<JsonValue, [Verb]>('steer', { args: [verb] }),
      )
    } catch (thrown) {
      const isClosed = thrown instanceof this.#parts.module.WorkflowNotFoundError
      if (isClosed && (await this.exists(executionId))) return undefined
      throw this.error(executionId, thrown)
    }
  }

  /** Null where there is none. */
  async #described(executionId: string): Promise<WorkflowExecutionDescription | null> {
    try {
      return await this.handle(executionId).describe()
    } catch (thrown) {
      const error = this.error(executionId, thrown)
      if (error.code === 'NotFoundError') return null
      throw error
    }
  }

  async #again(executionId: string, tries: number): Promise<void> {
    if (tries >= triesMax)
      throw new OrchestrationError(
        'StateConsistencyError',
        `execution '${executionId}' neither goes on nor has ended for ${triesMax} tries`,
        { retryable: true, hint: 'look at its workflow in Temporal' },
      )
    await new Promise<void>((resolve) => this.#parts.clock.after(tryEveryMs, resolve))
  }

  #soon<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
    // Deadlines are those of the computer, whatever clock the engine was given.
    return this.#parts.client.withDeadline(systemClock.nowMs() + answerTimeoutMs, ask)
  }
}

function folded(state: ExecutionState, entries: readonly LogEntry[], seq: number): ExecutionState {
  return foldEntries(state.executionId, state.plan, { entries, seqMax: seq })
}

/** The task queue for which an execution is started. */
function taskQueueOf(
  { taskQueue, taskQueues }: Pick<RemoteParts, 'taskQueue' | 'taskQueues'>,
  executionId: string,
): string {
  return taskQueues?.of(executionId) ?? taskQueue
}

import type { Client, WorkflowHandle } from '@temporalio/client'
import type { Clock } from '../../core/clock.ts'
import { OrchestrationError } from '../../core/errors.ts'
import type { JsonValue } from '../../core/json.ts'
import type { Random } from '../../core/random.ts'
import {
  checkSameStart,
  type Definition,
  Definitions,
  type ExecuteOptions,
  type LogEntry,
  payload,
  type RunView,
  type ShowView,
  type WorkflowEngine,
} from '../../engine/index.ts'
import {
  type Resolution,
  stepsToDocument,
  type WorkflowData,
  type WorkflowDocument,
  type WorkflowStep,
} from '../../workflow/index.ts'
import type { PolicyData } from '../../semantic/index.ts'
import { workersOf } from './connect.ts'
import type { ClientModule } from './load.ts'
import { startOf } from './start.ts'
import { isOutage, noWorker, temporalError } from './temporal-error.ts'
import { type ExecutionStart, type Verb, workflowType } from './wire.ts'

export interface TemporalEngineParts {
  readonly module: ClientModule
  readonly client: Client
  readonly address: string
  readonly taskQueue: string
  readonly clock: Clock
  readonly random: Random
  readonly heartbeatTimeoutMs: number
  readonly policy: PolicyData | null
  /** Ends what was opened for it. */
  readonly close: () => Promise<void>
}

type Port = Pick<
  WorkflowEngine,
  | 'executeWorkflow'
  | 'startWorkflow'
  | 'continueWorkflow'
  | 'pauseWorkflow'
  | 'resumeWorkflow'
  | 'cancelWorkflow'
  | 'signal'
  | 'resolve'
  | 'getExecution'
  | 'close'
>

/** How long a question or a verb waits for a worker. */
const answerTimeoutMs = 15_000
/** How often whoever waits for an end tries again while Temporal does not answer. */
const outageEveryMs = 500

/**
 * The part of the port `WorkflowEngine` that Temporal carries. An execution is a workflow of the same id, whose
 * history is its journal; workers of the task queue drive it. What a method has resolved for is in that history.
 */
export class TemporalEngine implements Port {
  readonly #parts: TemporalEngineParts
  readonly #definitions = new Definitions()
  #isClosed = false

  constructor(parts: TemporalEngineParts) {
    this.#parts = parts
  }

  /**
   * As the port has it. Once it has started, a Temporal that does not answer is waited for, until `close`.
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

  async continueWorkflow(executionId: string): Promise<RunView> {
    const { clock, module } = this.#parts
    for (;;) {
      try {
        return (await this.#handle(executionId).result()) as RunView
      } catch (thrown) {
        if (thrown instanceof module.WorkflowFailedError)
          return this.#unhappyEnd(executionId, thrown)
        if (this.#isClosed || !isOutage(module, thrown)) throw this.#error(executionId, thrown)
        await new Promise<void>((resolve) => clock.after(outageEveryMs, resolve))
      }
    }
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
    if ((await this.#steer(executionId, verb)) === null) throw over(executionId, 'takes no signals')
  }

  async resolve(executionId: string, step: string, resolution: Resolution): Promise<void> {
    const verb: Verb = { kind: 'resolve', step, resolution }
    if ((await this.#steer(executionId, verb)) === null)
      throw over(executionId, 'has nothing to resolve')
  }

  getExecution(executionId: string): Promise<ShowView> {
    return this.#ask<ShowView>(executionId, 'show')
  }

  /** The execution as `executeWorkflow` gives it, as it is now. */
  getRun(executionId: string): Promise<RunView> {
    return this.#ask<RunView>(executionId, 'run')
  }

  /** Its events so far, oldest first. */
  getLog(executionId: string): Promise<readonly LogEntry[]> {
    return this.#ask<readonly LogEntry[]>(executionId, 'log')
  }

  /**
   * Asks Temporal whether anybody has worked for the task queue within the last minutes.
   *
   * @throws AgentCommunicationError when nobody has: what is started waits until somebody does
   */
  async requireWorkers(): Promise<void> {
    const { client, address, taskQueue } = this.#parts
    const workers = await workersOf(client, taskQueue).catch((thrown: unknown) => {
      throw this.#error(taskQueue, thrown)
    })
    if (workers === 0) throw noWorker({ address, taskQueue })
  }

  /** Ends the connection and, where this engine has agents, its worker. Executions go on elsewhere, or later. */
  close(): Promise<void> {
    this.#isClosed = true
    return this.#parts.close()
  }

  async #start(definition: Definition, options: ExecuteOptions): Promise<string> {
    const { client, clock, taskQueue, module } = this.#parts
    const nowMs = clock.nowMs()
    const start = startOf(definition, options, { ...this.#parts, nowMs })
    const { executionId, startHash, document } = start
    try {
      await client.workflow.start(workflowType, {
        workflowId: executionId,
        taskQueue,
        args: [start],
        workflowIdReusePolicy: 'REJECT_DUPLICATE',
        memo: { workflow: document.name, version: document.version, startHash },
        staticSummary: `${document.name} ${document.version}`,
      })
    } catch (thrown) {
      if (!(thrown instanceof module.WorkflowExecutionAlreadyStartedError))
        throw this.#error(executionId, thrown)
      await this.#refuseOther(start)
    }
    return executionId
  }

  /** The id is taken: by the same document and input, or the start is refused. @throws UsageError */
  async #refuseOther({ executionId, startHash, document }: ExecutionStart): Promise<void> {
    const { memo = {} } = await this.#handle(executionId).describe()
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
  }

  /** A failed execution carries its view; a cancelled one is asked for it. */
  async #unhappyEnd(
    executionId: string,
    { cause }: { readonly cause?: unknown },
  ): Promise<RunView> {
    const { ApplicationFailure, CancelledFailure } = this.#parts.module
    if (cause instanceof ApplicationFailure && cause.details?.[0] !== undefined)
      return cause.details[0] as RunView
    if (cause instanceof CancelledFailure) return this.#ask<RunView>(executionId, 'run')
    throw new OrchestrationError(
      'StateConsistencyError',
      `execution '${executionId}' was ended by Temporal itself, not by its workflow`,
      { cause, hint: 'somebody terminated it, or it ran into a limit of Temporal: look there' },
    )
  }

  async #steerOpen(executionId: string, verb: Verb): Promise<boolean> {
    return (await this.#steer(executionId, verb)) ?? false
  }

  /** @returns whether it changed something; null when the execution has ended */
  async #steer(executionId: string, verb: Verb): Promise<boolean | null> {
    const handle = this.#handle(executionId)
    try {
      return await this.#soon(() =>
        handle.executeUpdate<boolean, [Verb]>('steer', { args: [verb] }),
      )
    } catch (thrown) {
      const error = this.#error(executionId, thrown)
      if (error.code === 'NotFoundError' && (await this.#exists(handle))) return null
      throw error
    }
  }

  async #exists(handle: WorkflowHandle): Promise<boolean> {
    try {
      await handle.describe()
      return true
    } catch (thrown) {
      const error = this.#error(handle.workflowId, thrown)
      if (error.code === 'NotFoundError') return false
      throw error
    }
  }

  async #ask<Answer>(executionId: string, query: string): Promise<Answer> {
    try {
      return await this.#soon(() => this.#handle(executionId).query<Answer>(query))
    } catch (thrown) {
      throw this.#error(executionId, thrown)
    }
  }

  #soon<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
    const { client, clock } = this.#parts
    return client.withDeadline(clock.nowMs() + answerTimeoutMs, ask)
  }

  #handle(executionId: string): WorkflowHandle {
    return this.#parts.client.workflow.getHandle(executionId)
  }

  #error(executionId: string, thrown: unknown): OrchestrationError {
    const { module, address, taskQueue } = this.#parts
    return temporalError(module, thrown, { executionId, address, taskQueue })
  }
}

function over(executionId: string, what: string): OrchestrationError {
  return new OrchestrationError('RefusedError', `execution '${executionId}' has ended: it ${what}`)
}

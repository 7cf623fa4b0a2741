import type { NestedAnswer, NestedCall, NestedCaller } from '../core/contracts/nested-call.ts'
import type { JsonObject, JsonValue } from '../core/json.ts'
import { addUsage, noUsage, type Usage } from '../core/usage.ts'
import {
  type ExecutionState,
  findStep,
  stepStatus,
  type WorkflowDocument,
} from '../workflow/index.ts'
import { callOutput, callStep, directCallDocument, type InvokeOptions } from './direct-call.ts'
import type { BeginOptions, Executions } from './executions.ts'
import {
  changedInside,
  innerAnswer,
  innerExecution,
  onCancelled,
  unlessUncertain,
} from './inner-call.ts'
import { usageOf } from './views/show-view.ts'
import type { RunView, WorkflowEngine } from './workflow-engine.ts'

export interface DirectCallsParts {
  readonly execute: (document: WorkflowDocument, options: BeginOptions) => Promise<RunView>
  readonly executions: Pick<Executions, 'known' | 'state'>
  readonly engine: Pick<WorkflowEngine, 'redrive' | 'cancelWorkflow' | 'subscribe'>
}

/**
 * Calls of agents outside workflows: each is an execution with one step, and so has its retries, timeouts,
 * budgets and ledger, survives crashes, and is listed, shown and resolved like any other.
 */
export class DirectCalls implements NestedCaller {
  readonly #parts: DirectCallsParts

  constructor(parts: DirectCallsParts) {
    this.#parts = parts
  }

  /** @throws the error that the call failed with; as `executeWorkflow` */
  async invoke(
    target: { readonly agent: string; readonly action: string },
    input: JsonObject,
    { key, ...options }: InvokeOptions = {},
  ): Promise<JsonValue> {
    const named = key === undefined ? {} : { executionId: key }
    return callOutput(
      await this.#parts.execute(directCallDocument(target, options), { input, ...named }),
    )
  }

  /** A repeat of the outer call finds the inner one under its id: made once, and tried again where it failed. */
  async call(call: NestedCall): Promise<NestedAnswer> {
    const { executions, engine, execute } = this.#parts
    const { input } = call
    const { executionId, document, origin } = innerExecution(call)
    const before = executions.known(executionId)
    const usedBefore = before === undefined ? noUsage : used(executions.state(executionId))
    if (before?.status === 'failed') await engine.redrive(executionId)
    const stop = onCancelled(call.signal, () => {
      engine.cancelWorkflow(executionId).catch(() => {}) // it has ended, or the engine has
    })
    try {
      const ending = execute(document, { executionId, input, origin, isNested: true }).catch(
        (thrown: unknown) => {
          throw before === undefined ? thrown : changedInside(call, thrown)
        },
      )
      const watch = (onUncertain: () => void) => this.#watch(executionId, onUncertain)
      const run = await unlessUncertain(call, executionId, { ending, watch })
      // What an earlier delivery of the outer call had it use was counted by that one.
      const usage = addUsage(used(executions.state(executionId)), usedBefore, -1)
      return innerAnswer(run, usage)
    } finally {
      stop()
    }
  }

  /** Calls back when nobody knows whether the call happened. */
  #watch(executionId: string, onUncertain: () => void): () => void {
    const unsubscribe = this.#parts.engine.subscribe({
      onEvent: ({ executionId: id, event }) => {
        if (id === executionId && event.kind === 'CallUncertain') onUncertain()
      },
    })
    if (isUncertain(this.#parts.executions.state(executionId))) onUncertain()
    return unsubscribe
  }
}

/** What it has used; of one that retention has removed nobody knows it. */
function used(state: ExecutionState | null): Usage {
  return state === null ? noUsage : usageOf(state)
}

function isUncertain(state: ExecutionState | null): boolean {
  const made = state === null ? undefined : findStep(state, callStep)
  return made !== undefined && stepStatus(made) === 'uncertain'
}

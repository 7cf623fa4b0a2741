import type { NestedAnswer, NestedCall, NestedCaller } from '../core/contracts/nested-call.ts'
import {
  type ErrorJson,
  fromErrorJson,
  isOrchestrationError,
  OrchestrationError,
} from '../core/errors.ts'
import type { JsonObject, JsonValue } from '../core/json.ts'
import { LruCache } from '../core/lru-cache.ts'
import { limits } from '../core/limits.ts'
import { addUsage, noUsage, type Usage } from '../core/usage.ts'
import {
  documentError,
  type ExecutionState,
  findStep,
  readDocumentData,
  type StepData,
  stepStatus,
  type WorkflowData,
  type WorkflowDocument,
} from '../workflow/index.ts'
import type { BeginOptions, Executions } from './executions.ts'
import { usageOf } from './views/show-view.ts'
import type { RunView, WorkflowEngine } from './workflow-engine.ts'

type CallOptions = Pick<Extract<StepData, { agent: string }>, 'timeout' | 'retry' | 'fallback'>

/** How a call outside a workflow is made. */
export interface InvokeOptions extends CallOptions {
  /**
   * Names the call: a second one under the same key is not made and gets what the first one got. An
   * execution id; default a new one.
   */
  readonly key?: string
  /** Whose budget it spends; default nobody's. */
  readonly tenant?: string
  readonly budget?: WorkflowData['budget']
}

export interface DirectCallsParts {
  readonly execute: (document: WorkflowDocument, options: BeginOptions) => Promise<RunView>
  readonly executions: Pick<Executions, 'known' | 'state'>
  readonly engine: Pick<WorkflowEngine, 'redrive' | 'cancelWorkflow' | 'subscribe'>
}

const name = 'direct-call'
const step = 'call'
/** Documents of inner calls that are kept. */
const documentsMax = 1_000

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
    return outputOf(
      await this.#parts.execute(directCallDocument(target, options), { input, ...named }),
    )
  }

  /** A repeat of the outer call finds the inner one under its id: made once, and tried again where it failed. */
  async call(call: NestedCall): Promise<NestedAnswer> {
    const { executions, engine, execute } = this.#parts
    const { agent, action, input, chain, timeoutMs } = call
    if (chain.length > limits.callDepthMax) throw tooDeep(call)
    const executionId = nestedId(call)
    const document = innerDocument({ agent, action, timeoutMs })
    const before = executions.known(executionId)
    const usedBefore = before === undefined ? noUsage : used(executions.state(executionId))
    if (before?.status === 'failed') await engine.redrive(executionId)
    const stop = this.#cancelWith(call.signal, executionId)
    try {
      const origin = { chain, key: `${call.inside}/c${call.number}` }
      const ending = execute(document, { executionId, input, origin, isNested: true }).catch(
        (thrown: unknown) => {
          throw before === undefined ? thrown : changedSince(call, thrown)
        },
      )
      const run = await this.#unlessUncertain(call, executionId, ending)
      // What an earlier delivery of the outer call had it use was counted by that one.
      const usage = addUsage(used(executions.state(executionId)), usedBefore, -1)
      if (run.status !== 'completed') return { kind: 'failed', error: errorOf(run), usage }
      return { kind: 'completed', output: outputOf(run), usage }
    } finally {
      stop()
    }
  }

  /** @throws UnknownOutcomeError as soon as nobody knows whether the call happened */
  async #unlessUncertain(
    { agent, action }: NestedCall,
    executionId: string,
    ending: Promise<RunView>,
  ): Promise<RunView> {
    const uncertain = Promise.withResolvers<never>()
    const reject = (): void => uncertain.reject(unknownOutcome(`${agent}.${action}`, executionId))
    const unsubscribe = this.#parts.engine.subscribe({
      onEvent: ({ executionId: id, event }) => {
        if (id === executionId && event.kind === 'CallUncertain') reject()
      },
    })
    if (isUncertain(this.#parts.executions.state(executionId))) reject()
    try {
      return await Promise.race([ending, uncertain.promise])
    } finally {
      unsubscribe()
      ending.catch(() => {}) // its end is told by its journal
    }
  }

  /** Who waits for it no longer has it cancelled; a timeout has not: the next attempt finds what it became. */
  #cancelWith(signal: AbortSignal, executionId: string): () => void {
    const cancel = (): void => {
      const { reason } = signal as { readonly reason: unknown }
      if (!isOrchestrationError(reason) || reason.code !== 'WorkflowCancelledError') return
      this.#parts.engine.cancelWorkflow(executionId).catch(() => {}) // it has ended, or the engine has
    }
    signal.addEventListener('abort', cancel)
    return () => signal.removeEventListener('abort', cancel)
  }
}

/**
 * The execution that a call outside workflows is: one step, `call`, given the whole input.
 *
 * @throws DocumentError for names or options that no document could have
 */
export function directCallDocument(
  target: { readonly agent: string; readonly action: string },
  { tenant, budget, ...options }: Omit<InvokeOptions, 'key'> = {},
): WorkflowDocument {
  const { document, problems } = readDocumentData({
    name,
    version: '1.0.0',
    metadata: tenant === undefined ? {} : { tenant },
    ...(budget === undefined ? {} : { budget }),
    steps: { [step]: { ...target, ...options } },
  })
  if (document === null) throw documentError(problems)
  // The input as a whole: only a document that people write has to say it by keys.
  const call = { ...document.steps[step], with: '${ input }' }
  return { ...document, steps: { [step]: call } } as unknown as WorkflowDocument
}

const documents = new LruCache<string, WorkflowDocument>(documentsMax)

/** Agents call the same others again and again: their documents are kept. */
function innerDocument(of: Pick<NestedCall, 'agent' | 'action' | 'timeoutMs'>): WorkflowDocument {
  const { agent, action, timeoutMs } = of
  const named = JSON.stringify([agent, action, timeoutMs])
  const timeout = timeoutMs === null ? {} : { timeout: `${timeoutMs}ms` as const }
  return documents.getOrMake(named, () => directCallDocument({ agent, action }, timeout))
}

/** `<execution>.<step>[.<item>].<run>.c<n>`, and `.c<n>` once more for each call further inside. */
function nestedId({ inside, number }: NestedCall): string {
  const above = inside.replace(new RegExp(`/${step}/1$`), '').replace(/\[(\d+)\]/g, '.$1')
  return `${above.replaceAll('/', '.')}.c${number}`
}

function outputOf(run: RunView): JsonValue {
  const made = run.steps[step]
  if (run.status === 'completed' && made !== undefined) return made.output
  throw fromErrorJson(errorOf(run))
}

function errorOf(run: RunView): ErrorJson {
  const { executionId, status, error } = run
  // Retention has left no more than how it ended.
  if (run.steps[step] === undefined) return removed(run).toJSON()
  const message = `call '${executionId}' was ${status}`
  return error ?? new OrchestrationError('WorkflowCancelledError', message).toJSON()
}

function removed({ executionId, status }: RunView): OrchestrationError {
  const message = `call '${executionId}' was ${status}, and what came of it was removed by retention`
  return new OrchestrationError('NotFoundError', message, {
    hint: 'keep executions for longer (retention), or make the call under another key',
  })
}

/** What it has used; of one that retention has removed nobody knows it. */
function used(state: ExecutionState | null): Usage {
  return state === null ? noUsage : usageOf(state)
}

function isUncertain(state: ExecutionState | null): boolean {
  const made = state === null ? undefined : findStep(state, step)
  return made !== undefined && stepStatus(made) === 'uncertain'
}

function unknownOutcome(what: string, executionId: string): OrchestrationError {
  return new OrchestrationError(
    'UnknownOutcomeError',
    `nobody knows whether the call of ${what} (${executionId}) happened`,
    { hint: `first \`aura resolve ${executionId} ${step}\`, then this one with --retry` },
  )
}

/** An outer call that is made again must ask the same; what it asked before is recorded under the same key. */
function changedSince({ agent, action, inside }: NestedCall, thrown: unknown): unknown {
  if (!isOrchestrationError(thrown) || thrown.code !== 'UsageError') return thrown
  const [executionId = inside] = inside.split('/')
  return new OrchestrationError(
    'UsageError',
    `the call of ${agent}.${action} inside '${inside}' was begun with another input`,
    {
      hint: `bring back what it was made of (a prompt, for instance) and \`aura dlq redrive\` goes on with it; or begin anew from a checkpoint before it: \`aura rollback ${executionId} --to …\`, or \`aura fork ${executionId} --from …\``,
      cause: thrown,
    },
  )
}

function tooDeep({ agent, chain }: NestedCall): OrchestrationError {
  return new OrchestrationError(
    'RefusedError',
    `the call of '${agent}' is nested deeper than callDepthMax (${limits.callDepthMax}): ${chain.join(' → ')}`,
    { hint: 'an agent that calls itself must come to an end' },
  )
}

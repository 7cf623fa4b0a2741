import type { NestedAnswer, NestedCall } from '../core/contracts/nested-call.ts'
import { isOrchestrationError, OrchestrationError } from '../core/errors.ts'
import { LruCache } from '../core/lru-cache.ts'
import { limits } from '../core/limits.ts'
import type { Usage } from '../core/usage.ts'
import type { Origin, WorkflowDocument } from '../workflow/index.ts'
import { callError, callOutput, callStep, directCallDocument } from './direct-call.ts'
import type { RunView } from './workflow-engine.ts'

/** Documents of inner calls that are kept. */
const documentsMax = 1_000

/** The execution that a call inside a call is. */
export interface InnerExecution {
  /** The same for each repeat of the outer call. */
  readonly executionId: string
  readonly document: WorkflowDocument
  readonly origin: Pick<Origin, 'chain' | 'key'>
}

/** @throws RefusedError at too great a depth; DocumentError for names that no document could have */
export function innerExecution(call: NestedCall): InnerExecution {
  const { chain, inside, number } = call
  if (chain.length > limits.callDepthMax) throw tooDeep(call)
  return {
    executionId: nestedId(call),
    document: innerDocument(call),
    origin: { chain, key: `${inside}/c${number}` },
  }
}

/** What the outer call is told of an inner one that has ended. */
export function innerAnswer(run: RunView, usage: Usage): NestedAnswer {
  if (run.status !== 'completed') return { kind: 'failed', error: callError(run), usage }
  return { kind: 'completed', output: callOutput(run), usage }
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
  const above = inside.replace(new RegExp(`/${callStep}/1$`), '').replace(/\[(\d+)\]/g, '.$1')
  return `${above.replaceAll('/', '.')}.c${number}`
}

/**
 * Calls back when who made the call gives it up: a timeout does not, and the next attempt finds what it became.
 *
 * @returns listens no longer
 */
export function onCancelled(signal: AbortSignal, cancel: () => void): () => void {
  const heed = (): void => {
    const { reason } = signal as { readonly reason: unknown }
    if (isOrchestrationError(reason) && reason.code === 'WorkflowCancelledError') cancel()
  }
  signal.addEventListener('abort', heed)
  return () => signal.removeEventListener('abort', heed)
}

/**
 * How an inner call ended.
 *
 * @param watch calls back as soon as nobody knows any more whether it happened; returns what stops it
 * @throws UnknownOutcomeError then
 */
export async function unlessUncertain<Run>(
  call: NestedCall,
  executionId: string,
  of: {
    readonly ending: Promise<Run>
    readonly watch: (onUncertain: () => void) => () => void
  },
): Promise<Run> {
  const uncertain = Promise.withResolvers<never>()
  const stop = of.watch(() => uncertain.reject(unknownInside(call, executionId)))
  try {
    return await Promise.race([of.ending, uncertain.promise])
  } finally {
    stop()
    of.ending.catch(() => {}) // its end is recorded with it
  }
}

/** An outer call that is made again must ask the same; what it asked before is recorded under the same key. */
export function changedInside({ agent, action, inside }: NestedCall, thrown: unknown): unknown {
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

/** Nobody knows whether the inner call happened. */
function unknownInside({ agent, action }: NestedCall, executionId: string): OrchestrationError {
  return new OrchestrationError(
    'UnknownOutcomeError',
    `nobody knows whether the call of ${agent}.${action} (${executionId}) happened`,
    { hint: `first \`aura resolve ${executionId} ${callStep}\`, then this one with --retry` },
  )
}

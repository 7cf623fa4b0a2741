import { parseDuration } from '../../core/duration.ts'
import { graphTarget } from '../../core/contracts/graph.ts'
import type { PatternSpec } from '../../core/contracts/pattern.ts'
import type { SecretPlace } from '../../core/contracts/secret.ts'
import type { JsonValue } from '../../core/json.ts'
import type {
  CompensateDocument,
  FallbackDocument,
  RetryDocument,
  StepDocument,
  WorkflowDocument,
  WorkflowRefDocument,
} from '../document/document.ts'
import { compileExpression } from '../expression/compile.ts'
import type { CompiledTemplate } from '../expression/scope.ts'
import { compileTemplate } from '../expression/template.ts'
import type {
  Plan,
  PlanCompensation,
  PlanDuration,
  PlanFallback,
  PlanRetry,
  PlanStep,
  PlanTarget,
  PlanWork,
} from './plan.ts'

/**
 * Makes a valid document ready for the kernel. Linear in the number of steps and edges.
 *
 * @param hash content hash of the document, by which executions are pinned to it
 */
export function compilePlan(document: WorkflowDocument, hash: string): Plan {
  const ids = Object.keys(document.steps)
  const stepIndex = new Map(ids.map((id, number) => [id, number]))
  const dependents: number[][] = ids.map(() => [])
  const steps = ids.map((id, number): PlanStep => {
    const step = document.steps[id] as StepDocument
    const needs = step.needs.map((need) => stepIndex.get(need) as number)
    for (const need of needs) dependents[need]?.push(number)
    return compileStep({
      id,
      number,
      step,
      needs,
      dependents: dependents[number] as number[],
      documentRetry: document.retry,
    })
  })
  return {
    name: document.name,
    version: document.version,
    metadata: document.metadata,
    hash,
    steps,
    stepIndex,
    leaves: steps.filter((step) => step.dependents.length === 0).map((step) => step.number),
    output: document.output === undefined ? null : compileTemplate(document.output),
    timeout: document.timeout === null ? null : duration(document.timeout),
    onFailure: document.onFailure,
    rollback: {
      to: document.rollback?.to ?? 'lastCheckpoint',
      timesMax: document.rollback?.maxRollbacks ?? 1,
    },
    adaptation: document.adaptation,
    checkpointSeverity: document.checkpoints?.onAnomalySeverity ?? null,
    agentCallsMax: document.budget?.agentCalls ?? null,
    usageMax: {
      tokens: document.budget?.tokens ?? Infinity,
      costUsd: document.budget?.costUsd ?? Infinity,
    },
  }
}

interface StepParts {
  readonly id: string
  readonly number: number
  readonly step: StepDocument
  readonly needs: readonly number[]
  /** Filled while later steps are compiled. */
  readonly dependents: readonly number[]
  readonly documentRetry: RetryDocument
}

function compileStep(parts: StepParts): PlanStep {
  const { id, number, step, needs, dependents } = parts
  const retry = compileRetry(step.retry)
  const work = compileWork(step)
  const input = compileTemplate('workflow' in step ? step.workflow.input : step.with)
  const fallbacks = step.fallback.map(compileFallback)
  const compensate = step.compensate === null ? null : compileCompensation(step.compensate, parts)
  return {
    id,
    number,
    needs,
    dependents,
    when: step.when === null ? null : compileExpression(step.when),
    runWhenSkipped: step.whenSkipped === 'run',
    forEach: step.forEach === null ? null : compileExpression(step.forEach),
    maxParallel: step.maxParallel,
    work,
    input,
    secrets: secretsOf({ work, input, fallbacks, compensate }),
    outputs: step.outputs === null ? null : compileTemplate(step.outputs),
    timeout: step.timeout === null ? null : duration(step.timeout),
    retry,
    fallbacks,
    compensate,
    repeat:
      step.repeat === null
        ? null
        : {
            until: compileExpression(step.repeat.until),
            timesMax: step.repeat.maxTimes,
            delay: duration(step.repeat.delay),
          },
    checkpoint: step.checkpoint,
    continueOnFailure: step.continueOnFailure,
    tda: step.tda !== 'none',
    concurrency:
      step.concurrency == null
        ? null
        : { ...step.concurrency, key: compileTemplate(step.concurrency.key) },
  }
}

/** Also where a compensation without `with`, and whoever leads a hierarchy, is given the step's own input. */
function secretsOf({
  work,
  input,
  fallbacks,
  compensate,
}: Pick<PlanStep, 'work' | 'input' | 'fallbacks' | 'compensate'>): readonly SecretPlace[] {
  const given = [input, ...fallbacks.flatMap((one) => one.input ?? [])].flatMap(
    ({ secrets }) => secrets,
  )
  const below = (key: string): readonly SecretPlace[] =>
    given.map(({ path, name }) => ({ path: [key, ...path], name }))
  const targets = [work, ...fallbacks.map(({ target }) => target)]
  const isLed = targets.some((one) => one.kind === 'pattern' && one.spec.pattern === 'hierarchical')
  return [
    ...given,
    ...(compensate === null ? [] : [...(compensate.input?.secrets ?? []), ...below('input')]),
    ...(isLed ? below('task') : []),
  ]
}

function compileWork(step: StepDocument): PlanWork {
  if ('graph' in step) return graphTarget(step.graph)
  if ('agent' in step) return { kind: 'agent', agent: step.agent, action: step.action }
  if ('workflow' in step) return workflowTarget(step.workflow)
  if ('pattern' in step) return patternTarget(step)
  if ('sleep' in step) return { kind: 'sleep', duration: duration(step.sleep) }
  const { signal, timeout, onTimeout } = step.waitFor
  return {
    kind: 'wait',
    signal: compileTemplate(signal),
    timeout: timeout === null ? null : duration(timeout),
    onTimeout,
  }
}

/** A pattern as the kernel calls it. */
export function patternTarget({ pattern, agents, action, options }: PatternSpec): PlanTarget {
  const { deadline } = options
  return {
    kind: 'pattern',
    spec: { pattern, agents, action, options },
    deadline: typeof deadline === 'string' ? duration(deadline) : null,
  }
}

function workflowTarget({
  name,
  version,
}: Pick<WorkflowRefDocument, 'name' | 'version'>): PlanTarget {
  return { kind: 'workflow', name, range: version }
}

function compileFallback(fallback: FallbackDocument): PlanFallback {
  const isWorkflow = 'workflow' in fallback
  const input = isWorkflow ? (fallback.workflow.input ?? fallback.with) : fallback.with
  return {
    target: fallbackTarget(fallback),
    input: optionalTemplate(input),
    timeout: fallback.timeout === null ? null : duration(fallback.timeout),
    retry: compileRetry(fallback.retry),
  }
}

function fallbackTarget(fallback: FallbackDocument): PlanTarget {
  if ('workflow' in fallback) return workflowTarget(fallback.workflow)
  if ('pattern' in fallback) return patternTarget(fallback)
  return { kind: 'agent', agent: fallback.agent, action: fallback.action }
}

/** The limit of a compensation whose step is no call of an agent, and so has none of its own. */
const compensationTimeout = '5m'

/** A compensation has its step's timeout and retry; that of a sub-workflow, the document's. */
function compileCompensation(
  compensate: CompensateDocument,
  { step, documentRetry }: StepParts,
): PlanCompensation {
  const isWorkflow = 'workflow' in step
  const timeout = isWorkflow ? compensationTimeout : step.timeout
  return {
    target: { kind: 'agent', agent: compensate.agent, action: compensate.action },
    input: optionalTemplate(compensate.with),
    timeout: timeout === null ? null : duration(timeout),
    retry: compileRetry(isWorkflow ? documentRetry : step.retry),
  }
}

function compileRetry(retry: RetryDocument): PlanRetry {
  return {
    maxAttempts: retry.maxAttempts,
    initialInterval: duration(retry.initialInterval),
    backoff: retry.backoff,
    maxInterval: duration(retry.maxInterval),
    jitter: retry.jitter,
  }
}

function duration(text: string): PlanDuration {
  return parseDuration(text) ?? compileTemplate(text)
}

function optionalTemplate(value: JsonValue): CompiledTemplate | null {
  return value === null ? null : compileTemplate(value)
}

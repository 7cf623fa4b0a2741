import type { PatternName, PatternSpec } from '../../core/contracts/pattern.ts'
import type { JsonObject, JsonValue } from '../../core/json.ts'
import { stripDelimiters } from '../expression/delimiters.ts'
import type {
  AdaptationDocument,
  BudgetDocument,
  CompensateDocument,
  FallbackDocument,
  RepeatDocument,
  RetryDocument,
  RollbackDocument,
  StepDocument,
  TriggerDocument,
  WorkflowDocument,
} from './document.ts'
import { normalizePattern } from './pattern-options.ts'
import type { ParsedFallback, ParsedRetry, ParsedStep } from './schema-step.ts'
import type { ParsedDocument, ParsedTrigger } from './schema.ts'
import type { StepGraph } from './step-graph.ts'

/** What a step's `retry` is where neither the step nor the document says it. */
export const defaultRetry: RetryDocument = {
  maxAttempts: 4,
  initialInterval: '200ms',
  backoff: 2,
  maxInterval: '30s',
  jitter: 0.2,
}

/** How long an attempt of an agent step may take where the step does not say it. */
const defaultTimeout = '5m'

/** Items of a `forEach` that run at the same time where the step does not say it. */
const defaultMaxParallel = 16

/** Versions that a workflow step takes where it does not say it. */
const defaultRange = '*'

/** How `onFailure: rollback` rolls back where `rollback` does not say it. */
const defaultRollback: RollbackDocument = { to: 'lastCheckpoint', maxRollbacks: 1 }

/** How `repeat` polls where it does not say it. */
const defaultRepeat = { maxTimes: 100, delay: '1s' } as const

/**
 * Fills in every default of a checked document. Steps come in an order that depends only on what they
 * need (those that need nothing first, then by distance and id), so that documents with the same hash
 * number their steps alike.
 */
export function normalize(parsed: ParsedDocument, graph: StepGraph): WorkflowDocument {
  const retry = mergeRetry(defaultRetry, parsed.retry)
  const steps: Record<string, StepDocument> = {}
  for (const id of canonicalOrder(graph))
    steps[id] = normalizeStep(parsed.steps[id] as ParsedStep, retry)
  return {
    name: parsed.name,
    version: parsed.version,
    description: parsed.description ?? null,
    metadata: asObject(parsed.metadata ?? {}),
    input: parsed.input === undefined ? null : asObject(parsed.input),
    triggers: (parsed.triggers ?? []).map(normalizeTrigger),
    featureFlags: parsed.featureFlags ?? [],
    timeout: parsed.timeout ?? null,
    retry,
    budget: normalizeBudget(parsed.budget),
    sla:
      parsed.sla === undefined
        ? null
        : {
            duration: parsed.sla.duration ?? null,
            completionRate: parsed.sla.completionRate ?? null,
          },
    checkpoints: parsed.checkpoints ?? null,
    onFailure: parsed.onFailure ?? 'keep',
    rollback: normalizeRollback(parsed),
    adaptation: normalizeAdaptation(parsed.adaptation),
    steps,
    ...(parsed.output === undefined ? {} : { output: parsed.output as JsonValue }),
  }
}

/** Step ids by the longest chain of needs before them, then by id. */
function canonicalOrder({ ids, needs, order }: StepGraph): string[] {
  const depths = Array.from(ids, () => 0)
  for (const number of order) {
    let depth = 0
    for (const need of needs[number] as readonly number[])
      depth = Math.max(depth, (depths[need] as number) + 1)
    depths[number] = depth
  }
  const byDepthThenId = (a: number, b: number): number =>
    (depths[a] as number) - (depths[b] as number) ||
    ((ids[a] as string) < (ids[b] as string) ? -1 : 1)
  return [...order].toSorted(byDepthThenId).map((number) => ids[number] as string)
}

function normalizeStep(step: ParsedStep, retry: RetryDocument): StepDocument {
  const base = {
    needs: step.needs ?? [],
    when: expressionText(step.when),
    whenSkipped: step.whenSkipped ?? 'skip',
    forEach: expressionText(step.forEach),
    maxParallel: step.maxParallel ?? defaultMaxParallel,
    with: asObject(step.with ?? {}),
    timeout: stepTimeout(step),
    retry: stepRetry(step, retry),
    fallback: fallbackEntries(step.fallback).map((entry) => normalizeFallback(entry, retry)),
    compensate: normalizeCompensate(step.compensate),
    outputs: step.outputs === undefined ? null : asObject(step.outputs),
    checkpoint: step.checkpoint ?? null,
    continueOnFailure: step.continueOnFailure ?? false,
    repeat: normalizeRepeat(step.repeat),
    tda: step.tda ?? null,
    // Absent where it is not said, so that documents from before it keep their hash.
    ...(step.concurrency === undefined
      ? {}
      : { concurrency: { ...step.concurrency, onFull: step.concurrency.onFull ?? 'wait' } }),
  } as const
  if (step.sleep !== undefined) return { ...base, sleep: step.sleep }
  if (step.workflow !== undefined) {
    const { name, version, input } = step.workflow
    const ref = { name, version: version ?? defaultRange, input: asObject(input ?? {}) }
    return { ...base, workflow: ref }
  }
  if (step.pattern !== undefined) return { ...base, ...patternOf(step) }
  if (step.graph !== undefined) return { ...base, graph: step.graph }
  if (step.waitFor === undefined) {
    return { ...base, agent: step.agent as string, action: step.action as string }
  }
  const { signal, timeout, onTimeout } = step.waitFor
  // The one place of a wait's timeout: on the step it means the same.
  const waitTimeout = timeout ?? step.timeout ?? null
  return { ...base, waitFor: { signal, timeout: waitTimeout, onTimeout: onTimeout ?? 'fail' } }
}

/** A wait keeps its timeout in `waitFor`; a sleep and a workflow have none unless given. */
function stepTimeout(step: ParsedStep): string | null {
  if (step.waitFor !== undefined) return null
  return step.timeout ?? (isCalling(step) ? defaultTimeout : null)
}

/** Neither a wait nor a sleep is retried. */
function stepRetry(step: ParsedStep, retry: RetryDocument): RetryDocument {
  if (step.workflow !== undefined) return workflowRetry(step.retry, retry)
  return isCalling(step) ? mergeRetry(retry, step.retry) : { ...defaultRetry, maxAttempts: 1 }
}

/** Whether the step calls agents itself. */
function isCalling({ agent, pattern, graph }: ParsedStep): boolean {
  return agent !== undefined || pattern !== undefined || graph !== undefined
}

function patternOf({ pattern, agents, action, options }: ParsedStep | ParsedFallback): PatternSpec {
  const named = { pattern: pattern as PatternName, agents: agents ?? [], action: action as string }
  return normalizePattern(named, options ?? {})
}

/** A workflow is tried once unless it says otherwise itself, whatever the document says. */
function workflowRetry(own: ParsedRetry | undefined, retry: RetryDocument): RetryDocument {
  return mergeRetry(retry, own ?? { maxAttempts: 1 })
}

function fallbackEntries(fallback: ParsedStep['fallback']): readonly ParsedFallback[] {
  if (fallback === undefined) return []
  return Array.isArray(fallback) ? fallback : [fallback]
}

function normalizeFallback(entry: ParsedFallback, retry: RetryDocument): FallbackDocument {
  const input = entry.with === undefined ? null : asObject(entry.with)
  if (entry.workflow !== undefined) {
    const { name, version, input: own } = entry.workflow
    return {
      workflow: {
        name,
        version: version ?? defaultRange,
        input: own === undefined ? null : asObject(own),
      },
      with: input,
      timeout: entry.timeout ?? null,
      retry: workflowRetry(entry.retry, retry),
    }
  }
  const rules = {
    with: input,
    timeout: entry.timeout ?? defaultTimeout,
    retry: mergeRetry(retry, entry.retry),
  }
  if (entry.pattern !== undefined) return { ...patternOf(entry), ...rules }
  return { agent: entry.agent as string, action: entry.action as string, ...rules }
}

function normalizeCompensate(compensate: ParsedStep['compensate']): CompensateDocument | null {
  if (compensate === undefined) return null
  const { agent, action } = compensate
  return { agent, action, with: compensate.with === undefined ? null : asObject(compensate.with) }
}

function normalizeRepeat(repeat: ParsedStep['repeat']): RepeatDocument | null {
  if (repeat === undefined) return null
  const { until, maxTimes, delay } = repeat
  return {
    until: stripDelimiters(until).text.trim(),
    maxTimes: maxTimes ?? defaultRepeat.maxTimes,
    delay: delay ?? defaultRepeat.delay,
  }
}

function normalizeTrigger(trigger: ParsedTrigger): TriggerDocument {
  const input = asObject(trigger.input ?? {})
  if (trigger.schedule !== undefined) {
    return { schedule: trigger.schedule, timezone: trigger.timezone ?? 'UTC', input }
  }
  return { event: trigger.event as string, when: expressionText(trigger.when), input }
}

function normalizeRollback({ onFailure, rollback }: ParsedDocument): RollbackDocument | null {
  if (rollback === undefined) return onFailure === 'rollback' ? defaultRollback : null
  return {
    to: rollback.to ?? defaultRollback.to,
    maxRollbacks: rollback.maxRollbacks ?? defaultRollback.maxRollbacks,
  }
}

function normalizeAdaptation(bounds: ParsedDocument['adaptation']): AdaptationDocument | null {
  return bounds === undefined
    ? null
    : {
        patterns: bounds.patterns ?? [],
        maxParallel: bounds.maxParallel ?? null,
        agents: bounds.agents ?? [],
        approval: bounds.approval ?? false,
        pause: bounds.pause ?? false,
      }
}

function normalizeBudget(budget: ParsedDocument['budget']): BudgetDocument | null {
  return budget === undefined
    ? null
    : {
        tokens: budget.tokens ?? null,
        costUsd: budget.costUsd ?? null,
        agentCalls: budget.agentCalls ?? null,
      }
}

function mergeRetry(base: RetryDocument, retry: ParsedRetry | undefined): RetryDocument {
  return {
    maxAttempts: retry?.maxAttempts ?? base.maxAttempts,
    initialInterval: retry?.initialInterval ?? base.initialInterval,
    backoff: retry?.backoff ?? base.backoff,
    maxInterval: retry?.maxInterval ?? base.maxInterval,
    jitter: retry?.jitter ?? base.jitter,
  }
}

function expressionText(source: string | undefined): string | null {
  return source === undefined ? null : stripDelimiters(source).text.trim()
}

/** The reader has already made sure that every value is JSON. */
function asObject(map: Readonly<Record<string, unknown>>): JsonObject {
  return map as JsonObject
}

import { durationMsMax, formatDuration, parseDuration } from '../../core/duration.ts'
import { OrchestrationError } from '../../core/errors.ts'
import type { JsonObject } from '../../core/json.ts'
import { jsonEqual } from '../../core/json.ts'
import type { AgentStepDocument, StepDocument } from './document.ts'
import { defaultRetry } from './normalize.ts'
import type { AgentStepData, DurationText, WorkflowData } from './workflow-data.ts'

/** A step as a flat record: one agent call and what it depends on. */
export interface WorkflowStep {
  readonly stepId: string
  /** An agent type or id. */
  readonly agentType: string
  readonly action: string
  /** The call's input; texts may hold `${ }` templates. */
  readonly inputs: JsonObject
  /** Templates over `output` that later steps may read; empty passes the raw output on. */
  readonly outputs: JsonObject
  readonly dependencies: readonly string[]
  /** Per attempt. Default 300,000. */
  readonly timeoutMs?: number
  /** Attempts after the first. Default 3. */
  readonly retryCount?: number
}

const defaultTimeoutMs = 300_000
const defaultRetryCount = 3

/**
 * The document step that does the same. `retryCount` n becomes `maxAttempts` n + 1.
 *
 * @throws InputError when `timeoutMs` or `retryCount` is no whole number of 0 or more
 */
export function toDocumentStep(step: WorkflowStep): AgentStepData {
  const timeoutMs = wholeNumber(step, 'timeoutMs', {
    value: step.timeoutMs ?? defaultTimeoutMs,
    max: durationMsMax,
  })
  const retryCount = wholeNumber(step, 'retryCount', {
    value: step.retryCount ?? defaultRetryCount,
    max: 9_999,
  })
  return {
    agent: step.agentType,
    action: step.action,
    needs: step.dependencies ?? [],
    with: step.inputs ?? {},
    ...(Object.keys(step.outputs ?? {}).length === 0 ? {} : { outputs: step.outputs ?? {} }),
    timeout: formatDuration(timeoutMs) as DurationText,
    retry: { maxAttempts: retryCount + 1 },
  }
}

/**
 * The flat record of a step that was read, with both defaults filled in.
 *
 * @throws RefusedError when the step says something that a flat record has no field for
 */
export function fromDocumentStep(stepId: string, step: StepDocument): Required<WorkflowStep> {
  const extra = extraKeys(step)
  const timeoutMs = 'agent' in step ? parseDuration(step.timeout ?? '') : undefined
  if (!('agent' in step) || timeoutMs === undefined || extra.length > 0) {
    const what = extra.length > 0 ? extra.join(', ') : 'a timeout that is computed'
    throw new OrchestrationError(
      'RefusedError',
      `step '${stepId}' has ${what}, a WorkflowStep has no field for it`,
      {
        hint: 'keep it as a document step',
      },
    )
  }
  return {
    stepId,
    agentType: step.agent,
    action: step.action,
    inputs: step.with,
    outputs: step.outputs ?? {},
    dependencies: step.needs,
    timeoutMs,
    retryCount: step.retry.maxAttempts - 1,
  }
}

/**
 * The document of a list of flat steps. It is not checked: `readDocumentData` does that.
 *
 * @param options `version` defaults to 1.0.0
 * @throws InputError when two steps have the same id, or a number is out of range
 */
export function stepsToDocument(
  steps: readonly WorkflowStep[],
  options: { readonly name: string; readonly version?: string },
): WorkflowData {
  const ids = new Set(steps.map((step) => step.stepId))
  if (ids.size < steps.length) {
    const twice = steps.find(
      (step, index) => steps.findIndex((other) => other.stepId === step.stepId) < index,
    )
    throw new OrchestrationError('InputError', `there are two steps '${twice?.stepId}'`, {
      hint: 'give each step its own stepId',
    })
  }
  return {
    name: options.name,
    version: options.version ?? '1.0.0',
    steps: Object.fromEntries(steps.map((step) => [step.stepId, toDocumentStep(step)])),
  }
}

const plainStep: Omit<
  AgentStepDocument,
  'agent' | 'action' | 'needs' | 'with' | 'outputs' | 'timeout' | 'retry' | 'maxParallel'
> = {
  when: null,
  whenSkipped: 'skip',
  forEach: null,
  fallback: [],
  compensate: null,
  checkpoint: null,
  continueOnFailure: false,
  repeat: null,
  tda: null,
  concurrency: null,
}

function extraKeys(step: StepDocument): string[] {
  if (!('agent' in step))
    return ['waitFor', 'sleep', 'workflow', 'pattern', 'graph'].filter((kind) => kind in step)
  const own = step as unknown as JsonObject
  const keys = Object.entries(plainStep as unknown as JsonObject)
    .filter(([key, plain]) => !jsonEqual(own[key] ?? null, plain))
    .map(([key]) => key)
  const { maxAttempts } = step.retry
  const isPlainRetry = jsonEqual({ ...step.retry }, { ...defaultRetry, maxAttempts })
  return isPlainRetry ? keys : [...keys, 'retry']
}

function wholeNumber(
  step: WorkflowStep,
  field: 'timeoutMs' | 'retryCount',
  { value, max }: { readonly value: number; readonly max: number },
): number {
  if (Number.isInteger(value) && value >= 0 && value <= max) return value
  throw new OrchestrationError(
    'InputError',
    `${field} of step '${step.stepId}' must be a whole number from 0 to ${max}, not ${value}`,
  )
}

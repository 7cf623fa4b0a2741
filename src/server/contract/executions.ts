import { z } from 'zod'
import type { ShowView } from '../../engine/index.ts'
import { atMs, component, jsonObject, jsonValue, nextCursor, page } from './components.ts'
import { errorJson } from './problems.ts'

export const executionStatuses = [
  'pending',
  'running',
  'waiting',
  'paused',
  'completed',
  'failed',
  'cancelled',
] as const

const status = z.enum(executionStatuses)
/** Plain text where the engine's own type is plain text: an answer is never refused for its status. */
const shownStatus = z.string().describe(executionStatuses.join(' | '))

export const executionParams = z.object({ id: z.string().describe('The execution id.') })

export const executionsQuery = z
  .object({ status: status.optional(), workflow: z.string().optional(), ...page })
  .catchall(z.string())

export const executionList = component(
  'ExecutionList',
  z.object({
    executions: z.array(
      z.object({
        executionId: z.string(),
        workflow: z.string(),
        version: z.string(),
        status: shownStatus,
        metadata: jsonObject,
        startedAtMs: atMs,
        endedAtMs: atMs.nullable(),
      }),
    ),
    nextCursor,
  }),
)

const degradation = { from: z.string(), to: z.string(), because: z.string() }

const step = component(
  'Step',
  z.object({
    status: z
      .string()
      .describe(
        'pending | running | waiting | uncertain | completed | failed | skipped | cancelled | compensated',
      ),
    attempts: z.number().int(),
    output: jsonValue,
    error: jsonValue.describe('As `Error`; null when there is none.'),
    degraded: z.object(degradation).nullable(),
    startedAtMs: atMs.nullable(),
    endedAtMs: atMs.nullable(),
    items: z
      .array(
        z.object({
          index: z.number().int(),
          status: z.string(),
          attempt: z.number().int(),
          error: errorJson.nullable(),
        }),
      )
      .nullable()
      .describe('Per item of a `forEach`; null without one.'),
  }),
)

const checkpoint = component(
  'Checkpoint',
  z.object({
    checkpointId: z.string(),
    workflowId: z.string(),
    stepId: z.string().nullable(),
    label: z.string().nullable(),
    reason: z.enum(['start', 'completion', 'verb', 'anomaly']),
    atMs,
    timestampMs: atMs,
    stateSnapshot: jsonObject.nullable(),
    metadata: jsonObject,
  }),
)

export const adaptation = component(
  'Adaptation',
  z.object({
    adaptationId: z.string(),
    because: z.string(),
    changes: z
      .array(
        z.object({
          stepId: z.string(),
          pattern: z.string().nullable(),
          maxParallel: z.number().int().nullable(),
          agent: z.string().nullable(),
          approval: z.string().nullable().describe('The signal that approves the step.'),
        }),
      )
      .describe('What became of each step that it concerned; null for what stayed.'),
    pause: z.boolean(),
    cause: jsonObject.nullable(),
    tda: jsonObject.nullable(),
    atMs,
    isReverted: z.boolean(),
  }),
)

const progress = component(
  'Progress',
  z.object({
    status: shownStatus,
    completed: z.number().int(),
    total: z.number().int(),
    percent: z.number(),
    currentSteps: z.array(z.string()),
    etaMs: z.number().nullable(),
  }),
)

export const execution = component(
  'Execution',
  z.object({
    executionId: z.string(),
    workflow: z.string(),
    version: z.string(),
    status: shownStatus,
    output: jsonValue,
    error: errorJson.nullable(),
    degraded: z.array(z.object({ stepId: z.string().nullable(), ...degradation })),
    steps: z.record(z.string(), step),
    currentSteps: z.array(z.string()),
    checkpoints: z.array(checkpoint),
    adaptations: z.array(adaptation).exactOptional(),
    progress,
    metrics: z.object({
      attempts: z.number(),
      retries: z.number(),
      queueMs: z.number(),
      runMs: z.number(),
      tokens: z.number(),
      costUsd: z.number(),
      journalBytes: z.number(),
    }),
    errorLog: z.array(
      z.object({
        stepId: z.string().nullable(),
        attempt: z.number().nullable(),
        code: z.string(),
        message: z.string(),
        atMs,
        correlationId: z.string(),
        traceId: z.string().nullable(),
      }),
    ),
  }),
) satisfies z.ZodType<ShowView>

export const logEntry = component(
  'LogEntry',
  z.object({
    executionId: z.string(),
    seq: z.number().int().describe('Consecutive within the execution, from 1.'),
    atMs,
    event: z.looseObject({ kind: z.string() }).describe('What was recorded, by its `kind`.'),
  }),
)

export const startBody = component(
  'StartRequest',
  z
    .strictObject({
      workflow: z
        .string()
        .optional()
        .describe('A registered workflow: `name`, or `name@range` with a semver range.'),
      document: jsonObject.optional().describe('The workflow document itself.'),
      input: jsonObject.optional().describe('Default {}.'),
      executionId: z
        .string()
        .optional()
        .describe('Makes the request idempotent. Default a new one.'),
    })
    .meta({ oneOf: [{ required: ['workflow'] }, { required: ['document'] }] }),
)

export const started = component(
  'Started',
  z.object({ executionId: z.string(), status: shownStatus }),
)

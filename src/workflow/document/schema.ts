import * as z from 'zod'
import { patternNames } from '../../core/contracts/pattern.ts'
import { limits } from '../../core/limits.ts'
import { pattern } from './schema-patterns.ts'
import { stepSchema } from './schema-step.ts'
import {
  duration,
  expression,
  label,
  retry,
  template,
  templateMap,
  workflowName,
} from './schema-values.ts'
import { semverPattern, stepIdPattern } from './text-patterns.ts'

const trigger = z.strictObject({
  schedule: z.string().min(1).max(200).optional().describe('A cron pattern'),
  timezone: z.string().min(1).max(100).optional().describe('An IANA time zone; default UTC'),
  event: label.optional().describe('A CloudEvents type'),
  when: expression.optional(),
  input: templateMap.optional(),
})

const budget = z.strictObject({
  tokens: z.int().min(0).optional(),
  costUsd: z.number().min(0).optional(),
  agentCalls: z.int().min(0).optional(),
})

const adaptation = z
  .strictObject({
    patterns: z.array(pattern).max(patternNames.length).optional(),
    maxParallel: z.int().min(1).max(limits.itemsMax).optional(),
    agents: z.array(label).max(1_000).optional(),
    approval: z.boolean().optional().describe('A signal may be asked for before a step'),
    pause: z.boolean().optional(),
  })
  .describe('What may be adapted while an execution runs; nothing by default')

/** The text expected of a step id, as problems say it. */
const stepIdExpected = 'a step id: a to z first, then a-z 0-9 _, at most 63'

/** A workflow document as it is written, shape only: what its parts say of each other is checked apart. */
export const documentSchema = z.strictObject({
  name: workflowName.describe('Names the definition'),
  version: z
    .string({ error: 'a semantic version such as 1.0.0, as text' })
    .max(256)
    .regex(semverPattern, { error: 'a semantic version such as 1.0.0' })
    .describe('Semantic version'),
  description: z.string().optional(),
  metadata: z.record(z.string(), z.unknown()).optional().describe('Kept, listed, filterable'),
  input: z.record(z.string(), z.unknown()).optional().describe('JSON Schema 2020-12 of the input'),
  triggers: z.array(trigger).max(1_000).optional(),
  featureFlags: z.array(label).max(1_000).optional().describe('All must be on'),
  timeout: duration.optional().describe('Of the whole execution; none by default'),
  retry: retry.optional(),
  budget: budget.optional(),
  sla: z
    .strictObject({
      duration: duration.optional(),
      completionRate: z.number().min(0).max(1).optional(),
    })
    .optional(),
  checkpoints: z
    .strictObject({ onAnomalySeverity: z.number().min(0).max(1) })
    .optional()
    .describe('An anomaly of at least this severity takes a checkpoint'),
  onFailure: z.enum(['compensate', 'rollback', 'keep']).optional(),
  rollback: z
    .strictObject({
      to: label
        .optional()
        .describe('lastCheckpoint (default), start, lastHealthy, a checkpoint label or a step id'),
      maxRollbacks: z.int().min(0).max(1_000).optional().describe('Default 1'),
    })
    .optional()
    .describe('How onFailure: rollback rolls back'),
  adaptation: adaptation.optional(),
  steps: z
    .record(z.string().regex(stepIdPattern, { error: stepIdExpected }), stepSchema)
    .describe('Steps by id; their order does not matter, `needs` does'),
  output: template.optional(),
})

/** A document after the schema, before its defaults. */
export type ParsedDocument = z.output<typeof documentSchema>
export type ParsedTrigger = z.output<typeof trigger>

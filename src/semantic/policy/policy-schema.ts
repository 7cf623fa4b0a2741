import * as z from 'zod'
import { patternNames } from '../../core/contracts/pattern.ts'
import type { JsonObject } from '../../core/json.ts'
import { limits } from '../../core/limits.ts'
import { expression, label, semverPattern, workflowName } from '../../workflow/index.ts'

const plainDuration = 'a duration such as 500ms, 30s, 5m, 2h or 7d'
const ruleIdExpected = 'an id: a to z first, then a-z 0-9 - _, at most 63'

const budget = z
  .strictObject({
    agentCalls: z.int().min(0).optional(),
    tokens: z.int().min(0).optional(),
    costUsd: z.number().min(0).optional(),
  })
  .describe('The most that an execution may spend; decided when it starts')

const approval = z
  .strictObject({
    signal: label.optional().describe('Default approve-<step>'),
    timeout: z
      .string({ error: plainDuration })
      .regex(/^\d+(ms|s|m|h|d)$/, { error: plainDuration })
      .optional()
      .describe('Then the step fails; default never'),
  })
  .describe('A signal that must come before the step is begun')

const values = z.strictObject({
  pattern: z.enum(patternNames).optional().describe('One of the patterns that the step declares'),
  quorum: z.int().min(1).max(1_000).optional().describe('So many votes or answers at least'),
  agents: z
    .array(label)
    .min(1)
    .max(1_000)
    .optional()
    .describe('The only agents that may be called'),
  maxParallel: z.int().min(1).max(limits.itemsMax).optional().describe('Items at a time, at most'),
  budget: budget.optional(),
  approval: approval.optional(),
})

const ruleId = z.string().regex(/^[a-z][a-z0-9_-]{0,62}$/, { error: ruleIdExpected })

const rule = z.strictObject({
  id: ruleId.describe('Named in the journal and in refusals'),
  description: z.string().optional(),
  priority: z
    .int()
    .min(-1_000_000)
    .max(1_000_000)
    .optional()
    .describe('The highest decides; default 0'),
  when: expression.optional().describe('CEL giving a bool; default always'),
  then: values,
})

const policyCase = z
  .strictObject({
    name: z.string().min(1).max(200),
    given: z
      .strictObject({
        event: z.record(z.string(), z.unknown()).nullable().optional(),
        tda: z.record(z.string(), z.unknown()).optional(),
        load: z.record(z.string(), z.unknown()).optional(),
        cost: z.record(z.string(), z.unknown()).optional(),
        execution: z.record(z.string(), z.unknown()).optional(),
        step: z.record(z.string(), z.unknown()).nullable().optional(),
      })
      .optional()
      .describe('What the question differs in from a quiet engine'),
    expect: values
      .extend({ rules: z.record(z.string(), ruleId).optional().describe('Deciding rule by key') })
      .optional()
      .describe('All that is decided; without it the case only shows what is'),
  })
  .describe('A case for `aura policy test`')

/** A policy as it is written, shape only. */
export const policySchema = z.strictObject({
  name: workflowName.describe('Names the policy in the journal'),
  version: z
    .string({ error: 'a semantic version such as 1.0.0, as text' })
    .max(256)
    .regex(semverPattern, { error: 'a semantic version such as 1.0.0' }),
  description: z.string().optional(),
  rules: z.array(rule).max(limits.policyRulesMax),
  tests: z.array(policyCase).max(1_000).optional().describe('Run by `aura policy test`'),
})

export type PolicyData = z.output<typeof policySchema>
export type PolicyRuleData = PolicyData['rules'][number]
export type PolicyCaseData = NonNullable<PolicyData['tests']>[number]

/** The JSON Schema 2020-12 of a policy file, shipped as `schema/policy.schema.json`. */
export function policyJsonSchema(): JsonObject {
  const generated = z.toJSONSchema(policySchema, { io: 'input', target: 'draft-2020-12' })
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    $id: 'https://aura-orchestration.dev/schema/policy.schema.json',
    title: 'Aura policy',
    ...(JSON.parse(JSON.stringify(generated)) as JsonObject),
  }
}

/** The text of `schema/policy.schema.json`. */
export function policyJsonSchemaText(): string {
  return `${JSON.stringify(policyJsonSchema(), null, 2)}\n`
}

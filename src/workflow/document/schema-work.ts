import * as z from 'zod'
import { pattern, patternOptions } from './schema-patterns.ts'
import { duration, label, retry, templateMap, workflowName } from './schema-values.ts'

const workflowCall = z.strictObject({
  name: workflowName,
  version: label
    .optional()
    .describe('A semver range, by default *; the highest match when the execution starts is taken'),
  input: templateMap.optional().describe("The child's input"),
})

/** Keys that a step and a fallback entry share. */
export const work = {
  agent: label.optional().describe('An agent type or id from the registry'),
  action: label.optional(),
  pattern: pattern.optional(),
  agents: z.array(label).min(1).max(1_000).optional(),
  options: patternOptions.optional(),
  workflow: workflowCall.optional().describe('Another workflow, run as a part of this one'),
  with: templateMap.optional().describe("The call's input"),
  timeout: duration.optional().describe('Per attempt, from the call'),
  retry: retry.optional(),
}

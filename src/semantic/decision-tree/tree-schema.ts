import * as z from 'zod'
import type { JsonObject } from '../../core/json.ts'
import { limits } from '../../core/limits.ts'
import { expression, semverPattern, workflowName } from '../../workflow/index.ts'

const nodeExpected = 'an id: a to z first, then a-z 0-9 - _, at most 63'
const nodeId = z.string().regex(/^[a-z][a-z0-9_-]{0,62}$/, { error: nodeExpected })
const pathExpected = 'a path such as tda.anomalySeverity'

const node = z
  .strictObject({
    description: z.string().optional(),
    when: expression.optional().describe('CEL over `input`, the facts, giving a bool'),
    feature: z
      .string()
      .regex(/^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*$/, { error: pathExpected })
      .optional()
      .describe('Path of a number in the facts'),
    atLeast: z.number().optional().describe('Yes when the feature is at least that'),
    yes: nodeId.optional(),
    no: nodeId.optional(),
    strategy: z.record(z.string(), z.unknown()).optional().describe('Of a leaf: what is decided'),
    learned: z
      .strictObject({ rows: z.int().min(0), share: z.number().min(0).max(1) })
      .optional()
      .describe(
        'Of a learned leaf: outcomes that came here, and how many of them had this strategy',
      ),
  })
  .describe('when, yes, no; or feature, atLeast, yes, no; or strategy')

/** A decision tree as it is written, shape only. */
export const treeSchema = z.strictObject({
  name: workflowName,
  version: z
    .string({ error: 'a semantic version such as 1.0.0, as text' })
    .max(256)
    .regex(semverPattern, { error: 'a semantic version such as 1.0.0' }),
  description: z.string().optional(),
  root: nodeId.describe('The node that is asked first'),
  nodes: z
    .record(nodeId, node)
    .refine((nodes) => Object.keys(nodes).length <= limits.treeNodesMax, {
      error: `at most ${limits.treeNodesMax} nodes (treeNodesMax)`,
    }),
})

export type DecisionTreeData = z.output<typeof treeSchema>
export type TreeNodeData = DecisionTreeData['nodes'][string]

/** The JSON Schema 2020-12 of a decision tree, shipped as `schema/decision-tree.schema.json`. */
export function treeJsonSchema(): JsonObject {
  const generated = z.toJSONSchema(treeSchema, { io: 'input', target: 'draft-2020-12' })
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    $id: 'https://aura-orchestration.dev/schema/decision-tree.schema.json',
    title: 'Aura decision tree',
    ...(JSON.parse(JSON.stringify(generated)) as JsonObject),
  }
}

/** The text of `schema/decision-tree.schema.json`. */
export function treeJsonSchemaText(): string {
  return `${JSON.stringify(treeJsonSchema(), null, 2)}\n`
}

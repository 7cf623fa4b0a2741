// Writes the JSON Schemas of schema/ from the code: of workflow documents, policies and decision trees.
//
//   npm run schema
import { writeFileSync } from 'node:fs'
import { policyJsonSchemaText } from '../src/semantic/policy/policy-schema.ts'
import { treeJsonSchemaText } from '../src/semantic/decision-tree/tree-schema.ts'
import { documentJsonSchemaText } from '../src/workflow/document/json-schema.ts'

const folder = new URL('../schema/', import.meta.url)
writeFileSync(new URL('workflow.schema.json', folder), documentJsonSchemaText())
writeFileSync(new URL('policy.schema.json', folder), policyJsonSchemaText())
writeFileSync(new URL('decision-tree.schema.json', folder), treeJsonSchemaText())

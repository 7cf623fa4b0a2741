// Writes the JSON Schemas of schema/ from the code: of workflow documents, policies and decision trees, and of what
// a TDA system and Aura tell each other.
//
//   npm run schema
import { writeFileSync } from 'node:fs'
import { policyJsonSchemaText } from '../src/semantic/policy/policy-schema.ts'
import { treeJsonSchemaText } from '../src/semantic/decision-tree/tree-schema.ts'
import { tdaSchemaTexts } from '../src/tda/index.ts'
import { documentJsonSchemaText } from '../src/workflow/document/json-schema.ts'

const texts = {
  workflow: documentJsonSchemaText(),
  policy: policyJsonSchemaText(),
  'decision-tree': treeJsonSchemaText(),
  ...tdaSchemaTexts(),
}
for (const [name, text] of Object.entries(texts))
  writeFileSync(new URL(`../schema/${name}.schema.json`, import.meta.url), text)

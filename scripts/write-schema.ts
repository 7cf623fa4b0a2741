// Writes schema/workflow.schema.json, the JSON Schema of the workflow document, from the code.
//
//   npm run schema
import { writeFileSync } from 'node:fs'
import { documentJsonSchemaText } from '../src/workflow/document/json-schema.ts'

writeFileSync(new URL('../schema/workflow.schema.json', import.meta.url), documentJsonSchemaText())

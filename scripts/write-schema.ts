// Writes the JSON Schemas of schema/ from the code: the workflow document, and what a TDA system and Aura tell
// each other.
//
//   npm run schema
import { writeFileSync } from 'node:fs'
import { tdaSchemaTexts } from '../src/tda/index.ts'
import { documentJsonSchemaText } from '../src/workflow/document/json-schema.ts'

const texts = { workflow: documentJsonSchemaText(), ...tdaSchemaTexts() }
for (const [name, text] of Object.entries(texts))
  writeFileSync(new URL(`../schema/${name}.schema.json`, import.meta.url), text)

import { readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { expect, test } from 'vitest'
import { documentJsonSchema, documentJsonSchemaText, keysAt } from './json-schema.ts'

const validate = new Ajv2020({
  strict: true,
  allowUnionTypes: true,
  allowMatchingProperties: true,
  strictRequired: false,
}).compile(documentJsonSchema())

test('the shipped schema file is the one that the code makes', () => {
  const file = new URL('../../../schema/workflow.schema.json', import.meta.url)
  expect(readFileSync(file, 'utf8')).toBe(documentJsonSchemaText())
})

test('it accepts documents, also with what is not yet supported', () => {
  const steps = {
    a: { agent: 'x', action: 'y', fallback: [{ agent: 'x', action: 'z' }] },
    b: { pattern: 'consensus', agents: ['x'], action: 'y', options: { quorum: 2 } },
    c: { waitFor: { signal: 's', timeout: '${ input.t }' } },
    d: {
      workflow: { name: 'w', version: '^1', input: { a: 1 } },
      fallback: { workflow: { name: 'w' } },
    },
  }
  expect(validate({ name: 'a', version: '1.0.0-rc.1+b', steps, rollback: { to: 'start' } })).toBe(
    true,
  )
})

test.each([
  { name: 'A', version: '1.0.0', steps: { a: { sleep: '1s' } } },
  { name: 'a', version: '1.0', steps: { a: { sleep: '1s' } } },
  { name: 'a', version: '1.0.0', steps: {} },
  { name: 'a', version: '1.0.0', steps: { A: { sleep: '1s' } } },
  { name: 'a', version: '1.0.0', steps: { a: { sleep: 5 } } },
  { name: 'a', version: '1.0.0', steps: { a: { sleep: '1s', agent: 'x' } } },
  { name: 'a', version: '1.0.0', steps: { a: { slep: '1s' } } },
  { name: 'a', version: '1.0.0', steps: { a: { workflow: { name: 'W' } } } },
  { name: 'a', version: '1.0.0', steps: { a: { workflow: { version: '1' } } } },
  { name: 'a', version: '1.0.0', steps: { a: { sleep: '1s' } }, extra: 1 },
])('it refuses the shape of %j', (document) => {
  expect(validate(document)).toBe(false)
})

test('the known keys at a path are those of the schema there', () => {
  expect(keysAt([])).toContain('featureFlags')
  expect(keysAt(['steps', 'constructor'])).toContain('continueOnFailure')
  expect(keysAt(['steps', 'x', 'fallback', 0])).toContain('agents')
  expect(keysAt(['steps', 'x', 'workflow'])).toEqual(['name', 'version', 'input'])
  expect(keysAt(['steps', 'x', 'with'])).toEqual([])
})

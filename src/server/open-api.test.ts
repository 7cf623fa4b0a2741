import { Ajv2020 } from 'ajv/dist/2020.js'
import { expect, test } from 'vitest'
import { openApiDocument } from './open-api.ts'
import { allOperations } from './operations.ts'

interface Described {
  readonly openapi: string
  readonly paths: Record<string, Record<string, { readonly responses: Record<string, unknown> }>>
  readonly components: { readonly schemas: Record<string, object> }
}

// Over the wire, as clients get it.
const described = JSON.parse(JSON.stringify(openApiDocument(allOperations))) as Described

function referencesIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, inner]) =>
    key === '$ref' && typeof inner === 'string' ? [inner] : referencesIn(inner),
  )
}

test('every operation is described, under an id of its own', () => {
  const ids = allOperations.map(({ id }) => id)
  expect(new Set(ids).size).toBe(ids.length)
  for (const { path, method } of allOperations) {
    expect(described.paths[path]?.[method.toLowerCase()], `${method} ${path}`).toBeDefined()
  }
})

test('every reference leads to a schema, and every schema is used', () => {
  const names = referencesIn(described).map((reference) => reference.split('/').at(-1))
  for (const name of names) expect(described.components.schemas).toHaveProperty(name as string)
  expect(new Set(names)).toEqual(new Set(Object.keys(described.components.schemas)))
})

test('every schema is one of JSON Schema 2020-12', () => {
  const ajv = new Ajv2020({ strict: false, validateFormats: false })
  ajv.addSchema(described, 'api')
  for (const name of Object.keys(described.components.schemas)) {
    expect(() => ajv.compile({ $ref: `api#/components/schemas/${name}` }), name).not.toThrow()
  }
})

test('every parameter of a path is described', () => {
  for (const [path, methods] of Object.entries(described.paths)) {
    const wanted = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name)
    for (const operation of Object.values(methods)) {
      const { parameters = [] } = operation as unknown as {
        parameters?: { name: string; in: string; required: boolean }[]
      }
      const inPath = parameters.filter((parameter) => parameter.in === 'path')
      expect(inPath.map(({ name }) => name)).toEqual(wanted)
      expect(inPath.every(({ required }) => required)).toBe(true)
    }
  }
})

test('the paths of the contract are all there', () => {
  const verbs = 'pause resume cancel checkpoint rollback fork signal resolve'.split(' ')
  expect(Object.keys(described.paths)).toEqual(
    expect.arrayContaining([
      '/v1/executions',
      '/v1/executions/{id}',
      ...verbs.map((verb) => `/v1/executions/{id}/${verb}`),
      '/v1/executions/{id}/events',
      '/v1/executions/{id}/state/{key}',
      '/v1/workflows',
      '/v1/agents',
      '/v1/agents/{id}/quarantine',
      '/v1/agents/{id}/release',
      '/v1/dead-letters',
      '/v1/events',
      '/v1/route',
      '/v1/tda/patterns',
      '/v1/tda/anomalies',
      '/v1/audit',
      '/healthz',
      '/readyz',
      '/metrics',
    ]),
  )
})

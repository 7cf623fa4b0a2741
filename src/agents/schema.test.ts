import { expect, test } from 'vitest'
import { z } from 'zod'
import { compileSchema, schemaDigest } from './schema.ts'

test('both kinds of schema name every issue with its path', async () => {
  const json = compileSchema(
    {
      type: 'object',
      required: ['n'],
      additionalProperties: false,
      properties: { n: {}, list: { type: 'array', items: { enum: ['a', 'b'] } } },
    },
    'input',
  )
  expect(await json({ extra: 1, list: ['a', 'c'] })).toEqual({
    ok: false,
    message:
      "must have required property 'n'; must NOT have additional properties ('extra'); " +
      'list.1: must be equal to one of the allowed values: ["a","b"]',
    issues: expect.arrayContaining([expect.objectContaining({ path: 'list.1' })]),
  })
  const standard = compileSchema(z.object({ list: z.array(z.object({ n: z.number() })) }), 'input')
  expect(await standard({ list: [{ n: 1 }, {}] })).toMatchObject({
    ok: false,
    issues: [{ path: 'list.1.n' }],
  })
})

test('copies of one schema with an $id are compiled each, as model calls bring them', async () => {
  const schema = { $id: 'https://example.com/answer', type: 'object', required: ['n'] }
  for (const copy of [schema, structuredClone(schema), schema])
    expect(await compileSchema(copy, 'input')({})).toMatchObject({ ok: false })
})

test('an asynchronous Standard Schema is awaited', async () => {
  const check = compileSchema(
    z.number().refine(async (n) => n > 1),
    'input',
  )
  expect(await check(2)).toEqual({ ok: true, value: 2 })
  expect(await check(1)).toMatchObject({ ok: false })
})

test('formats are checked, and file-path is one of them', async () => {
  const check = compileSchema(
    { properties: { a: { format: 'email' }, b: { format: 'file-path' } } },
    'input',
  )
  expect(await check({ a: 'x@example.org', b: './x.csv' })).toMatchObject({ ok: true })
  expect(await check({ a: 'no address' })).toMatchObject({ ok: false })
})

test('what is no schema is refused with its place', () => {
  expect(() => compileSchema({ $ref: 'https://example.org/other.json' }, 'input of a.b')).toThrow(
    'input of a.b',
  )
  expect(() => compileSchema({ type: 'objekt' }, 'input of a.b')).toThrow('no valid JSON Schema')
})

test('equal schemas have equal digests whatever the order of their keys; unlike ones differ', () => {
  expect(schemaDigest({ type: 'object', title: 'x' })).toBe(
    schemaDigest({ title: 'x', type: 'object' }),
  )
  expect(schemaDigest(z.object({ a: z.string() }))).toBe(schemaDigest(z.object({ a: z.string() })))
  expect(schemaDigest(z.object({ a: z.string() }))).not.toBe(
    schemaDigest(z.object({ a: z.number() })),
  )
  expect(schemaDigest(undefined)).toBe(null)
  expect(schemaDigest(z.custom(() => true))).toBe('opaque:zod')
})

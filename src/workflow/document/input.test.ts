import { expect, test } from 'vitest'
import type { JsonObject, JsonValue } from '../../core/json.ts'
import { compileInput } from './input.ts'
import { coerceInputText } from './input-text.ts'
import { linearRegex } from './linear-regex.ts'
import { filePathProperties, mapFilePaths } from './schema-properties.ts'
import { endlessSchemaReason } from './schema-cost.ts'

const schema: JsonObject = {
  type: 'object',
  required: ['series'],
  additionalProperties: false,
  properties: {
    series: { type: 'string', format: 'file-path' },
    limit: { type: 'integer', default: 10 },
    options: { type: 'object', default: {}, properties: { deep: { default: [1] } } },
  },
}

test('defaults are filled in on a copy', () => {
  const input = { series: 'a.csv', options: {} }
  expect(compileInput(schema)(input)).toEqual({
    value: { series: 'a.csv', limit: 10, options: { deep: [1] } },
    problems: [],
  })
  expect(input).toEqual({ series: 'a.csv', options: {} })
})

test('two readings share no default', () => {
  const read = compileInput(schema)
  const first = read({ series: 'a' }).value as { options: { deep: number[] } }
  first.options.deep.push(2)
  expect(read({ series: 'a' }).value).toMatchObject({ options: { deep: [1] } })
})

test('every violation is a problem with its path', () => {
  const { problems } = compileInput(schema)({ limit: 'many', extra: true })
  expect(
    problems.map(({ path, message, found, expected }) => [path, message, found, expected]),
  ).toEqual([
    ['input.series', 'input.series is missing', 'nothing', 'a value'],
    ['input.extra', 'input.extra is not known', 'true', 'no such key'],
    ['input.limit', 'input.limit is not valid', '"many"', 'integer'],
  ])
  expect(problems[0]).toMatchObject({
    file: null,
    line: null,
    column: null,
    hint: null,
    level: 'error',
  })
})

test('without a schema any object is right, and nothing else', () => {
  const read = compileInput(null)
  expect(read({ a: 1 })).toEqual({ value: { a: 1 }, problems: [] })
  for (const value of [[], 'x', 1, null] as JsonValue[])
    expect(read(value).problems).toHaveLength(1)
})

test('a schema that is none throws', () => {
  expect(() => compileInput({ type: 'objekt' })).toThrow(
    expect.objectContaining({ code: 'DocumentError' }) as Error,
  )
})

test('a key that objects inherit is missing unless it is there', () => {
  const read = compileInput({ type: 'object', required: ['constructor'] })
  expect(read({}).problems).toHaveLength(1)
  expect(read({ constructor: 1 }).problems).toEqual([])
})

test('two schemas of the same $id do not meet', () => {
  const one = compileInput({ $id: 'https://x/y', type: 'object', required: ['a'] })
  const other = compileInput({ $id: 'https://x/y', type: 'object', required: ['b'] })
  expect(one({ a: 1 }).problems).toEqual([])
  expect(other({ b: 1 }).problems).toEqual([])
})

test('each pattern of a schema is its own', () => {
  const read = compileInput({ properties: { a: { pattern: '^a+$' }, b: { pattern: '^b+$' } } })
  expect(read({ a: 'aa', b: 'bb' }).problems).toEqual([])
  expect(read({ a: 'bb', b: 'aa' }).problems).toHaveLength(2)
})

test('a pattern that other engines take ages for is matched at once', () => {
  const read = compileInput({ properties: { a: { type: 'string', pattern: '^(a+)+$' } } })
  expect(read({ a: `${'a'.repeat(50_000)}!` }).problems).toHaveLength(1)
})

test('patterns search, know the escapes of JavaScript, and refuse lookaround and great length', () => {
  expect(linearRegex('b').test('abc')).toBe(true)
  expect(linearRegex('^\\u0041\\/$').test('A/')).toBe(true)
  expect(() => linearRegex('(?=a)')).toThrow(/refused/)
  expect(() => linearRegex('a'.repeat(1_001))).toThrow(/patternCharactersMax/)
})

test('100,000 items are compared for uniqueness in linear time', () => {
  const read = compileInput({ properties: { l: { uniqueItems: true } } })
  const list: JsonValue[] = Array.from({ length: 100_000 }, (_, number) => ({ number }))
  expect(read({ l: list }).problems).toEqual([])
  expect(read({ l: [...list, { number: 5 }] }).problems).toHaveLength(1)
})

test('references that multiply or run in a circle are refused before they run', () => {
  const defs: Record<string, JsonObject> = { d40: { type: 'object' } }
  for (let level = 0; level < 40; level++) {
    const next = { $ref: `#/$defs/d${level + 1}` }
    defs[`d${level}`] = { allOf: [next, { ...next }] }
  }
  expect(endlessSchemaReason({ $ref: '#/$defs/d0', $defs: defs })).toContain('schemaVisitsMax')
  expect(endlessSchemaReason({ $ref: '#' })).toContain('refers to itself')
  expect(
    endlessSchemaReason({
      allOf: [{ $ref: '#/$defs/a' }],
      $defs: { a: { anyOf: [{ $ref: '#' }] } },
    }),
  ).toContain('refers to itself')
  const tree: JsonObject = {
    properties: { children: { type: 'array', items: { $ref: '#' } } },
  }
  expect(endlessSchemaReason(tree)).toBeNull()
  expect(compileInput(tree)({ children: [{ children: [] }] }).problems).toEqual([])
})

test('a chain of references that is too long is refused', () => {
  const defs = Object.fromEntries(
    Array.from({ length: 20_000 }, (_, level) => [`d${level}`, { $ref: `#/$defs/d${level + 1}` }]),
  )
  expect(endlessSchemaReason({ $ref: '#/$defs/d0', $defs: defs })).toContain('schemaDepthMax')
})

test('file paths are found at any depth and made absolute on a copy', () => {
  const nested: JsonObject = {
    properties: {
      one: { type: 'string', format: 'file-path' },
      many: { type: 'array', items: { $ref: '#/$defs/entry' } },
      name: { type: 'string' },
    },
    $defs: {
      entry: {
        allOf: [{ properties: { file: { format: 'file-path' } } }],
        properties: { again: { $ref: '#/$defs/entry' } },
      },
    },
  }
  expect(filePathProperties(nested)).toEqual([
    ['one'],
    ['many', '*', 'file'],
    ['many', '*', 'again', 'file'],
  ])
  const input = {
    one: 'a',
    many: [{ file: 'b', again: { again: { file: 'e' } } }, { file: 5 }, 'c'],
    name: 'd',
  }
  expect(mapFilePaths(nested, input, (path) => `/${path}`)).toEqual({
    one: '/a',
    many: [{ file: '/b', again: { again: { file: '/e' } } }, { file: 5 }, 'c'],
    name: 'd',
  })
  expect(input.one).toBe('a')
  expect(filePathProperties(null)).toEqual([])
})

test.each([
  ['text', '5', '5'],
  ['number', '5', 5],
  ['whole', '5', 5],
  ['whole', '5.5', '5.5'],
  ['flag', 'true', true],
  ['flag', 'yes', 'yes'],
  ['list', '[1]', [1]],
  ['map', '{"a":1}', { a: 1 }],
  ['either', 'null', null],
  ['either', 'x', 'x'],
  ['oneOf', '2', 2],
  ['path', '17', '17'],
  ['referred', '17', '17'],
  ['free', '17', 17],
  ['free', 'seventeen', 'seventeen'],
  ['unknown', '{"a":1}', { a: 1 }],
  ['unknown', '{"a":', '{"a":'],
  ['unknown', '12345678901234567890', '12345678901234567890'],
  ['constructor', '1', 1],
])('the text of %s=%s is read as %j', (key, text, value) => {
  const properties: JsonObject = {
    text: { type: 'string' },
    number: { type: 'number' },
    whole: { type: 'integer' },
    flag: { type: 'boolean' },
    list: { type: 'array' },
    map: { type: 'object' },
    either: { type: ['string', 'null'] },
    oneOf: { enum: [1, 2] },
    path: { format: 'file-path' },
    referred: { $ref: '#/$defs/text' },
    free: { description: 'anything' },
  }
  expect(coerceInputText({ properties, $defs: { text: { type: 'string' } } }, key, text)).toEqual(
    value,
  )
})

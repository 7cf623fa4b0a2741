import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isOrchestrationError, OrchestrationError } from '../core/errors.ts'
import { normaliseJson } from './json-value.ts'

const rules = {
  what: 'output',
  bytesMax: 1_000_000,
  code: 'AgentOutputError',
  retryable: true,
} as const

function refusal(value: unknown, bytesMax: number = rules.bytesMax): OrchestrationError {
  try {
    normaliseJson(value, { ...rules, bytesMax })
  } catch (error) {
    if (isOrchestrationError(error)) return error
    throw error
  }
  throw new Error('the value was not refused')
}

const json = fc.jsonValue().filter((value) => !JSON.stringify(value).includes('"__proto__"'))

test('a JSON value comes back equal and as a copy', () => {
  fc.assert(
    fc.property(json, (value) => {
      const copy = normaliseJson(value, rules)
      expect(copy).toEqual(JSON.parse(JSON.stringify(value)))
      expect(copy === value).toBe(typeof value !== 'object' || value === null)
    }),
  )
})

test('bytesMax is exact: the length of the JSON text passes, one byte less does not', () => {
  fc.assert(
    fc.property(fc.oneof(json, fc.string({ unit: 'binary' })), (value) => {
      const bytes = Buffer.byteLength(JSON.stringify(JSON.parse(JSON.stringify(value))))
      expect(() => normaliseJson(value, { ...rules, bytesMax: bytes })).not.toThrow()
      expect(refusal(value, bytes - 1).code).toBe('ResourceExhaustionError')
    }),
  )
})

test('anything at all becomes JSON that survives a round trip, or a typed error', () => {
  const anything = fc.anything({
    withBigInt: true,
    withBoxedValues: true,
    withDate: true,
    withMap: true,
    withSet: true,
    withSparseArray: true,
    withTypedArray: true,
    withNullPrototype: true,
  })
  fc.assert(
    fc.property(anything, (value) => {
      let copy: unknown = null
      let code: unknown = 'AgentOutputError'
      try {
        copy = normaliseJson(value, rules)
      } catch (error) {
        code = isOrchestrationError(error) ? error.code : error
      }
      expect(code).toBe('AgentOutputError')
      expect(JSON.parse(JSON.stringify(copy))).toEqual(copy)
    }),
    { numRuns: 500 },
  )
})

test('what JSON.stringify converts is converted', () => {
  class Point {
    readonly x = 1
    distance(): number {
      return 1
    }
  }
  const value = {
    at: new Date(0),
    point: new Point(),
    absent: undefined,
    list: [undefined, -0],
    boxed: new Number(3),
    bare: Object.assign(Object.create(null), { a: 1 }),
  }
  const copy = normaliseJson(value, rules)
  expect(copy).toStrictEqual({
    at: '1970-01-01T00:00:00.000Z',
    point: { x: 1 },
    list: [null, 0],
    boxed: 3,
    bare: { a: 1 },
  })
  expect(normaliseJson(undefined, rules)).toBe(null)
})

test.each([
  ['a function', { a: { b: () => 1 } }, 'a.b'],
  ['a symbol', [Symbol('s')], '0'],
  ['a BigInt', { n: 1n }, 'n'],
  ['NaN', { n: Number.NaN }, 'n'],
  ['an infinity', [1, Number.NEGATIVE_INFINITY], '1'],
  ['a Map', { m: new Map() }, 'm'],
  ['an Error', { e: new Error('x') }, 'e'],
  ['a promise', { p: Promise.resolve(1) }, 'p'],
  ['binary data', { b: Buffer.from('x') }, 'b'],
  ['an invalid Date', { d: new Date(Number.NaN) }, 'd'],
])('%s is refused where it stands', (_what, value, path) => {
  const error = refusal(value)
  expect(error.code).toBe('AgentOutputError')
  expect(error.retryable).toBe(true)
  expect(error.message).toContain(` at ${path}`)
})

test('an own key __proto__ is refused, and no prototype is touched', () => {
  expect(refusal(JSON.parse('{"a":{"__proto__":{"polluted":true}}}')).message).toContain(
    '__proto__',
  )
  expect(({} as { polluted?: boolean }).polluted).toBeUndefined()
})

test('a cycle and too deep a value end at depthMax', () => {
  const cycle: { self?: unknown } = {}
  cycle.self = [cycle]
  expect(refusal(cycle).message).toContain('depthMax 100')
  let deep: unknown = 1
  for (let level = 0; level < 100; level++) deep = [deep]
  expect(() => normaliseJson(deep, rules)).not.toThrow()
  expect(refusal([deep]).message).toContain('depthMax 100')
  const endless = { toJSON: (): unknown => ({ again: endless }) }
  expect(refusal(endless).code).toBe('AgentOutputError')
})

test('values that would take for ever to write are refused at the byte limit', () => {
  expect(refusal('x'.repeat(50_000_000)).code).toBe('ResourceExhaustionError')
  expect(refusal(Object.assign([], { length: 4_000_000_000 })).code).toBe('ResourceExhaustionError')
  let laughs: unknown = ['ha']
  for (let level = 0; level < 60; level++) laughs = [laughs, laughs]
  expect(refusal(laughs).details).toEqual({ limit: 'payloadBytesMax', max: 1_000_000 })
})

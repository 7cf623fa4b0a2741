import { describe, expect, it } from 'vitest'
import { isOrchestrationError } from '../../core/errors.ts'
import type { JsonValue } from '../../core/json.ts'
import { compileTemplate } from './template.ts'

const scope = { input: { n: 7, name: 'Ada', list: [1, 2], nothing: null } }

function detailsOf(work: () => unknown): unknown {
  try {
    work()
  } catch (thrown) {
    if (isOrchestrationError(thrown)) return { code: thrown.code, ...thrown.details }
    throw thrown
  }
  throw new Error('nothing was thrown')
}

describe('a template', () => {
  it.each<[string, JsonValue]>([
    ['${ input.list }', [1, 2]],
    ['${input.n}', 7],
    ['${ input.nothing }', null],
    [' ${ input.n }', ' 7'],
    ['n=${input.n}, ${input.name}: ${ input.list }', 'n=7, Ada: [1,2]'],
    ['${ input.name }${ input.name }', 'AdaAda'],
    ['${ input.nothing } and ${ {"a": true} }', 'null and {"a":true}'],
    ['$${ input.n }', '${ input.n }'],
    ['$$${ input.n }', '$${ input.n }'],
    ['a $ b $1 ${ "$" }', 'a $ b $1 $'],
    ['cost $${x} ${ input.n }', 'cost ${x} 7'],
    ['${ {"a": {"b": 1}}.a.b }', 1],
    ['${ "}" + \'}\' }', '}}'],
    ['${ """a"}b""" }', 'a"}b'],
    ['${ r"\\d}" }', '\\d}'],
    ['${ "\\"}" }', '"}'],
    ['${ 1 // a } in a comment\n + 1 }', 2],
    ['no expression', 'no expression'],
    ['', ''],
    ['{}', '{}'],
  ])('makes %j into %j', (source, expected) => {
    expect(compileTemplate(source).evaluate(scope)).toEqual(expected)
  })

  it('fills strings at any depth and leaves the rest alone', () => {
    const value = {
      a: ['${ input.n }', { b: 'x ${ input.name }' }],
      '${ key }': true,
      c: 1.5,
      d: null,
    }
    expect(compileTemplate(value).evaluate(scope)).toEqual({
      a: [7, { b: 'x Ada' }],
      '${ key }': true,
      c: 1.5,
      d: null,
    })
  })

  it('is constant without expressions and gives the very value', () => {
    const value = { a: [1, { b: 'x' }], s: { $secret: '${ NAME }' } }
    const template = compileTemplate(value)
    expect(template.isConstant).toBe(true)
    expect(template.evaluate({})).toBe(value)
  })

  it('shares the parts that hold no expression', () => {
    const fixed = { deep: [1] }
    const result = compileTemplate({ fixed, a: '${ input.n }' }).evaluate(scope)
    expect((result as { fixed: unknown }).fixed).toBe(fixed)
  })

  it('passes a secret on unresolved', () => {
    const value = { token: { $secret: 'API' }, n: '${ input.n }' }
    expect(compileTemplate(value).evaluate(scope)).toEqual({ token: { $secret: 'API' }, n: 7 })
  })

  it('keeps hostile keys as data', () => {
    const value = JSON.parse(
      '{ "__proto__": "${ input.n }", "constructor": { "x": "${ input.name }" }, "hasOwnProperty": 1 }',
    ) as JsonValue
    const result = compileTemplate(value).evaluate(scope)
    expect(JSON.stringify(result)).toBe(
      '{"__proto__":7,"constructor":{"x":"Ada"},"hasOwnProperty":1}',
    )
    expect(Object.getPrototypeOf(result)).toBe(Object.prototype)
    expect(({} as { x?: unknown }).x).toBeUndefined()
  })

  it('says in which string, and where in it, something is wrong', () => {
    const value = { with: ['ok', { name: 'Hi ${ inptu.name }' }] }
    expect(detailsOf(() => compileTemplate(value))).toEqual({
      code: 'ExpressionError',
      path: ['with', 1, 'name'],
      offset: 6,
    })
    const later = compileTemplate({ a: 'Hi ${ input.nope }' })
    expect(detailsOf(() => later.evaluate(scope))).toEqual({
      code: 'ExpressionError',
      path: ['a'],
      offset: 6,
    })
    expect(detailsOf(() => compileTemplate({ a: 'x ${ y' }))).toMatchObject({
      path: ['a'],
      offset: 2,
    })
    expect(detailsOf(() => compileTemplate(['x ${}']))).toMatchObject({ path: [0], offset: 4 })
  })

  it('lists its references with the string they stand in', () => {
    const value = { a: '${ steps.x.output } ${ input.n }', b: ['${ item }'] }
    expect(compileTemplate(value).references).toEqual([
      { root: 'steps', stepId: 'x', offset: 3, path: ['a'] },
      { root: 'input', stepId: null, offset: 23, path: ['a'] },
      { root: 'item', stepId: null, offset: 3, path: ['b', 0] },
    ])
  })

  it('refuses a value that is nested too deeply', () => {
    let value: JsonValue = '${ input.n }'
    for (let level = 0; level < 101; level++) value = [value]
    expect(() => compileTemplate(value)).toThrow('depthMax')
  })
})

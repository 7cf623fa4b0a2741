import { describe, expect, it } from 'vitest'
import { isOrchestrationError, type OrchestrationError } from '../../core/errors.ts'
import type { JsonValue } from '../../core/json.ts'
import { compileExpression } from './compile.ts'
import type { Scope } from './scope.ts'

const scope: Scope = {
  input: { n: 7, name: 'Ada', list: [3, 1, 2], nothing: null, nested: { deep: { x: true } } },
  steps: {
    a: { status: 'completed', error: null, output: { items: ['p', 'q'] } },
    b: { status: 'skipped', error: null, output: null },
  },
  item: { name: 'it' },
  index: 1,
}

function evaluate(source: string, given: Scope = scope): JsonValue {
  return compileExpression(source).evaluate(given)
}

function errorOf(work: () => unknown): OrchestrationError {
  try {
    work()
  } catch (thrown) {
    if (isOrchestrationError(thrown)) return thrown
    throw thrown
  }
  throw new Error('nothing was thrown')
}

describe('numbers', () => {
  it.each<[string, JsonValue]>([
    ['input.n / 2', 3.5],
    ['7 / 2', 3],
    ['1.0 == 1', true],
    ['1 == input.n - 6', true],
    ['1 != 1.5', true],
    ['7 % 2.5', 2],
    ['input.n % 2', 1],
    ['input.n % 2.0 == 1', true],
    ['2 * input.n + 1', 15],
    ['index + 1', 2],
    ['input.n > 6 && 6 < input.n', true],
    ['size(input.list) == 3.0', true],
    ['[10, 20, 30][input.n - 5]', 30],
    ['[10, 20][1.0]', 20],
    ['"abcdefgh".substring(input.n)', 'h'],
    ['-(-9223372036854775807) == 9223372036854775807', true],
    ['-0.0', 0],
  ])('gives %s = %j', (source, expected) => {
    expect(evaluate(source)).toBe(expected)
  })

  it.each([
    ['9007199254740992', /2\^53-1/],
    ['9223372036854775807 + 1', /int overflow/],
    ['99999999999999999999', /64 bits/],
    ['0.0 / 0.0', /NaN/],
    ['input.n / 0', /Infinity/],
    ['1 / 0', /division by zero/],
    ['input.n % 0', /modulo by zero/],
    ['[1, 2][0.5]', /takes an int/],
    ['b"bytes"', /bytes/],
    ['1 + "a"', /int \+ string/],
    ['input.n + "a"', /double \+ string/],
  ])('refuses %s', (source, message) => {
    const error = errorOf(() => evaluate(source))
    expect(error.code).toBe('ExpressionError')
    expect(error.retryable).toBe(false)
    expect(error.message).toMatch(message)
  })
})

describe('data', () => {
  it.each<[string, JsonValue]>([
    ['steps.a.output.items[0]', 'p'],
    ['size(steps.a.output.items) > 0', true],
    ['item.name + "!"', 'it!'],
    ['input.n > 3 ? "many" : null', 'many'],
    ['2 in input.list', true],
    ['"name" in input', true],
    ['"nome" in input', false],
    ['has(input.nested.deep)', true],
    ['has(input.nested.shallow)', false],
    ['has(steps.b.output.items)', false],
    ['input.?nope.?x.orValue(3)', 3],
    ['steps.b.output.?items.orValue([])', []],
    ['input.list[?9].hasValue()', false],
    ['input.?nothing.orValue(1)', null],
    ['optional.none().or(optional.of(2)).value()', 2],
    ['{"a": 1, "b": [1, "x", null]}', { a: 1, b: [1, 'x', null] }],
    ['{1: "a"}[1.0]', 'a'],
    ['{"a": 1} == {"a": 1.0}', true],
    ['[1, [2]] == [1.0, [2.0]]', true],
    ['type(input.n) == double && type(1) == int', true],
    ['cel.bind(x, input.n, x * x)', 49],
    ['true || input.nope', true],
    ['input.nope || true', true],
    ['false && input.nope', false],
    ['${ input.name }', 'Ada'],
    ['  ${ {"}": 1}["}"] } ', 1],
  ])('gives %s = %j', (source, expected) => {
    expect(evaluate(source)).toEqual(expected)
  })

  it('hands out data without copying it', () => {
    expect(evaluate('input.list')).toBe((scope.input as { list: JsonValue }).list)
  })

  it.each([
    ['input.nope', 'no key `nope`', 0],
    ['1 + input.nothing.x', 'is null', 4],
    ['steps.b.output.items', '`steps.b.output` is null', 0],
    ['input.list[5]', 'has 3 elements', 0],
    ['event.x', '`event` has no value here', 0],
    ['input.?nope', 'optional', 0],
    ['${ input.nope }', 'no key `nope`', 3],
  ])('fails on %s and says where', (source, message, offset) => {
    const error = errorOf(() => evaluate(source))
    expect(error.code).toBe('ExpressionError')
    expect(error.message).toContain(message)
    expect(error.details?.['offset']).toBe(offset)
  })

  it('reads only the step that is named, and only when it is asked', () => {
    const read: string[] = []
    const steps = {
      get a() {
        read.push('a')
        return { status: 'completed', error: null, output: 1 }
      },
      get b(): never {
        throw new Error('b was read')
      },
    }
    expect(evaluate('steps.a.output', { steps })).toBe(1)
    expect(evaluate('1 + 1', { steps })).toBe(2)
    expect(read).toEqual(['a'])
  })

  it('gives a copy of a step that does not change with the view', () => {
    const view = { status: 'running', error: null, output: null as JsonValue }
    const result = evaluate('steps.a', { steps: { a: view } })
    view.status = 'completed'
    expect(result).toEqual({ status: 'running', error: null, output: null })
  })
})

describe('hostile keys', () => {
  const keys = ['constructor', '__proto__', 'prototype', 'hasOwnProperty', 'toString', 'valueOf']

  it.each(keys)('takes `%s` as an ordinary key', (key) => {
    const input = JSON.parse(`{ "${key}": { "x": 1 }, "list": [{ "${key}": 2 }] }`) as JsonValue
    const given: Scope = { input }
    const missing: Scope = { input: { list: [] } }
    expect(evaluate(`input["${key}"].x`, given)).toBe(1)
    expect(evaluate(`has(input.${key})`, given)).toBe(true)
    expect(evaluate(`has(input.${key})`, missing)).toBe(false)
    expect(evaluate(`"${key}" in input`, missing)).toBe(false)
    expect(evaluate(`input.list.map(o, o["${key}"])`, given)).toEqual([2])
    expect(evaluate(`input == input && input.list + [] == input.list`, given)).toBe(true)
    expect(evaluate(`input == {"${key}": 1}`, missing)).toBe(false)
    const made = evaluate(`{"${key}": 1}`)
    expect(Object.keys(made as object)).toEqual([key])
    expect(Object.getPrototypeOf(made)).toBe(Object.prototype)
    expect(() => evaluate(`input.${key}`, missing)).toThrow(/no key/)
  })

  it('does not take an inherited property for an equal key', () => {
    const a = JSON.parse('{ "__proto__": {} }') as JsonValue
    expect(evaluate('input == event', { input: a, event: { z: 1 } })).toBe(false)
  })
})

describe('comprehensions', () => {
  it.each<[string, JsonValue]>([
    ['input.list.map(x, x * 2)', [6, 2, 4]],
    ['input.list.map(x, x > 1, x * 2)', [6, 4]],
    ['input.list.filter(x, x > 1)', [3, 2]],
    ['input.list.all(x, x > 0)', true],
    ['input.list.exists(x, x == 2)', true],
    ['input.list.exists_one(x, x > 2)', true],
    ['input.list.existsOne(x, x > 1)', false],
    ['{"a": 1, "b": 2}.map(k, k)', ['a', 'b']],
    ['input.nested.map(k, k)', ['deep']],
    ['input.list.map(item, item + index)', [4, 2, 3]],
    ['[[1, 2], [3]].map(l, l.map(x, x + 1))', [[2, 3], [4]]],
    ['input.list.exists(x, x / 0 == 1 || x == 1)', true],
    ['[0, 1].exists(x, 1 / x == 1)', true],
  ])('gives %s = %j', (source, expected) => {
    expect(evaluate(source)).toEqual(expected)
  })

  it('raises the fault of an element when no other decides', () => {
    expect(() => evaluate('[0, 2].exists(x, 1 / x == 5)')).toThrow('division by zero')
  })

  it('refuses a third level before anything runs', () => {
    const error = errorOf(() => compileExpression('[1].map(x, [1].filter(y, [1].exists(z, true)))'))
    expect(error.message).toContain('comprehensionDepthMax')
  })

  it('refuses a range that is no list', () => {
    expect(() => evaluate('input.name.map(x, x)')).toThrow('needs a list or a map')
  })
})

function rootsOf(source: string): string[] {
  return compileExpression(source).references.map(({ root, stepId, offset }) => {
    return `${root}${stepId === null ? '' : `.${stepId}`}@${offset}`
  })
}

describe('references', () => {
  it.each([
    ['steps.a.output + steps["b"].output', ['steps.a@0', 'steps.b@17']],
    ['steps.c.?output.orValue(1)', ['steps.c@0']],
    ['steps.?d', ['steps.d@0']],
    ['has(steps.x.output)', ['steps.x@4']],
    ['has(steps.x)', ['steps.x@4']],
    ['steps[input.id].output', ['steps@0', 'input@6']],
    ['size(steps) > 1', ['steps@5']],
    ['input.list.map(item, item + index)', ['input@0', 'index@28']],
    ['input.list.map(steps, steps.a)', ['input@0']],
    ['cel.bind(x, tda, x.available && state.ready)', ['tda@12', 'state@32']],
    ['${ execution.id }', ['execution@3']],
    ['type(output) == int || call.input == event', ['output@5', 'call@23', 'event@37']],
  ])('of %s are %j', (source, expected) => {
    expect(rootsOf(source)).toEqual(expected)
  })
})

describe('errors before evaluation', () => {
  it.each([
    ['inptu.x', 'no name `inptu`', '`input`', 0],
    ['1 + setps.a', 'no name `setps`', '`steps`', 4],
    ['siz(input)', 'no function `siz`', '`size`', 0],
    ['input.list.mpa(x, 1)', 'no function `mpa`', '`map`', 0],
    ['input.a.contain("x")', 'no function `contain`', '`contains`', 0],
    ['trim(input)', 'text.trim()', null, 0],
    ['round()', 'round(x)', null, 0],
    ['a = 1', 'not valid CEL', '==', 2],
    ['input and item', 'not valid CEL', '&&', 6],
    ['1 +', 'not valid CEL', null, 3],
    ['', 'is empty', null, 0],
    ['${ }', 'is empty', null, 2],
    ['${ a', 'not closed', '$${', 0],
    ['${a} && ${b}', 'text follows', 'without `${ }`', 5],
    ['"x".matches("(")', 'not valid RE2', 'look-around', 12],
    ['true && 1', 'must be a bool', null, 8],
    ['1 ? 2 : 3', 'must be a bool', null, 0],
    ['"a" in "abc"', 'no such operation', 'contains', 0],
    ['has(input)', 'needs a field', null, 4],
  ])('%s: %s', (source, message, hint, offset) => {
    const error = errorOf(() => compileExpression(source))
    expect(error.code).toBe('ExpressionError')
    expect(error.retryable).toBe(false)
    expect(error.message).toContain(message)
    expect(error.hint ?? '').toContain(hint ?? '')
    expect(error.details?.['offset']).toBe(offset)
  })

  it('knows the type of a result where it can', () => {
    expect(compileExpression('input.a == 1').resultType).toBe('bool')
    expect(compileExpression('input.a').resultType).toBe('dyn')
    expect(compileExpression('1 + 1').resultType).toBe('int')
  })

  it('gives the same object for the same source', () => {
    expect(compileExpression('input.cached')).toBe(compileExpression('input.cached'))
  })
})

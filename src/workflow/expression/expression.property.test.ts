import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isOrchestrationError } from '../../core/errors.ts'
import type { JsonValue } from '../../core/json.ts'
import { compileExpression } from './compile.ts'
import { expressionFunctions } from './functions.ts'
import { compileTemplate } from './template.ts'

const hostile = ['__proto__', 'constructor', 'hasOwnProperty', 'toString', 'prototype', '$secret']
const key = fc.oneof(fc.constantFrom(...hostile, 'a', 'b'), fc.string({ maxLength: 4 }))
const json = fc.letrec<{ value: JsonValue }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.oneof(fc.constant(null), fc.boolean(), fc.integer(), fc.string({ maxLength: 6 })),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => number + 0),
    fc.array(tie('value'), { maxLength: 4 }),
    fc
      .array(fc.tuple(key, tie('value')), { maxLength: 4 })
      .map((entries) => Object.fromEntries(entries)),
  ),
})).value

const word = fc.oneof(
  fc.constantFrom(
    'input',
    'steps',
    'item',
    'index',
    'x',
    'a',
    'int',
    'cel',
    'optional',
    ...hostile,
  ),
  fc.constantFrom('1', '2.5', '0', '"s"', "'%s'", 'true', 'null', 'b"y"', '1u', '""', '"(a+)+"'),
  fc.constantFrom('+', '-', '*', '/', '%', '==', '!=', '<', '>=', '&&', '||', 'in', '?', ':', '!'),
  fc.constantFrom('(', ')', '[', ']', '{', '}', '.', '.?', '[?', ',', '${', '}', '$${', ' '),
  fc.constantFrom(...expressionFunctions.map((row) => `${row.name}(`)),
  fc.constantFrom('.map(x, ', '.filter(x, ', '.all(x, ', '.exists(x, ', 'cel.bind(x, ', 'has('),
)
const grown = fc.letrec<{ node: string }>((tie) => ({
  node: fc.oneof(
    { depthSize: 'medium' },
    fc.constantFrom('input', 'item', 'index', '1', '0', '2.5', '"a"', '[]', '{}', 'null', 'true'),
    fc
      .tuple(
        tie('node'),
        fc.constantFrom('+', '-', '*', '/', '%', '==', '<', 'in', '&&', '||'),
        tie('node'),
      )
      .map((parts) => `(${parts.join(' ')})`),
    fc.tuple(tie('node'), fc.constantFrom(...hostile, 'a')).map(([of, name]) => `${of}.?${name}`),
    fc.tuple(tie('node'), tie('node')).map(([of, index]) => `${of}[${index}]`),
    fc.tuple(tie('node'), tie('node')).map(([a, b]) => `[${a}, ${b}]`),
    fc.tuple(tie('node'), tie('node')).map(([a, b]) => `{${a}: ${b}}`),
    fc
      .tuple(
        fc.constantFrom(
          'size',
          'string',
          'toJson',
          'distinct',
          'flatten',
          'sum',
          'max',
          'round',
          'json',
          'type',
          'coalesce',
          'int',
          'timestamp',
          'duration',
        ),
        tie('node'),
      )
      .map(([name, of]) => `${name}(${of})`),
    fc
      .tuple(
        tie('node'),
        fc.constantFrom('map', 'filter', 'all', 'exists', 'exists_one'),
        tie('node'),
      )
      .map(([of, name, body]) => `${of}.${name}(x, ${body} == x)`),
    fc.tuple(tie('node'), tie('node'), tie('node')).map(([a, b, c]) => `(${a} ? ${b} : ${c})`),
    fc
      .tuple(
        tie('node'),
        fc.constantFrom('format', 'join', 'split', 'contains', 'matches', 'orValue'),
        tie('node'),
      )
      .map(([of, name, arg]) => `${of}.${name}(${arg})`),
  ),
})).node

/** The result, or the code of the typed error; any other error fails the test. */
function settle(work: () => JsonValue): { value: JsonValue } | { code: string } {
  try {
    return { value: work() }
  } catch (thrown) {
    if (!isOrchestrationError(thrown)) throw thrown
    return { code: thrown.code }
  }
}

function isTyped(outcome: { value: JsonValue } | { code: string }): boolean {
  return 'value' in outcome || /^Expression(Limit)?Error$/.test(outcome.code)
}

const options = { numRuns: 2_000, interruptAfterTimeLimit: 20_000 }

describe('any expression', () => {
  it('gives JSON or a typed error, however broken its text is', () => {
    const source = fc.oneof(
      fc.array(word, { maxLength: 25 }).map((words) => words.join('')),
      fc.string(),
    )
    fc.assert(
      fc.property(source, json, (text, input) => {
        expect(
          isTyped(settle(() => compileExpression(text).evaluate({ input, item: input }))),
        ).toBe(true)
        expect(isTyped(settle(() => compileTemplate(text).evaluate({ input, item: input })))).toBe(
          true,
        )
      }),
      options,
    )
  })

  it('gives JSON that survives a round trip when it is well formed', () => {
    let values = 0
    fc.assert(
      fc.property(grown, json, (text, input) => {
        const outcome = settle(() => compileExpression(text).evaluate({ input, item: 1, index: 0 }))
        expect(isTyped(outcome)).toBe(true)
        if (!('value' in outcome)) return
        values++
        expect(JSON.parse(JSON.stringify(outcome.value))).toEqual(outcome.value)
      }),
      options,
    )
    expect(values).toBeGreaterThan(50)
  })

  it('reads every own key of any data, and nothing else', () => {
    fc.assert(
      fc.property(fc.dictionary(key, json, { noNullPrototype: true }), key, (input, name) => {
        const literal = JSON.stringify(name).replaceAll(
          /[^ -~]/g,
          (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
        )
        fc.pre(!/\\ud[89a-f]/i.test(literal))
        const outcome = settle(() => compileExpression(`input[${literal}]`).evaluate({ input }))
        const wanted = Object.hasOwn(input, name)
          ? { value: input[name] }
          : { code: 'ExpressionError' }
        expect(outcome).toEqual(wanted)
      }),
      options,
    )
  })

  it('finds any data equal to itself and unchanged through json and toJson', () => {
    fc.assert(
      fc.property(json, (input) => {
        const copy = structuredClone(input)
        const run = (source: string): JsonValue =>
          compileExpression(source).evaluate({ input, item: copy })
        expect(run('input == item')).toBe(true)
        expect(run('json(toJson(input)) == input')).toBe(true)
        expect(run('[input, item].distinct().size()')).toBe(1)
        expect(run('[input][0]')).toEqual(input)
      }),
      options,
    )
  })
})

describe('any template', () => {
  it('gives back a value whose strings have no `${`', () => {
    fc.assert(
      fc.property(json, (value) => {
        fc.pre(!JSON.stringify(value).includes('${'))
        expect(compileTemplate(value).evaluate({})).toBe(value)
      }),
      options,
    )
  })

  it('puts any text through interpolation unchanged', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (before, input) => {
        const source = `${before.replaceAll('$', '')}<\${ input }>`
        expect(compileTemplate(source).evaluate({ input })).toBe(
          `${before.replaceAll('$', '')}<${input}>`,
        )
      }),
      options,
    )
  })
})

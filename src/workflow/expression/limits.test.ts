import { describe, expect, it } from 'vitest'
import { limits } from '../../core/limits.ts'
import { compileExpression } from './compile.ts'
import { compileTemplate } from './template.ts'

const input = {
  text: 'a'.repeat(4_000_000),
  many: Array.from({ length: 100_000 }, (_, index) => index),
  hundreds: Array.from({ length: 300 }, (_, index) => index),
}

function evaluate(source: string): unknown {
  return compileExpression(source).evaluate({ input })
}

function binds(count: number, first: string, next: (name: string) => string): string {
  let source = `v${count - 1}`
  for (let index = count - 1; index >= 0; index--) {
    source = `cel.bind(v${index}, ${index === 0 ? first : next(`v${index - 1}`)}, ${source})`
  }
  return source
}

describe('limits', () => {
  it('allows exactly the items of expressionItemsMax', () => {
    expect(evaluate('input.many.all(x, x >= 0)')).toBe(true)
    expect(() => evaluate('(input.many + []).all(x, true)')).toThrowError(
      expect.objectContaining({
        code: 'ExpressionLimitError',
        details: expect.objectContaining({ limit: 'expressionItemsMax', max: 100_000 }),
      }),
    )
  })

  it.each([
    [
      'items of nested loops',
      'input.hundreds.map(x, input.hundreds.filter(y, input.many[0] == 0)) + input.many',
    ],
    ['items hidden by ||', 'input.many.all(x, input.many.all(y, true)) || true'],
    ['items of `in`', 'input.many.exists(x, -1 in input.many)'],
    ['items of equality', 'input.many.exists(x, input.many + [1] == input.many)'],
    ['items of distinct', 'input.hundreds.map(x, input.many).distinct()'],
    ['items of split', 'input.text.split("")'],
    ['text that doubles', binds(60, '"ab"', (name) => `${name} + ${name}`)],
    ['lists that double', binds(60, '[1]', (name) => `${name} + ${name}`)],
    ['shared lists that double', binds(60, '[1]', (name) => `[${name}, ${name}]`)],
    ['one text many times', 'input.many.map(x, input.text)'],
    ['text of toJson', 'input.many.map(x, toJson(input.many))'],
    ['text of replace', 'input.text.replace("a", input.text)'],
    ['text of format', '"%s%s".format([input.text, input.text])'],
    ['text of join', '[input.text, input.text].join()'],
    ['work of contains', 'input.many.exists(x, input.text.contains("b"))'],
    ['work of matches', 'input.many.exists(x, input.text.matches("^(a|aa)+$c"))'],
    ['work of a long body', `input.many.all(x, ${Array(390).fill('x').join('+')} >= 0)`],
  ])('stops %s with an ExpressionLimitError', (_, source) => {
    expect(() => evaluate(source)).toThrowError(
      expect.objectContaining({ code: 'ExpressionLimitError', retryable: false }),
    )
  })

  it('matches an evil pattern in linear time', () => {
    expect(evaluate('(input.text + "!").matches("^(a+)+$")')).toBe(false)
  })

  it('refuses a source that is too long', () => {
    const source = `"${'x'.repeat(limits.expressionCharactersMax)}"`
    expect(() => compileExpression(source)).toThrow('expressionCharactersMax')
  })

  it.each([
    ['parentheses', '('.repeat(4_000) + '1' + ')'.repeat(4_000)],
    ['operators', Array(4_000).fill('1').join('+')],
    ['negations', `${'!'.repeat(9_000)}true`],
    ['lists', '['.repeat(200) + ']'.repeat(200)],
  ])('refuses deeply nested %s with a typed error', (_, source) => {
    expect(() => evaluate(source)).toThrowError(
      expect.objectContaining({ code: 'ExpressionError' }),
    )
  })

  it('refuses JSON that is nested too deeply', () => {
    expect(() => evaluate(`json("${'['.repeat(101)}${']'.repeat(101)}")`)).toThrow('depthMax')
  })

  it('bounds the text of a template', () => {
    const template = compileTemplate({ a: '1 ${ input.text }', b: '2 ${ input.text }' })
    expect(() => template.evaluate({ input })).toThrowError(
      expect.objectContaining({
        code: 'ExpressionLimitError',
        details: expect.objectContaining({ path: ['b'], offset: 4 }),
      }),
    )
  })
})

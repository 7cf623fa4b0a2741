import { describe, expect, it } from 'vitest'
import { expectBool, expectList } from './expect.ts'
import { celReservedWords } from './reserved.ts'

describe('expectBool and expectList', () => {
  it('pass what they expect', () => {
    expect(expectBool(false)).toBe(false)
    const list = [1]
    expect(expectList(list)).toBe(list)
  })

  it.each([
    [() => expectBool(1, '`when`'), '`when` must give a bool, found double'],
    [() => expectBool(null), 'the expression must give a bool, found null'],
    [() => expectList({}, '`forEach`'), '`forEach` must give a list, found map'],
    [() => expectList('a'), 'the expression must give a list, found string'],
  ])('name what was expected and found', (work, message) => {
    expect(work).toThrowError(expect.objectContaining({ code: 'ExpressionError', message }))
  })
})

describe('celReservedWords', () => {
  it('has the words of the language and no name that a step may well have', () => {
    for (const word of ['in', 'true', 'null', 'if', 'while', 'package']) {
      expect(celReservedWords.has(word)).toBe(true)
    }
    for (const word of ['size', 'item', 'decide']) expect(celReservedWords.has(word)).toBe(false)
  })
})

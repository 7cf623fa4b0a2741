import { expect, test } from 'vitest'
import { makePaint, wantsColor } from './paint.ts'

test.each([
  ['a terminal', true, {}, true],
  ['a pipe', false, {}, false],
  ['a terminal with NO_COLOR', true, { NO_COLOR: '1' }, false],
  ['a terminal with an empty NO_COLOR', true, { NO_COLOR: '' }, true],
  ['a dumb terminal', true, { TERM: 'dumb' }, false],
  ['a pipe with FORCE_COLOR', false, { FORCE_COLOR: '1' }, true],
  ['NO_COLOR against FORCE_COLOR', true, { NO_COLOR: '1', FORCE_COLOR: '1' }, false],
])('colour on %s', (_what, isTerminal, env, expected) => {
  expect(wantsColor(isTerminal, env)).toBe(expected)
})

test('without colour every text comes back as it is', () => {
  expect(makePaint(false).red('x')).toBe('x')
  expect(makePaint(true).red('x')).toBe('\u001B[31mx\u001B[39m')
})

import { RE2JS, RE2JSException } from 're2js'
import type { Evaluation } from './evaluation.ts'

/** Characters of one pattern. */
const patternCharactersMax = 1_000
const cachedPatternsMax = 500
const compiled = new Map<string, RE2JS>()

/**
 * The compiled form of an RE2 pattern, remembered for the patterns used last.
 *
 * @throws Error whose message says what is wrong with the pattern
 */
export function compilePattern(pattern: string): RE2JS {
  const known = compiled.get(pattern)
  if (known !== undefined) return known
  if (pattern.length > patternCharactersMax) {
    throw new Error(`the pattern has more than ${patternCharactersMax} characters`)
  }
  const fresh = compileFresh(pattern)
  if (compiled.size >= cachedPatternsMax) {
    const [oldest] = compiled.keys()
    if (oldest !== undefined) compiled.delete(oldest)
  }
  compiled.set(pattern, fresh)
  return fresh
}

function compileFresh(pattern: string): RE2JS {
  try {
    return RE2JS.compile(pattern)
  } catch (cause) {
    if (!(cause instanceof RE2JSException)) throw cause
    const reason = cause.message.replace('error parsing regexp: ', '')
    throw new Error(`the pattern is not valid RE2: ${reason}`, { cause })
  }
}

/** Whether a pattern occurs in a text, in time linear in the text. @throws ExpressionFault for a bad pattern */
export function matches(text: string, pattern: string, run: Evaluation): boolean {
  let regex: RE2JS
  try {
    regex = compilePattern(pattern)
  } catch (cause) {
    const hint = 'RE2 knows no look-around and no back-references'
    throw run.fault(cause instanceof Error ? cause.message : 'the pattern is not valid', hint)
  }
  run.work(text.length * (1 + Math.floor(regex.programSize() / 32)))
  return regex.test(text)
}

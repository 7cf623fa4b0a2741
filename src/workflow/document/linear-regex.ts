import { RE2JS } from 're2js'
import { OrchestrationError } from '../../core/errors.ts'

/** Characters of one regular expression: matching takes time in proportion to them. */
const patternCharactersMax = 1_000

/** The part of a RegExp that a schema validator calls. */
export interface LinearRegex {
  test(text: string): boolean
  /** The pattern: validators keep one expression for each such text. */
  toString(): string
}

/**
 * A regular expression that always matches in linear time (RE2): no lookaround, no back references.
 * It searches, as JSON Schema asks: `^` and `$` must be written.
 *
 * @throws InputError when the pattern is too long or is no RE2 pattern
 */
export function linearRegex(pattern: string): LinearRegex {
  if (pattern.length > patternCharactersMax) {
    throw new OrchestrationError(
      'InputError',
      `a pattern of ${pattern.length} characters is too long, the limit is ${patternCharactersMax} (patternCharactersMax)`,
    )
  }
  try {
    const compiled = RE2JS.compile(RE2JS.translateRegExp(pattern))
    return { test: (text) => compiled.matcher(text).find(), toString: () => pattern }
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : 'unknown'
    throw new OrchestrationError(
      'InputError',
      `the pattern ${JSON.stringify(pattern.slice(0, 100))} is refused: ${reason}`,
      {
        hint: 'patterns follow RE2: no lookaround, no back references',
        cause,
      },
    )
  }
}

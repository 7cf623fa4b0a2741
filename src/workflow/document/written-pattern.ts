import { patternNames, type PatternSpec } from '../../core/contracts/pattern.ts'
import type { JsonValue } from '../../core/json.ts'
import { type ParsedPatternOptions, patternOptions } from './schema-patterns.ts'
import { listAt, ownValue } from './value-at.ts'

/** A pattern as it is written, where its shape is right. */
export type WrittenPattern = Pick<PatternSpec, 'pattern' | 'agents' | 'action'> & {
  readonly options: ParsedPatternOptions
}

/**
 * The pattern of a step or a fallback entry, whatever the shape of the data.
 *
 * @returns null when it has none, or one that the schema refuses
 */
export function writtenPattern(owner: JsonValue | undefined): WrittenPattern | null {
  const pattern = patternNames.find((name) => name === ownValue(owner, 'pattern'))
  const action = ownValue(owner, 'action')
  const agents = listAt(owner, 'agents')
  const options = patternOptions.safeParse(ownValue(owner, 'options') ?? {})
  const isRight = agents.length > 0 && agents.every((name) => typeof name === 'string')
  if (pattern === undefined || !isRight || typeof action !== 'string' || !options.success)
    return null
  return { pattern, agents, action, options: options.data }
}

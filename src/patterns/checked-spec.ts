import type { PatternName, PatternSpec } from '../core/contracts/pattern.ts'
import { OrchestrationError } from '../core/errors.ts'
import {
  normalizePattern,
  type ParsedPatternOptions,
  patternFaults,
  patternOptions,
} from '../workflow/index.ts'

/** The most agents of one pattern, as in documents. */
const agentsMax = 1_000

/**
 * A pattern as a document would say it, with the same rules and defaults.
 *
 * @throws InputError naming what is wrong
 */
export function checkedSpec(
  pattern: PatternName,
  { agents, action }: { readonly agents: readonly string[]; readonly action: string },
  options: ParsedPatternOptions,
): PatternSpec {
  if (agents.length === 0 || agents.length > agentsMax)
    throw refusal(pattern, `it needs 1 to ${agentsMax} agents, not ${agents.length}`)
  const parsed = patternOptions.safeParse(options)
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    throw refusal(pattern, `options.${issue?.path.join('.')}: ${issue?.message}`)
  }
  const [fault] = patternFaults({ pattern, agents }, options)
  if (fault !== undefined) throw refusal(pattern, fault.message, fault.expected ?? null)
  return normalizePattern({ pattern, agents, action }, options)
}

function refusal(pattern: PatternName, fault: string, expected: string | null = null): Error {
  const message = `this is no ${pattern}: ${fault}`
  const options = expected === null ? {} : { hint: `give ${expected}` }
  return new OrchestrationError('InputError', message, options)
}

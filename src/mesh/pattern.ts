import { OrchestrationError } from '../core/errors.ts'

/**
 * Whether a type matches a pattern: the type itself, or the beginning of types followed by `*`.
 *
 * @throws InputError for a pattern that is empty or has a `*` elsewhere
 */
export function compilePattern(pattern: string): (type: string) => boolean {
  const star = pattern.indexOf('*')
  if (pattern === '' || (star >= 0 && star < pattern.length - 1)) {
    throw new OrchestrationError('InputError', `'${pattern}' is no pattern of event types`, {
      hint: 'write a type such as tda.anomaly.detected, a beginning such as tda.*, or *',
    })
  }
  if (star < 0) return (type) => type === pattern
  const beginning = pattern.slice(0, star)
  return (type) => type.startsWith(beginning)
}

import { OrchestrationError } from '../../core/errors.ts'
import type { JsonValue } from '../../core/json.ts'

/** The bool that `when` or `repeat.until` gave. @throws ExpressionError for anything else */
export function expectBool(value: JsonValue, what = 'the expression'): boolean {
  if (typeof value === 'boolean') return value
  throw unexpected(what, { expected: 'bool', found: jsonType(value) })
}

/** The list that `forEach` gave. @throws ExpressionError for anything else */
export function expectList(value: JsonValue, what = 'the expression'): readonly JsonValue[] {
  if (Array.isArray(value)) return value as readonly JsonValue[]
  throw unexpected(what, { expected: 'list', found: jsonType(value) })
}

/** The name of a JSON value's type, as CEL has it. */
function jsonType(value: JsonValue): 'null' | 'bool' | 'double' | 'string' | 'list' | 'map' {
  if (value === null) return 'null'
  if (typeof value === 'boolean') return 'bool'
  if (typeof value === 'number') return 'double'
  if (typeof value === 'string') return 'string'
  return Array.isArray(value) ? 'list' : 'map'
}

interface Types {
  readonly expected: string
  readonly found: string
}

function unexpected(what: string, { expected, found }: Types): OrchestrationError {
  return new OrchestrationError(
    'ExpressionError',
    `${what} must give a ${expected}, found ${found}`,
    {
      details: { expected, found },
      ...(expected === 'bool' ? { hint: 'compare with something, such as size(a) > 0' } : {}),
    },
  )
}

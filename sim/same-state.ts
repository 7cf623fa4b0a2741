import type { ExecutionState } from '../src/workflow/kernel/state.ts'

/** Where a state leads back to what is compared elsewhere. */
const elsewhere: ReadonlySet<string> = new Set(['plan', 'views', 'step', 'host', 'before', 'after'])
/** What no event says. */
const unsaid: ReadonlySet<string> = new Set([
  'requested',
  'requestedCalls',
  'aborting',
  'isRollbackAsked',
])
/** Of a call: why somebody was asked, and that he knew, is said by no event either. */
const unsaidOfCalls: ReadonlySet<string> = new Set(['error', 'isLost'])

/** Whether two states are the same, as far as events say what they are. */
export function isSameState(a: ExecutionState, b: ExecutionState): boolean {
  return isSameObject({ ...a, live: refsOf(a) }, { ...b, live: refsOf(b) })
}

function refsOf({ live }: ExecutionState): readonly object[] {
  return Array.from(live, ({ ref }) => ref)
}

function isSame(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null)
    return Number.isNaN(a) && Number.isNaN(b)
  if (isSeries(a)) return isSeries(b) && isSameSeries(Array.from(a), Array.from(b))
  return !isSeries(b) && isSameObject(a, b)
}

function isSeries(value: object): value is Iterable<unknown> {
  return Array.isArray(value) || value instanceof Map || value instanceof Set
}

function isSameSeries(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((value, place) => isSame(value, b[place]))
}

/** A key that is not there is the same as one that is undefined. */
function isSameObject(a: object, b: object): boolean {
  const isCall = 'ref' in a && 'isLost' in a
  for (const [key, value] of Object.entries(a)) {
    if (unsaid.has(key) || (isCall && unsaidOfCalls.has(key))) continue
    const other: unknown = Reflect.get(b, key)
    const isElsewhere = elsewhere.has(key) && isObject(value) && isObject(other)
    if (!isElsewhere && !isSame(value, other)) return false
  }
  for (const [key, value] of Object.entries(b))
    if (value !== undefined && !(key in a) && !unsaid.has(key)) return false
  return true
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !isSeries(value)
}

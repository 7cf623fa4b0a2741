import { type Conjunct, conjunctsOf } from '../../workflow/index.ts'

/** What can be said of a rule's condition without evaluating it: a list of tests that all hold when it does. */
export type Condition = readonly Conjunct[]

/** The tests of a valid `when`; none where the rule always holds. */
export function conditionOf(when: string | undefined): Condition {
  if (when === undefined) return []
  return conjunctsOf(when).filter(
    // `true` on its own asks for nothing.
    (one) => !(one.kind === 'other' && one.text === 'true' && !one.isNegated),
  )
}

/**
 * True when no question can make both conditions true: a test of the one and a test of the other compare the
 * same value with literals that leave nothing in common, or one denies the other word for word. False means
 * that they may overlap; nothing cleverer is tried.
 */
export function areDisjoint(a: Condition, b: Condition): boolean {
  return a.some((one) => b.some((other) => exclude(one, other)))
}

/** True when the condition can never hold, by the same comparison of its own tests. */
export function isImpossible(condition: Condition): boolean {
  const isFalse = condition.some(
    (one) =>
      (one.kind === 'other' && one.text === (one.isNegated ? 'true' : 'false')) ||
      (one.kind === 'among' && !one.isNegated && one.values.length === 0),
  )
  return isFalse || areDisjoint(condition, condition)
}

/** True when every question that makes `condition` true makes `wider` true; false means that nobody can tell. */
export function implies(condition: Condition, wider: Condition): boolean {
  return wider.every((asked) => condition.some((known) => guarantees(known, asked)))
}

type Among = Extract<Conjunct, { kind: 'among' }>
type Range = Extract<Conjunct, { kind: 'range' }>

function exclude(a: Conjunct, b: Conjunct): boolean {
  if (a.kind === 'other') {
    return b.kind === 'other' && a.text === b.text && a.isNegated !== b.isNegated
  }
  if (b.kind === 'other') return false
  if (a.path !== b.path) return false
  if (a.kind === 'range') return b.kind === 'range' ? areApart(a, b) : isOutside(b, a)
  if (b.kind === 'range') return isOutside(a, b)
  if (a.isNegated && b.isNegated) return false
  if (a.isNegated) return b.values.every((value) => a.values.includes(value))
  if (b.isNegated) return a.values.every((value) => b.values.includes(value))
  return !a.values.some((value) => b.values.includes(value))
}

function areApart(a: Range, b: Range): boolean {
  const [low, high] = a.min < b.min ? [a, b] : [b, a]
  const touches = low.max === high.min && low.includesMax && high.includesMin
  const other = high.max === low.min && high.includesMax && low.includesMin
  return (low.max <= high.min && !touches) || (high.max <= low.min && !other)
}

/** None of the values lies within the range; a test that denies values leaves others. */
function isOutside({ values, isNegated }: Among, range: Range): boolean {
  return !isNegated && !values.some((value) => isWithin(value, range))
}

function isWithin(value: Among['values'][number], range: Range): boolean {
  if (typeof value !== 'number') return false
  const { min, max, includesMin, includesMax } = range
  return (
    (value > min || (includesMin && value === min)) &&
    (value < max || (includesMax && value === max))
  )
}

/** Whether `asked` is true whenever `known` is. */
function guarantees(known: Conjunct, asked: Conjunct): boolean {
  if (asked.kind === 'other') {
    return (
      known.kind === 'other' && known.text === asked.text && known.isNegated === asked.isNegated
    )
  }
  if (known.kind === 'other') return false
  if (known.path !== asked.path) return false
  if (asked.kind === 'range') {
    if (known.kind === 'range') return isWider(asked, known)
    return !known.isNegated && known.values.every((value) => isWithin(value, asked))
  }
  // That a number lies in a range says that it is none of the numbers outside.
  if (known.kind === 'range')
    return asked.isNegated && isOutside({ ...asked, isNegated: false }, known)
  if (known.isNegated)
    return asked.isNegated && asked.values.every((value) => known.values.includes(value))
  return known.values.every((value) => asked.values.includes(value) !== asked.isNegated)
}

function isWider(wide: Range, narrow: Range): boolean {
  const low =
    wide.min < narrow.min || (wide.min === narrow.min && (wide.includesMin || !narrow.includesMin))
  const high =
    wide.max > narrow.max || (wide.max === narrow.max && (wide.includesMax || !narrow.includesMax))
  return low && high
}

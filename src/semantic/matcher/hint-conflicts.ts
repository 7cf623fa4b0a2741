/** Words of which an agent can do one or the other. */
const opposites: readonly (readonly [string, string])[] = [
  ['up', 'down'],
  ['start', 'stop'],
  ['enable', 'disable'],
  ['open', 'close'],
  ['approve', 'reject'],
  ['allow', 'block'],
  ['add', 'remove'],
  ['increase', 'decrease'],
  ['raise', 'lower'],
  ['pause', 'resume'],
  ['lock', 'unlock'],
  ['deploy', 'rollback'],
  ['isolate', 'connect'],
  ['ignore', 'escalate'],
  ['wait', 'act'],
]
const negations = new Set(['no', 'not', 'never', 'without', 'dont'])
const partnersOf = new Map<string, string>(
  opposites.flatMap(([a, b]) => [
    [a, b],
    [b, a],
  ]),
)

/**
 * Pairs of hints that ask for opposite things of the same: `scale up` and `scale down`, `deploy` and
 * `not deploy`. English words only; hints that differ in anything else do not contradict each other.
 */
export function conflictsOf(hints: readonly string[]): readonly string[] {
  const read = hints.map((hint) => ({ hint, words: wordsOf(hint) }))
  return read.flatMap(({ hint, words }, at) =>
    read
      .slice(at + 1)
      .filter((other) => areOpposite(words, other.words))
      .map((other) => `${hint} / ${other.hint}`),
  )
}

function wordsOf(hint: string): readonly string[] {
  const words = hint.toLowerCase().replace(/['’]/g, '').replace('roll back', 'rollback')
  return words.match(/[\p{L}\p{N}]+/gu) ?? []
}

function areOpposite(a: readonly string[], b: readonly string[]): boolean {
  const onlyA = a.filter((word) => !b.includes(word))
  const onlyB = b.filter((word) => !a.includes(word))
  const [wordA = ''] = onlyA
  const [wordB = ''] = onlyB
  if (onlyA.length === 1 && onlyB.length === 1) return partnersOf.get(wordA) === wordB
  if (onlyA.length + onlyB.length !== 1) return false
  return a.length > 0 && b.length > 0 && negations.has(wordA === '' ? wordB : wordA)
}

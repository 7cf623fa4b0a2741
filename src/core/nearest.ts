/** Names longer than this are compared by their beginning only. */
const nameCharactersMax = 64

/**
 * The candidate that a mistyped name most likely meant, or null when none is close.
 * Spelling variants (`for_each`, `FOREACH` for `forEach`) count as equal; otherwise at most a third
 * of the characters may differ, by optimal string alignment distance (insertion, deletion,
 * substitution, transposition of neighbours). Of equally near candidates the first wins.
 */
export function nearestName(name: string, candidates: Iterable<string>): string | null {
  const wanted = plainSpelling(name)
  if (wanted === '') return null
  let best: string | null = null
  let bestDistance = Math.max(1, Math.floor(wanted.length / 3)) + 1
  for (const candidate of candidates) {
    const spelling = plainSpelling(candidate)
    if (spelling === wanted) return candidate
    const distance = alignmentDistance(wanted, spelling, bestDistance)
    if (distance < bestDistance && distance < Math.max(wanted.length, spelling.length)) {
      best = candidate
      bestDistance = distance
    }
  }
  return best
}

/** A hint such as `did you mean 'forEach'?`, or null when no candidate is close. */
export function nearestHint(name: string, candidates: Iterable<string>): string | null {
  const nearest = nearestName(name, candidates)
  return nearest === null ? null : `did you mean '${nearest}'?`
}

/** Candidates that a hint lists when none is close. */
const listedMax = 12

/** As `nearestHint`; when no candidate is close, the candidates themselves, at most twelve. Null for none. */
export function nearestOrAll(name: string, candidates: readonly string[]): string | null {
  const hint = nearestHint(name, candidates)
  if (hint !== null || candidates.length === 0) return hint
  const more = candidates.length > listedMax ? ` and ${candidates.length - listedMax} more` : ''
  return `known are ${candidates.slice(0, listedMax).join(', ')}${more}`
}

function plainSpelling(name: string): string {
  return name.slice(0, nameCharactersMax).toLowerCase().replaceAll(/[-_ ]/g, '')
}

/** The distance, or `limit` as soon as it is known to be no smaller. */
function alignmentDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) >= limit) return limit
  let beforeLast: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (let row = 1; row <= a.length; row++) {
    const current = [row]
    let rowBest = row
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1]
      let cost = Math.min(
        (last[column] as number) + 1,
        (current[column - 1] as number) + 1,
        (last[column - 1] as number) + (same ? 0 : 1),
      )
      if (row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]) {
        cost = Math.min(cost, (beforeLast[column - 2] as number) + 1)
      }
      current.push(cost)
      rowBest = Math.min(rowBest, cost)
    }
    if (rowBest >= limit) return limit
    beforeLast = last
    last = current
  }
  return Math.min(limit, last[b.length] as number)
}

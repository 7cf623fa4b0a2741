/**
 * The candidate that differs from `name` by the fewest edits, or null when none is near. Near means at
 * most two edits, or a third of the longer name; letter case does not count.
 */
export function nearestName(name: string, candidates: Iterable<string>): string | null {
  let best: string | null = null
  let bestDistance = Infinity
  const wanted = name.toLowerCase().slice(0, 64)
  for (const candidate of candidates) {
    const distance = editDistance(wanted, candidate.toLowerCase())
    const allowed = Math.max(2, Math.floor(Math.max(wanted.length, candidate.length) / 3))
    if (distance >= bestDistance || distance > allowed || distance >= wanted.length) continue
    best = candidate
    bestDistance = distance
  }
  return best
}

/** Levenshtein distance, by the two-row method of Wagner and Fischer (1974). */
function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (let row = 1; row <= a.length; row++) {
    const current = [row]
    for (let column = 1; column <= b.length; column++) {
      const changed = a[row - 1] === b[column - 1] ? 0 : 1
      const replace = (previous[column - 1] as number) + changed
      const remove = (previous[column] as number) + 1
      const insert = (current[column - 1] as number) + 1
      current.push(Math.min(replace, remove, insert))
    }
    previous = current
  }
  return previous[b.length] as number
}

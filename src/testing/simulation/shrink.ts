/** Runs that one shrinking may take. */
const runsMax = 200

/**
 * The fewest items that still fail, as far as leaving some out shows it: halves first, then ever smaller
 * parts down to one (A. Zeller, R. Hildebrandt, "Simplifying and Isolating Failure-Inducing Input", 2002).
 *
 * @param fails whether a part fails too; `items` as a whole must
 */
export async function shrink<T>(
  items: readonly T[],
  fails: (items: readonly T[]) => Promise<boolean>,
): Promise<readonly T[]> {
  let left = items
  let runs = 0
  for (let size = Math.ceil(left.length / 2); size >= 1 && left.length > 0;) {
    let isSmaller = false
    for (let from = 0; from < left.length && runs < runsMax;) {
      const fewer = [...left.slice(0, from), ...left.slice(from + size)]
      runs++
      if (await fails(fewer)) {
        left = fewer
        isSmaller = true
      } else from += size
    }
    if (runs >= runsMax || (size === 1 && !isSmaller)) return left
    size = isSmaller ? Math.min(size, Math.ceil(left.length / 2)) : size >> 1
  }
  return left
}

import type { RetentionPolicy } from './journal.ts'

/** A root execution that has ended. */
export interface EndedRoot {
  readonly execution: number
  readonly startedAtMs: number
  readonly endedAtMs: number
}

/** What is known of a root and all its descendants. */
export interface Tree {
  /** Execution numbers, the root first. */
  readonly members: readonly number[]
  /** It must stay: some of it is open, damaged, or holds the newest row of the journal. */
  readonly isHeld: boolean
  readonly hasDeadLetter: boolean
}

/**
 * The trees that a call of `prune` removes: ended roots in order of start, until as many executions as
 * `limit` are chosen.
 *
 * @param roots every ended root in order of execution numbers; not read further than needed
 * @param endedCount how many they are, or fewer when that is at most `endedMax`
 */
export function chooseTrees(
  roots: Iterable<EndedRoot>,
  policy: RetentionPolicy,
  known: { readonly endedCount: number; readonly treeOf: (root: number) => Tree },
): readonly Tree[] {
  const { endedBeforeMs, deadLetterEndedBeforeMs, limit } = policy
  const chosen: Tree[] = []
  let excess = known.endedCount - policy.endedMax
  let count = 0
  for (const root of roots) {
    if (count >= limit) break
    const isExcess = excess-- > 0
    // Nothing ends before it starts, so from here on every end is too recent.
    if (!isExcess && root.startedAtMs >= endedBeforeMs) break
    if (!isExcess && root.endedAtMs >= endedBeforeMs) continue
    const tree = known.treeOf(root.execution)
    if (tree.isHeld) continue
    if (tree.hasDeadLetter && root.endedAtMs >= deadLetterEndedBeforeMs) continue
    chosen.push(tree)
    count += tree.members.length
  }
  return chosen
}

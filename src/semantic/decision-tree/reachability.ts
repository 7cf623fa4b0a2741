import { conditionOf, type Condition, areDisjoint } from '../policy/conditions.ts'
import type { DecisionTreeData, TreeNodeData } from './tree-schema.ts'

/** Visits of nodes after which a graph with very many paths is not looked at any further. */
const visitsMax = 20_000

/**
 * Branches that no facts take, since what was asked on every way to them excludes them: by comparisons of the
 * same value with literals, as rules of policies are compared. Empty for a tree with too many paths to tell.
 */
export function unreachableBranches(
  tree: DecisionTreeData,
): readonly { readonly id: string; readonly branch: 'yes' | 'no' }[] {
  const taken = new Set<string>()
  const seen = new Set<string>()
  const open: { readonly id: string; readonly known: Condition }[] = [{ id: tree.root, known: [] }]
  for (let visits = 0; open.length > 0; visits++) {
    if (visits > visitsMax) return []
    const { id, known } = open.pop() as (typeof open)[number]
    const node = tree.nodes[id] as TreeNodeData
    seen.add(id)
    for (const branch of ['yes', 'no'] as const) {
      const target = node[branch]
      if (target === undefined) continue
      const asked = askedBy(node, branch)
      if (areDisjoint(known, asked)) continue
      taken.add(`${id} ${branch}`)
      open.push({ id: target, known: [...known, ...asked] })
    }
  }
  return Object.entries(tree.nodes).flatMap(([id, node]) =>
    (['yes', 'no'] as const).flatMap((branch) =>
      seen.has(id) && node[branch] !== undefined && !taken.has(`${id} ${branch}`)
        ? [{ id, branch }]
        : [],
    ),
  )
}

/** What holds of whoever takes a branch. */
function askedBy({ when, feature, atLeast }: TreeNodeData, branch: 'yes' | 'no'): Condition {
  const test = when ?? `input.${feature} >= ${atLeast}`
  return conditionOf(branch === 'yes' ? test : `!(${test})`)
}

import { nearestOrAll } from '../../core/nearest.ts'
import { checkSites, type ExpressionSite, type ProblemList } from '../../workflow/index.ts'
import { type DecisionTreeData, type TreeNodeData } from './tree-schema.ts'
import { unreachableBranches } from './reachability.ts'

const branches = ['yes', 'no'] as const

/** Reports what the shape of a tree does not say: every path must end in a leaf, and nothing be out of reach. */
export function checkTree(tree: DecisionTreeData, problems: ProblemList): void {
  const ids = Object.keys(tree.nodes)
  checkTarget(tree.root, ['root'], { ids, problems })
  for (const [id, node] of Object.entries(tree.nodes)) {
    checkKind(id, node, problems)
    for (const branch of branches) {
      const target = node[branch]
      if (target !== undefined) checkTarget(target, ['nodes', id, branch], { ids, problems })
    }
  }
  checkSites(sitesOf(tree), problems)
  if (problems.hasErrors) return
  const { cycle, reached } = walk(tree)
  if (cycle !== null) {
    problems.add({
      path: ['nodes', cycle[0] as string],
      message: `the tree goes in a circle: ${cycle.join(' → ')}`,
      expected: 'paths that end in a leaf',
      place: 'key',
    })
    return
  }
  for (const id of ids) if (!reached.has(id)) problems.add(outOfReach(id))
  for (const { id, branch } of unreachableBranches(tree)) {
    problems.add({
      path: ['nodes', id, branch],
      message: `nobody ever goes from '${id}' to its ${branch}: what was asked before has decided it`,
      expected: 'a question that is open',
      level: 'warning',
      place: 'key',
    })
  }
}

function outOfReach(id: string) {
  return {
    path: ['nodes', id],
    message: `nothing leads to node '${id}'`,
    expected: 'a node that is the root or the yes or no of another one',
    level: 'warning',
    place: 'key',
  } as const
}

function* sitesOf({ nodes }: DecisionTreeData): Generator<ExpressionSite> {
  const scope = { roots: ['input'], steps: 'any', stepId: null } as const
  for (const [id, { when }] of Object.entries(nodes))
    if (when !== undefined) yield { path: ['nodes', id, 'when'], value: when, kind: 'bool', scope }
}

/** A node is a test by expression, a test by threshold, or a leaf; each has its keys and no other. */
function checkKind(id: string, node: TreeNodeData, problems: ProblemList): void {
  const has = (keys: readonly (keyof TreeNodeData)[]) =>
    keys.filter((key) => node[key] !== undefined)
  const kinds = [['when', 'yes', 'no'], ['feature', 'atLeast', 'yes', 'no'], ['strategy']] as const
  const own = has(['when', 'feature', 'atLeast', 'yes', 'no', 'strategy'])
  const isOne = kinds.some((keys) => keys.length === own.length && has(keys).length === own.length)
  if (isOne && (node.learned === undefined || node.strategy !== undefined)) return
  problems.add({
    path: ['nodes', id],
    message: `node '${id}' is neither a test nor a leaf`,
    found: own.length === 0 ? 'none of their keys' : own.join(', '),
    expected: 'when, yes, no; or feature, atLeast, yes, no; or strategy',
    place: 'key',
  })
}

function checkTarget(
  target: string,
  path: readonly string[],
  { ids, problems }: { readonly ids: readonly string[]; readonly problems: ProblemList },
): void {
  if (ids.includes(target)) return
  problems.add({
    path,
    message: `there is no node '${target}'`,
    found: target,
    expected: 'the id of a node',
    hint: () => nearestOrAll(target, ids),
  })
}

/** What the root leads to, or the first circle on the way; linear in the nodes. */
function walk({ root, nodes }: DecisionTreeData): {
  readonly cycle: readonly string[] | null
  readonly reached: ReadonlySet<string>
} {
  const reached = new Set<string>()
  const trail: { readonly id: string; next: number }[] = []
  const enter = (id: string): void => {
    reached.add(id)
    trail.push({ id, next: 0 })
  }
  enter(root)
  for (let top = trail.at(-1); top !== undefined; top = trail.at(-1)) {
    const branch = branches[top.next++]
    const target = branch === undefined ? undefined : nodes[top.id]?.[branch]
    const from = trail.findIndex(({ id }) => id === target)
    if (branch === undefined) trail.pop()
    else if (target === undefined) continue
    else if (from >= 0)
      return { cycle: [...trail.slice(from).map(({ id }) => id), target], reached }
    else if (!reached.has(target)) enter(target)
  }
  return { cycle: null, reached }
}

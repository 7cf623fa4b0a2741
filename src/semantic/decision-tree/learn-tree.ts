import { OrchestrationError } from '../../core/errors.ts'
import { canonicalJson, type JsonObject } from '../../core/json.ts'
import { limits } from '../../core/limits.ts'
import { DecisionTree } from './decision-tree.ts'
import type { DecisionTreeData, TreeNodeData } from './tree-schema.ts'

/** What was known once, and the strategy that proved right. */
export interface TreeOutcome {
  /** By name, the same names in every outcome; the facts that the tree will be asked about. */
  readonly features: { readonly [name: string]: number }
  readonly strategy: JsonObject
}

export interface LearnTreeOptions {
  readonly name: string
  readonly version: string
  /** Questions on the longest way. Default 4. */
  readonly depthMax?: number
  /** Outcomes that a leaf has at least. Default 5. */
  readonly leafRowsMin?: number
}

interface Row {
  readonly values: readonly number[]
  readonly strategy: string
}

interface Split {
  readonly feature: number
  readonly atLeast: number
  readonly impurity: number
}

/**
 * Learns a decision tree from recorded outcomes: at each node the threshold that leaves the least Gini impurity,
 * until the strategies agree, the depth is reached, or too few outcomes are left. Of equal thresholds the first
 * feature by name and the lowest wins, so the same outcomes in any order give the same tree. Not pruned.
 * O(features × outcomes × log outcomes) for each level.
 *
 * Source: L. Breiman, J. Friedman, R. Olshen, C. Stone, "Classification and Regression Trees" (1984), sections
 * 2.4 and 4.3.1.
 *
 * @throws InputError without outcomes, or when one lacks a feature or has another; ResourceExhaustionError over
 *   `treeOutcomesMax`
 */
export function learnDecisionTree(
  outcomes: readonly TreeOutcome[],
  { name, version, depthMax = 4, leafRowsMin = 5 }: LearnTreeOptions,
): DecisionTree {
  const names = Object.keys(outcomes[0]?.features ?? {}).toSorted()
  const strategies = new Map<string, JsonObject>()
  const rows = outcomes.map((outcome, place): Row => {
    checkOutcome(outcome, place, names)
    const strategy = canonicalJson(outcome.strategy)
    strategies.set(strategy, outcome.strategy)
    return { values: names.map((feature) => outcome.features[feature] as number), strategy }
  })
  checkCount(rows.length)
  const nodes: Record<string, TreeNodeData> = {}
  const grow = (here: readonly Row[], depth: number): string => {
    const id = `n${Object.keys(nodes).length + 1}`
    nodes[id] = {} // Takes its number before its branches do.
    const split = depth < depthMax ? bestSplit(here, names.length, leafRowsMin) : null
    if (split === null) {
      nodes[id] = leafOf(here, strategies)
      return id
    }
    const { feature, atLeast } = split
    const isYes = ({ values }: Row): boolean => (values[feature] as number) >= atLeast
    const yes = grow(here.filter(isYes), depth + 1)
    const no = grow(
      here.filter((row) => !isYes(row)),
      depth + 1,
    )
    nodes[id] = { feature: names[feature], atLeast, yes, no }
    return id
  }
  const root = grow(rows, 0)
  const data: DecisionTreeData = { name, version, root, nodes }
  return new DecisionTree(data)
}

/** The threshold that separates the strategies best; null where none separates them at all. */
function bestSplit(rows: readonly Row[], features: number, leafRowsMin: number): Split | null {
  let best: Split | null = null
  const before = giniOf(countsOf(rows), rows.length)
  for (let feature = 0; feature < features; feature++) {
    const sorted = rows.toSorted((a, b) => at(a, feature) - at(b, feature))
    const low = new Map<string, number>()
    const high = countsOf(sorted)
    for (let i = 1; i < sorted.length; i++) {
      const { strategy } = sorted[i - 1] as Row
      low.set(strategy, (low.get(strategy) ?? 0) + 1)
      high.set(strategy, (high.get(strategy) ?? 0) - 1)
      const [left, right] = [at(sorted[i - 1] as Row, feature), at(sorted[i] as Row, feature)]
      if (left === right || i < leafRowsMin || sorted.length - i < leafRowsMin) continue
      const impurity =
        (i * giniOf(low, i) + (sorted.length - i) * giniOf(high, sorted.length - i)) / sorted.length
      if (impurity >= (best?.impurity ?? before) - 1e-12) continue
      best = { feature, atLeast: between(left, right), impurity }
    }
  }
  return best
}

function at(row: Row, feature: number): number {
  return row.values[feature] as number
}

/** The middle; where doubles have none, the upper one, which still separates them. */
function between(left: number, right: number): number {
  const middle = left + (right - left) / 2
  return middle > left && middle <= right ? middle : right
}

function countsOf(rows: readonly Row[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const { strategy } of rows) counts.set(strategy, (counts.get(strategy) ?? 0) + 1)
  return counts
}

function giniOf(counts: ReadonlyMap<string, number>, total: number): number {
  let squares = 0
  for (const count of counts.values()) squares += (count / total) ** 2
  return 1 - squares
}

/** The commonest strategy; of equally common ones the first as text. */
function leafOf(rows: readonly Row[], strategies: ReadonlyMap<string, JsonObject>): TreeNodeData {
  const counts = Array.from(countsOf(rows)).toSorted(([a, n], [b, m]) => m - n || (a < b ? -1 : 1))
  const [strategy, count] = counts[0] as [string, number]
  const learned = { rows: rows.length, share: count / rows.length }
  return { strategy: strategies.get(strategy), learned }
}

function checkOutcome({ features }: TreeOutcome, place: number, names: readonly string[]): void {
  const own = Object.keys(features).toSorted()
  const isSame = own.length === names.length && own.every((name, i) => name === names[i])
  const isNumeric = Object.values(features).every((value) => Number.isFinite(value))
  if (isSame && isNumeric && names.length > 0) return
  throw new OrchestrationError('InputError', `outcome ${place} cannot be learned from`, {
    hint: `every outcome has the same features, each a finite number: ${names.join(', ') || 'at least one'}`,
  })
}

function checkCount(count: number): void {
  if (count === 0)
    throw new OrchestrationError('InputError', 'there are no outcomes to learn from', {
      hint: 'record some first, for instance of executions that went well',
    })
  if (count <= limits.treeOutcomesMax) return
  throw new OrchestrationError(
    'ResourceExhaustionError',
    `${count} outcomes are over treeOutcomesMax ${limits.treeOutcomesMax}`,
    { hint: 'learn from the newest ones, or from a sample' },
  )
}

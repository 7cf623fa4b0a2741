import { OrchestrationError } from '../../core/errors.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../../core/json.ts'
import { type CompiledExpression, compileExpression, expectBool } from '../../workflow/index.ts'
import type { DecisionTreeData, TreeNodeData } from './tree-schema.ts'

/** One question on the way to a decision. */
export interface TreeStep {
  readonly node: string
  /** The test in words: `when` as it is written, or `feature >= bound`. */
  readonly test: string
  /** The feature's value; null for a test by expression. */
  readonly value: JsonValue
  readonly went: 'yes' | 'no'
}

/** What a tree decides, and how it came to that. No key is absent. */
export interface TreeDecision {
  readonly tree: string
  readonly version: string
  readonly leaf: string
  readonly strategy: JsonObject
  readonly path: readonly TreeStep[]
}

/**
 * A valid decision tree, ready to decide. Deterministic: the same facts give the same leaf. It takes as many
 * questions as the tree is deep.
 */
export class DecisionTree {
  readonly name: string
  readonly version: string
  /** As it was read: writing it as JSON or YAML gives the same tree. */
  readonly data: DecisionTreeData
  readonly #tests: ReadonlyMap<string, CompiledExpression>

  /** @param data read by `readDecisionTree` or made by `learnDecisionTree` */
  constructor(data: DecisionTreeData) {
    this.name = data.name
    this.version = data.version
    this.data = data
    this.#tests = new Map(
      Object.entries(data.nodes).flatMap(([id, { when }]) =>
        when === undefined ? [] : [[id, compileExpression(when)]],
      ),
    )
  }

  /**
   * The strategy for some facts, with the path to it.
   *
   * @throws InputError for a feature that is no number; ExpressionError, ExpressionLimitError of a `when`
   */
  decide(facts: JsonObject): TreeDecision {
    const path: TreeStep[] = []
    for (let id = this.data.root; ;) {
      const node = this.data.nodes[id] as TreeNodeData
      const { strategy } = node
      if (strategy !== undefined) {
        const { name: tree, version } = this
        return { tree, version, leaf: id, strategy: strategy as JsonObject, path }
      }
      const step = this.#ask(id, node, facts)
      path.push(step)
      id = node[step.went] as string
    }
  }

  #ask(node: string, { feature = '', atLeast = 0 }: TreeNodeData, facts: JsonObject): TreeStep {
    const test = this.#tests.get(node)
    if (test !== undefined) {
      const holds = expectBool(test.evaluate({ input: facts }), `when of node '${node}'`)
      return { node, test: test.source, value: null, went: holds ? 'yes' : 'no' }
    }
    const value = featureOf(facts, feature)
    if (typeof value !== 'number') throw this.#noNumber(node, feature)
    return { node, test: `${feature} >= ${atLeast}`, value, went: value >= atLeast ? 'yes' : 'no' }
  }

  #noNumber(node: string, feature: string): OrchestrationError {
    return new OrchestrationError(
      'InputError',
      `node '${node}' of decision tree '${this.name}' needs a number '${feature}' in the facts`,
      {
        hint: 'hand it over, or ask for it before with a node `when: has(…)`',
        details: { tree: this.name, version: this.version, node, feature },
      },
    )
  }
}

function featureOf(facts: JsonObject, feature: string): JsonValue | undefined {
  let value: JsonValue | undefined = facts
  for (const key of feature.split('.')) {
    if (!isJsonObject(value) || !Object.hasOwn(value, key)) return undefined
    value = value[key]
  }
  return value
}

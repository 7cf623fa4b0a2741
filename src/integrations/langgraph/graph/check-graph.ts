import type { AgentRegistry, Schema } from '../../../agents/index.ts'
import type { OrchestrationError } from '../../../core/errors.ts'
import { isJsonObject, type JsonObject } from '../../../core/json.ts'
import { nearestOrAll } from '../../../core/nearest.ts'
import { documentError, type Problem } from '../../../workflow/index.ts'
import { type AgentEdge, type AgentNode, endNode, startNode } from './agent-graph.ts'
import { endlessCycles, reachable } from './graph-shape.ts'
import { checkNodeConfig } from './node-config.ts'
import { compileNodeSchema } from './node-schema.ts'

/** A graph as it was given. */
export interface GraphDraft {
  readonly nodes: readonly AgentNode[]
  readonly edges: readonly AgentEdge[]
}

/** Collects what is wrong with a graph. */
export class GraphProblems {
  readonly #found: Problem[] = []

  add(path: string, message: string, hint: string | null = null): void {
    const place = { file: null, line: null, column: null, found: null, expected: null }
    this.#found.push({ ...place, path, message, hint, level: 'error' })
  }

  /** @throws DocumentError that has them all in `details.problems` */
  throwAll(): void {
    if (this.#found.length > 0) throw this.#error()
  }

  #error(): OrchestrationError {
    return documentError(this.#found)
  }
}

/**
 * Checks a graph against the registry.
 *
 * @throws DocumentError with every problem: duplicate and ill-named nodes, unknown agents and actions, settings
 *   that a node cannot lay over its agent, schemas that are none or contradict each other, edges that lead
 *   nowhere, nodes that nothing reaches, cycles that nothing leaves
 */
export function checkGraph(draft: GraphDraft, agents: AgentRegistry): void {
  const problems = new GraphProblems()
  const ids = new Set<string>()
  if (draft.nodes.length === 0) problems.add('nodes', 'a graph has at least one node')
  for (const [index, node] of draft.nodes.entries()) {
    checkNode(node, { path: `nodes[${index}]`, ids, agents, problems })
    ids.add(node.nodeId)
  }
  const isWhole = checkEdges(draft, ids, problems)
  checkContradictions(draft, problems)
  // The shape of a graph with edges that lead nowhere says nothing.
  if (isWhole && draft.nodes.length > 0) checkShape(draft, problems)
  problems.throwAll()
}

function checkNode(
  node: AgentNode,
  of: {
    readonly path: string
    readonly ids: ReadonlySet<string>
    readonly agents: AgentRegistry
    readonly problems: GraphProblems
  },
): void {
  const { path, problems, agents } = of
  const { nodeId, agentType } = node
  if (!/^[A-Za-z][A-Za-z0-9_-]{0,62}$/.test(nodeId))
    problems.add(
      `${path}.nodeId`,
      `'${nodeId}' is no node id`,
      'begin with a letter; then A-Z a-z 0-9 _ -',
    )
  if (of.ids.has(nodeId)) problems.add(`${path}.nodeId`, `node '${nodeId}' is there twice`)
  const agent = agents.resolve(agentType)
  if (agent === undefined) {
    const hint = nearestOrAll(agentType, agents.names())
    problems.add(`${path}.agentType`, `no agent '${agentType}' is registered`, hint)
  } else if (node.action === undefined && agent.actions.length !== 1) {
    const hint = `name one of ${agent.actions.join(', ')}`
    problems.add(`${path}.action`, `agent '${agentType}' has several actions`, hint)
  } else if (node.action !== undefined && agent.contract(node.action) === undefined) {
    const hint = nearestOrAll(node.action, agent.actions)
    problems.add(`${path}.action`, `agent '${agentType}' has no action '${node.action}'`, hint)
  }
  checkNodeConfig(node.agentConfig, `${path}.agentConfig`, problems)
  for (const key of ['inputSchema', 'outputSchema'] as const) {
    const fault = compileNodeSchema(node[key]).fault
    if (fault !== null) problems.add(`${path}.${key}`, fault)
  }
}

function checkEdges(
  { nodes, edges }: GraphDraft,
  ids: ReadonlySet<string>,
  problems: GraphProblems,
): boolean {
  let isWhole = true
  const dangling = (path: string, name: string): void => {
    isWhole = false
    const hint = nearestOrAll(
      name,
      nodes.map(({ nodeId }) => nodeId),
    )
    problems.add(path, `the edge names the node '${name}', which is not there`, hint)
  }
  for (const [index, edge] of edges.entries()) {
    const path = `edges[${index}]`
    if (edge.fromNode !== startNode && !ids.has(edge.fromNode))
      dangling(`${path}.fromNode`, edge.fromNode)
    if (edge.toNode !== endNode && !ids.has(edge.toNode)) dangling(`${path}.toNode`, edge.toNode)
    if (edge.send !== undefined && edge.transform !== undefined)
      problems.add(path, `the edge has both 'send' and 'transform'`, 'let send give the inputs')
  }
  return isWhole
}

function checkShape(draft: GraphDraft, problems: GraphProblems): void {
  const reached = reachable(draft)
  for (const [index, { nodeId }] of draft.nodes.entries())
    if (!reached.has(nodeId))
      problems.add(
        `nodes[${index}]`,
        `nothing leads to node '${nodeId}'`,
        `begin at it with an edge from '${startNode}'`,
      )
  for (const cycle of endlessCycles(draft)) {
    const way = [...cycle, cycle[0]].join(' → ')
    problems.add('edges', `the cycle ${way} has no way out`, 'give one of its edges a condition')
  }
}

/** Of an edge that passes `state.data` on: one key that the source gives and the target takes as another type. */
function checkContradictions({ nodes, edges }: GraphDraft, problems: GraphProblems): void {
  const byId = new Map(nodes.map((node) => [node.nodeId, node]))
  for (const [index, edge] of edges.entries()) {
    if (edge.transform !== undefined || edge.send !== undefined) continue
    const given = propertiesOf(byId.get(edge.fromNode)?.outputSchema)
    const taken = propertiesOf(byId.get(edge.toNode)?.inputSchema)
    for (const [key, schema] of Object.entries(taken)) {
      const [gives, takes] = [typesOf(given[key]), typesOf(schema)]
      if (gives === null || takes === null || gives.some((type) => fits(type, takes))) continue
      const message = `'${edge.fromNode}' gives '${key}' as ${gives.join(' or ')}, '${edge.toNode}' takes ${takes.join(' or ')}`
      problems.add(`edges[${index}]`, message, 'give the edge a transform')
    }
  }
}

function fits(type: string, taken: readonly string[]): boolean {
  return taken.includes(type) || (type === 'integer' && taken.includes('number'))
}

function propertiesOf(schema: Schema | undefined): JsonObject {
  const properties = isJsonObject(schema) ? schema['properties'] : null
  return isJsonObject(properties) ? properties : {}
}

function typesOf(schema: unknown): readonly string[] | null {
  const type = isJsonObject(schema) ? schema['type'] : undefined
  if (typeof type === 'string') return [type]
  return Array.isArray(type) ? type.map(String) : null
}

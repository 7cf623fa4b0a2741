import { endNode, startNode } from './agent-graph.ts'
import type { GraphDraft } from './check-graph.ts'

/** The nodes that a run begins with: those that `__start__` leads to, and those that no other node leads to. */
export function entriesOf({ nodes, edges }: GraphDraft): readonly string[] {
  const named = new Set(edges.filter((edge) => edge.fromNode === startNode).map((e) => e.toNode))
  const led = new Set(edges.filter((edge) => edge.fromNode !== edge.toNode).map((e) => e.toNode))
  return nodes
    .map(({ nodeId }) => nodeId)
    .filter((id) => (named.size > 0 ? named.has(id) : !led.has(id)))
}

/** Every node that some way from the start leads to, open or not. */
export function reachable(draft: GraphDraft): ReadonlySet<string> {
  const reached = new Set<string>()
  const next = [...entriesOf(draft)]
  for (let id = next.pop(); id !== undefined; id = next.pop()) {
    if (reached.has(id)) continue
    reached.add(id)
    for (const edge of draft.edges) if (edge.fromNode === id) next.push(edge.toNode)
  }
  return reached
}

/**
 * Cycles that a run can never leave: strongly connected nodes (R. Tarjan, 1972) of which none has an edge to
 * another place, and each one an edge inside that is always taken.
 */
export function endlessCycles(draft: GraphDraft): readonly (readonly string[])[] {
  return components(draft).filter((component) => {
    const inside = new Set(component)
    const edges = draft.edges.filter((edge) => inside.has(edge.fromNode))
    if (edges.some((edge) => edge.toNode === endNode || !inside.has(edge.toNode))) return false
    return component.every((id) =>
      edges.some(
        (edge) => edge.fromNode === id && edge.condition === undefined && edge.send === undefined,
      ),
    )
  })
}

/** The strongly connected components, each in the order in which its nodes were found. */
function components({ nodes, edges }: GraphDraft): readonly (readonly string[])[] {
  const order = new Map<string, number>()
  const low = new Map<string, number>()
  const stack: string[] = []
  const found: string[][] = []
  const visit = (id: string): void => {
    order.set(id, order.size)
    low.set(id, order.get(id) as number)
    stack.push(id)
    for (const { fromNode, toNode } of edges) {
      if (fromNode !== id || toNode === endNode) continue
      if (!order.has(toNode)) visit(toNode)
      if (stack.includes(toNode))
        low.set(id, Math.min(low.get(id) as number, low.get(toNode) as number))
    }
    if (low.get(id) === order.get(id)) found.push(stack.splice(stack.indexOf(id)))
  }
  for (const { nodeId } of nodes) if (!order.has(nodeId)) visit(nodeId)
  return found
}

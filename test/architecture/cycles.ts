/** Groups of two or more nodes that reach one another, and nodes that point at themselves (Tarjan 1972). */
export function cyclesOf(
  graph: ReadonlyMap<string, readonly string[]>,
): readonly (readonly string[])[] {
  const order = new Map<string, number>()
  const lowest = new Map<string, number>()
  const stack: string[] = []
  const onStack = new Set<string>()
  const cycles: string[][] = []

  const visit = (node: string): void => {
    const number = order.size
    order.set(node, number)
    lowest.set(node, number)
    stack.push(node)
    onStack.add(node)
    for (const next of graph.get(node) ?? []) {
      if (!order.has(next)) visit(next)
      if (onStack.has(next)) lowest.set(node, Math.min(at(lowest, node), at(lowest, next)))
    }
    if (lowest.get(node) !== number) return
    const group: string[] = []
    let member: string
    do {
      member = stack.pop() as string
      onStack.delete(member)
      group.push(member)
    } while (member !== node)
    if (group.length > 1 || graph.get(node)?.includes(node) === true) cycles.push(group.toSorted())
  }

  for (const node of graph.keys()) if (!order.has(node)) visit(node)
  return cycles
}

function at(numbers: ReadonlyMap<string, number>, node: string): number {
  return numbers.get(node) as number
}

import type { StepNode } from './step-node.ts'

/** A place in a layered drawing: a step, or a point that a long edge passes through. */
export interface LayerPlace {
  readonly node: StepNode | null
  readonly key: string
  /** Keys of the places one layer above that lead here. */
  readonly from: readonly string[]
}

const sweeps = 8

/**
 * Steps in layers: each below everything it needs, edges only between neighbours (long ones pass
 * through empty places), and each layer ordered so that edges cross little. After K. Sugiyama, S.
 * Tagawa, M. Toda, "Methods for Visual Understanding of Hierarchical System Structures", 1981, with
 * the barycentre heuristic.
 */
export function layersOf(nodes: readonly StepNode[]): readonly (readonly LayerPlace[])[] {
  const level = new Map<string, number>()
  for (const node of nodes) {
    level.set(node.id, Math.max(-1, ...node.needs.map((need) => level.get(need) ?? -1)) + 1)
  }
  const layers: LayerPlace[][] = []
  const place = (at: number, added: LayerPlace): void => {
    while (layers.length <= at) layers.push([])
    layers[at]?.push(added)
  }
  for (const node of nodes) {
    const own = level.get(node.id) as number
    const from = [...new Set(node.needs)].map((need) => {
      let key = need
      for (let at = (level.get(need) as number) + 1; at < own; at++) {
        const through = `${need}>${node.id}@${at}`
        place(at, { node: null, key: through, from: [key] })
        key = through
      }
      return key
    })
    place(own, { node, key: node.id, from })
  }
  return ordered(layers)
}

function ordered(layers: LayerPlace[][]): readonly (readonly LayerPlace[])[] {
  const into = new Map<string, string[]>()
  for (const { key, from } of layers.flat()) {
    for (const above of from) into.set(above, [...(into.get(above) ?? []), key])
  }
  for (let sweep = 0; sweep < sweeps; sweep++) {
    const isDown = sweep % 2 === 0
    const sequence = isDown ? [...layers.keys()].slice(1) : [...layers.keys()].toReversed().slice(1)
    for (const at of sequence) {
      const layer = layers[at] as LayerPlace[]
      const fixed = layers[isDown ? at - 1 : at + 1] as LayerPlace[]
      const position = new Map(fixed.map(({ key }, i) => [key, i]))
      const weight = new Map(
        layer.map(({ key, from }, i) => [
          key,
          mean(isDown ? from : (into.get(key) ?? []), position, i),
        ]),
      )
      layer.sort((a, b) => (weight.get(a.key) as number) - (weight.get(b.key) as number))
    }
  }
  return layers
}

function mean(
  neighbours: readonly string[],
  position: ReadonlyMap<string, number>,
  otherwise: number,
): number {
  const known = neighbours.map((key) => position.get(key)).filter((at) => at !== undefined)
  return known.length === 0 ? otherwise : known.reduce((sum, at) => sum + at, 0) / known.length
}

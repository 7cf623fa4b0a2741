import { cutToWidth, padToWidth, plainText } from '../terminal/width.ts'
import type { StepNode } from './step-node.ts'

/** Lanes that are filled up from the left; over it new ones open at the right. */
const lanesMax = 24

/**
 * Steps as a graph of one row each, in plain ASCII. A step is a `*`; its lane goes down (`|`) to
 * everything that needs it. `+` is where a row takes from a lane that goes on, `'` from one that ends;
 * `-` leads there. A lane that is only crossed stays `|`.
 *
 * ```text
 * *      observe
 * +-*    left
 * '-|-*  right
 *   *-'  join
 * ```
 */
export function asciiGraph(nodes: readonly StepNode[], columns: number): string[] {
  const usesLeft = new Map<string, number>()
  for (const node of nodes) {
    usesLeft.set(node.id, usesLeft.get(node.id) ?? 0)
    for (const need of node.needs) usesLeft.set(need, (usesLeft.get(need) ?? 0) + 1)
  }
  const lanes: (string | null)[] = []
  const rows = nodes.map((node) => row(node, lanes, usesLeft))
  const width = Math.max(1, ...rows.map((cells) => cells.trimEnd().length))
  const idWidth = Math.max(...nodes.map((node) => node.id.length))
  const workWidth = Math.min(40, Math.max(...nodes.map((node) => asciiText(node.work).length)))
  return rows.map((cells, i) => {
    const node = nodes[i] as StepNode
    const notes = node.notes.map(asciiText).join('; ')
    const work = padToWidth(asciiText(node.work), workWidth)
    const text = `${padToWidth(cells.trimEnd(), width)}  ${padToWidth(node.id, idWidth)}  ${work}  ${notes}`
    return cutToWidth(text.trimEnd(), columns).replace('…', '~')
  })
}

function row(node: StepNode, lanes: (string | null)[], usesLeft: Map<string, number>): string {
  const taken = new Map<number, 'on' | 'end'>()
  for (const need of new Set(node.needs)) {
    const left = (usesLeft.get(need) ?? 1) - 1
    usesLeft.set(need, left)
    const lane = lanes.indexOf(need)
    if (lane === -1) continue
    taken.set(lane, left === 0 ? 'end' : 'on')
    if (left === 0) lanes[lane] = null
  }
  const own = placeOf(lanes, taken)
  const from = Math.min(own, ...taken.keys())
  const to = Math.max(own, ...taken.keys())
  let cells = ''
  for (let lane = 0; lane < Math.max(lanes.length, to + 1); lane++) {
    const isLive = lanes[lane] !== null && lanes[lane] !== undefined
    if (lane === own) cells += '*'
    else if (taken.has(lane)) cells += taken.get(lane) === 'on' ? '+' : "'"
    else if (isLive) cells += '|'
    else cells += lane > from && lane < to ? '-' : ' '
    cells += lane >= from && lane < to ? '-' : ' '
  }
  if ((usesLeft.get(node.id) ?? 0) > 0) lanes[own] = node.id
  while (lanes.length > 0 && lanes.at(-1) === null) lanes.pop()
  return cells
}

/** A step goes on in the first lane that ends with it, else in the first free one right of what it takes from. */
function placeOf(lanes: (string | null)[], taken: ReadonlyMap<number, 'on' | 'end'>): number {
  const ending = [...taken].filter(([, how]) => how === 'end').map(([lane]) => lane)
  if (ending.length > 0) return Math.min(...ending)
  for (let lane = 0; lane < lanesMax; lane++) {
    if ((lanes[lane] ?? null) === null && !taken.has(lane)) {
      while (lanes.length <= lane) lanes.push(null)
      return lane
    }
  }
  lanes.push(null)
  return lanes.length - 1
}

function asciiText(text: string): string {
  return plainText(text).replaceAll(/[^\u0020-\u007E]/g, '?')
}

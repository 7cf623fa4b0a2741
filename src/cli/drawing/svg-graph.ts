import { displayWidth, plainText } from '../terminal/width.ts'
import { layersOf } from './layers.ts'
import type { LayerPlace } from './layers.ts'
import type { StepNode } from './step-node.ts'

const boxHeight = 46
const layerGap = 44
const placeGap = 28
const margin = 24
const throughWidth = 8
/** Rough width of one character of the labels' font. */
const characterWidth = 7.4

interface Box {
  readonly place: LayerPlace
  readonly width: number
  x: number
  readonly y: number
}

const style = [
  'text{font-family:ui-sans-serif,system-ui,sans-serif;fill:#1f2937}',
  '.id{font-size:13px;font-weight:600}.work{font-size:11px;fill:#6b7280}',
  'rect{fill:#f9fafb;stroke:#9ca3af}path{fill:none;stroke:#9ca3af;stroke-width:1.4}',
  '@media(prefers-color-scheme:dark){text{fill:#f3f4f6}.work{fill:#9ca3af}rect{fill:#1f2937;stroke:#6b7280}}',
].join('')

/** Steps as one self-contained SVG: no script, no font, no picture from elsewhere; every text escaped. */
export function svgGraph(title: string, nodes: readonly StepNode[]): string[] {
  const boxes = arrange(layersOf(nodes))
  const all = [...boxes.values()]
  const width = Math.max(...all.map((box) => box.x + box.width)) + margin
  const height = Math.max(...all.map((box) => box.y)) + boxHeight + margin
  const lines = [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img">`,
    `<title>${escape(title)}</title>`,
    `<style>${style}</style>`,
    '<defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M1 1 7 4 1 7"/></marker></defs>',
  ]
  for (const box of all) lines.push(...edges(box, boxes))
  for (const box of all) if (box.place.node !== null) lines.push(...drawBox(box, box.place.node))
  return [...lines, '</svg>']
}

function arrange(layers: readonly (readonly LayerPlace[])[]): Map<string, Box> {
  const boxes = new Map<string, Box>()
  const rows = layers.map((layer, depth) => {
    let x = margin
    const y = margin + depth * (boxHeight + layerGap)
    return layer.map((place) => {
      const box: Box = { place, width: widthOf(place), x, y }
      x += box.width + placeGap
      boxes.set(place.key, box)
      return box
    })
  })
  const widest = Math.max(...rows.map((row) => (row.at(-1)?.x ?? 0) + (row.at(-1)?.width ?? 0)))
  for (const row of rows) {
    const right = (row.at(-1)?.x ?? 0) + (row.at(-1)?.width ?? 0)
    for (const box of row) box.x = Math.round(box.x + (widest - right) / 2)
  }
  return boxes
}

function widthOf({ node }: LayerPlace): number {
  if (node === null) return throughWidth
  const text = Math.max(displayWidth(node.id), displayWidth(subtitle(node)))
  return Math.max(110, Math.round(text * characterWidth) + 28)
}

function subtitle(node: StepNode): string {
  const text = plainText([node.work, ...node.notes].join(', '))
  return text.length > 48 ? `${text.slice(0, 47)}…` : text
}

function drawBox(box: Box, node: StepNode): string[] {
  const centre = box.x + box.width / 2
  const whole = [node.id, node.work, ...node.notes].join('\n')
  return [
    `<g><title>${escape(whole)}</title><rect x="${box.x}" y="${box.y}" width="${box.width}" height="${boxHeight}" rx="8"/>`,
    `<text class="id" x="${centre}" y="${box.y + 19}" text-anchor="middle">${escape(node.id)}</text>`,
    `<text class="work" x="${centre}" y="${box.y + 35}" text-anchor="middle">${escape(subtitle(node))}</text></g>`,
  ]
}

function edges(box: Box, boxes: ReadonlyMap<string, Box>): string[] {
  const end = { x: box.x + box.width / 2, y: box.y }
  const lines: string[] = []
  for (const key of box.place.from) {
    const above = boxes.get(key)
    if (above === undefined) continue
    const start = { x: above.x + above.width / 2, y: above.y + boxHeight }
    const bend = layerGap / 2
    const curve = `M${start.x} ${start.y}C${start.x} ${start.y + bend} ${end.x} ${end.y - bend} ${end.x} ${end.y}`
    // A place without a box is passed straight through; only a step is pointed at.
    const through = box.place.node === null ? `V${box.y + boxHeight}` : ''
    const marker = box.place.node === null ? '' : ' marker-end="url(#arrow)"'
    lines.push(`<path d="${curve}${through}"${marker}/>`)
  }
  return lines
}

function escape(text: string): string {
  return text
    .split('\n')
    .map(plainText)
    .join('\n')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;')
}

import type { Anomaly } from '../anomaly.ts'

type Bars = Anomaly['diagram']

const side = 240
const margin = 30

/** Lengths fit the longest death. */
function scaleOf(diagram: Bars): (value: number) => number {
  const longest = diagram.reduce((most, [, , death]) => Math.max(most, death), 0)
  return (value) => (longest === 0 ? 0 : (value / longest) * (side - 2 * margin))
}

const lengthText = (value: number): string => String(Number(value.toPrecision(3)))
const titleOf = ([dimension, birth, death]: Bars[number]): string =>
  `<title>H${dimension} from ${lengthText(birth)} to ${lengthText(death)}</title>`

/** The persistence diagram as an SVG: each bar a point at (birth, death); the farther from the diagonal the longer. */
export function persistenceDiagram(diagram: Bars): string {
  const at = scaleOf(diagram)
  const points = diagram.map((bar) => {
    const [dimension, birth, death] = bar
    const cx = (margin + at(birth)).toFixed(1)
    const cy = (side - margin - at(death)).toFixed(1)
    return `<circle class="h${dimension}" cx="${cx}" cy="${cy}" r="4">${titleOf(bar)}</circle>`
  })
  const far = side - margin
  return `<svg class="small" viewBox="0 0 ${side} ${side}" role="img" aria-label="persistence diagram"><path class="axis" d="M${margin} ${margin}V${far}H${far}"/><path class="limit" d="M${margin} ${far}L${far} ${margin}"/><text x="${far}" y="${side - 8}" text-anchor="end">birth</text><text x="4" y="${margin - 10}">death</text>${points.join('')}</svg>`
}

/** The barcode as an SVG: each bar from its birth to its death, H0 above H1, longest first. */
export function barcode(diagram: Bars): string {
  const at = scaleOf(diagram)
  const step = Math.min(14, (side - 2 * margin) / Math.max(1, diagram.length))
  const lines = diagram.map((bar, i) => {
    const [dimension, birth, death] = bar
    const y = (margin + (i + 0.5) * step).toFixed(1)
    const [from, to] = [(margin + at(birth)).toFixed(1), (margin + at(death)).toFixed(1)]
    return `<path class="bar h${dimension}" d="M${from} ${y}H${to}">${titleOf(bar)}</path>`
  })
  return `<svg class="small" viewBox="0 0 ${side} ${side}" role="img" aria-label="barcode"><path class="axis" d="M${margin} ${margin}V${side - margin}H${side - margin}"/><text x="${side - margin}" y="${side - 8}" text-anchor="end">scale</text>${lines.join('')}</svg>`
}

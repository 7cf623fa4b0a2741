import { plainText } from '../terminal/width.ts'
import type { StepNode } from './step-node.ts'

/** Steps as a Mermaid flowchart (mermaid.js.org). Names are numbers, so no step id can be taken for a keyword. */
export function mermaidGraph(nodes: readonly StepNode[]): string[] {
  const names = new Map(nodes.map((node, i) => [node.id, `s${i}`]))
  const lines = ['flowchart TD']
  for (const node of nodes) {
    const label = [node.id, node.work, ...node.notes]
      .filter((text) => text !== '')
      .map(escape)
      .join('<br/>')
    lines.push(`  ${names.get(node.id)}["${label}"]`)
  }
  for (const node of nodes) {
    for (const need of node.needs) lines.push(`  ${names.get(need)} --> ${names.get(node.id)}`)
  }
  return lines
}

/** Mermaid reads `#…;` as an entity in quoted labels. */
function escape(text: string): string {
  return plainText(text).replaceAll(
    /[#"<>&`\\[\]{}|;]/g,
    (character) => `#${character.codePointAt(0)};`,
  )
}

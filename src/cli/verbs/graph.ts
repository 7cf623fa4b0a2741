import { resolve } from 'node:path'
import { assertNever } from '../../core/assert.ts'
import type { WorkflowDocument } from '../../workflow/index.ts'
import type { CommandContext } from '../command-context.ts'
import { readDocumentFile, refuseBroken } from '../document-file.ts'
import { asciiGraph } from '../drawing/ascii-graph.ts'
import { mermaidGraph } from '../drawing/mermaid-graph.ts'
import { stepNodes } from '../drawing/step-node.ts'
import { svgGraph } from '../drawing/svg-graph.ts'
import { exitCodes } from '../exit-code.ts'

export const graphFormats = ['ascii', 'mermaid', 'svg'] as const
export type GraphFormat = (typeof graphFormats)[number]

/** `aura graph F [--format …]`: the steps of a document, drawn. With `--json`: `{ format, text }`. */
export async function graph(
  context: CommandContext,
  file: string,
  format: GraphFormat,
): Promise<number> {
  const read = readDocumentFile(file, resolve(context.cwd, file))
  refuseBroken(file, read.problems)
  const text = draw(context, read.document as WorkflowDocument, format).join('\n')
  if (context.isJson) context.json({ format, text })
  else context.say(text)
  return exitCodes.done
}

function draw(context: CommandContext, document: WorkflowDocument, format: GraphFormat): string[] {
  const nodes = stepNodes(document)
  switch (format) {
    case 'ascii':
      return asciiGraph(nodes, context.stdout.isTTY === true ? (context.stdout.columns ?? 80) : 160)
    case 'mermaid':
      return mermaidGraph(nodes)
    case 'svg':
      return svgGraph(`${document.name} ${document.version}`, nodes)
    default:
      return assertNever(format, 'format')
  }
}

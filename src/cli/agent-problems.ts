import { LineCounter, isNode, parseDocument } from 'yaml'
import type { AgentRegistry } from '../agents/index.ts'
import { nearestHint } from '../core/nearest.ts'
import type { Problem, WorkflowDocument } from '../workflow/index.ts'
import type { DocumentFile } from './document-file.ts'

type Path = readonly (string | number)[]

/** A place in a document that names an agent and its action. */
interface Target {
  readonly path: Path
  readonly agent: string
  readonly action: string
}

/**
 * What a document says about agents that these do not have: unknown agents and unknown actions, with
 * the nearest name and where it stands in the text.
 */
export function agentProblems(
  file: DocumentFile,
  agents: AgentRegistry,
  level: Problem['level'],
): readonly Problem[] {
  if (file.document === null) return []
  const problems: Problem[] = []
  let places: ((path: Path) => Place) | undefined
  for (const target of targetsOf(file.document)) {
    const fault = faultOf(target, agents)
    if (fault === null) continue
    places ??= placesIn(file.text)
    problems.push({
      file: file.file,
      ...places(fault.path),
      ...fault,
      path: pathText(fault.path),
      level,
    })
  }
  return problems.toSorted(
    (a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0),
  )
}

function faultOf(
  { path, agent, action }: Target,
  agents: AgentRegistry,
): (Pick<Problem, 'message' | 'found' | 'expected' | 'hint'> & { readonly path: Path }) | null {
  const known = agents.resolve(agent)
  if (known === undefined) {
    return {
      path: [...path, 'agent'],
      message: `there is no agent '${agent}'`,
      found: JSON.stringify(agent),
      expected: `one of ${agents.names().join(', ')}`,
      hint:
        nearestHint(agent, agents.names()) ?? 'hand the module that defines it over with --agents',
    }
  }
  if (known.actions.includes(action)) return null
  return {
    path: [...path, 'action'],
    message: `agent '${agent}' has no action '${action}'`,
    found: JSON.stringify(action),
    expected: `one of ${known.actions.join(', ')}`,
    hint: nearestHint(action, known.actions),
  }
}

function targetsOf(document: WorkflowDocument): readonly Target[] {
  const targets: Target[] = []
  for (const [id, step] of Object.entries(document.steps)) {
    const path: Path = ['steps', id]
    if ('agent' in step) targets.push({ path, agent: step.agent, action: step.action })
    const { compensate } = step
    if (compensate !== null) targets.push({ path: [...path, 'compensate'], ...compensate })
    for (const [i, fallback] of step.fallback.entries()) {
      targets.push({ path: [...path, 'fallback', i], ...fallback })
    }
  }
  return targets
}

interface Place {
  readonly line: number | null
  readonly column: number | null
}

/** Where values stand in the text; the nearest one around where the value itself is not to be found. */
function placesIn(text: string): (path: Path) => Place {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, logLevel: 'silent' })
  return (path) => {
    // One fallback may stand without its list.
    const single = path.filter((part) => typeof part !== 'number')
    for (const way of [path, single]) {
      const node = document.getIn(way, true)
      if (isNode(node) && node.range) {
        const { line, col } = lines.linePos(node.range[0])
        return { line, column: col }
      }
    }
    return { line: null, column: null }
  }
}

function pathText(path: Path): string {
  return path
    .map((part, i) => (typeof part === 'number' ? `[${part}]` : i === 0 ? part : `.${part}`))
    .join('')
}

import { graphAgentId, graphName } from '../../core/contracts/graph.ts'
import { nearestHint } from '../../core/nearest.ts'
import { isJsonObject } from '../../core/json.ts'
import type { JsonValue } from '../../core/json.ts'
import { patternFaults } from './pattern-faults.ts'
import { normalizePattern } from './pattern-options.ts'
import { patternTargets } from './pattern-targets.ts'
import type { Path, ProblemList } from './problem.ts'
import { listAt, mapAt, ownValue } from './value-at.ts'
import { type WrittenPattern, writtenPattern } from './written-pattern.ts'

/** The agents and graphs that a document may name. */
export interface KnownAgents {
  /** Every id and type. */
  readonly names: readonly string[]
  /** The actions of the agent of that id or type; undefined when there is none. */
  actionsOf(agent: string): readonly string[] | undefined
  /** What an agent or action that is not known counts as. */
  readonly level: 'error' | 'warning'
}

/** Checks that the agents and actions a document names exist. Works on data of any shape. */
export function checkAgents(data: JsonValue, known: KnownAgents, problems: ProblemList): void {
  for (const [index, agent] of listAt(mapAt(data, 'adaptation'), 'agents').entries()) {
    const path: Path = ['adaptation', 'agents', index]
    const named = { action: null, places: { agent: path, action: path } }
    if (typeof agent === 'string') checkNamed({ agent, ...named }, { path, known, problems })
  }
  for (const [id, step] of Object.entries(mapAt(data, 'steps'))) {
    if (problems.isFull) return
    if (!isJsonObject(step)) continue
    const path: Path = ['steps', id]
    const check = (value: JsonValue | undefined, at: Path): void =>
      checkTarget(value, { path: at, known, problems })
    check(step, path)
    check(ownValue(step, 'compensate'), [...path, 'compensate'])
    const fallback = ownValue(step, 'fallback')
    if (!Array.isArray(fallback)) check(fallback, [...path, 'fallback'])
    else for (const [index, entry] of fallback.entries()) check(entry, [...path, 'fallback', index])
  }
}

interface Checked {
  readonly path: Path
  readonly known: KnownAgents
  readonly problems: ProblemList
}

function checkTarget(target: JsonValue | undefined, checked: Checked): void {
  const written = writtenPattern(target)
  if (written !== null) return checkPatternAgents(written, checked)
  const graph = ownValue(target, 'graph')
  if (typeof graph === 'string') return checkGraph(graph, checked)
  const agent = ownValue(target, 'agent')
  const action = ownValue(target, 'action')
  if (typeof agent !== 'string') return
  const { path } = checked
  const places = { agent: [...path, 'agent'], action: [...path, 'action'] }
  checkNamed({ agent, action: typeof action === 'string' ? action : null, places }, checked)
}

function checkGraph(graph: string, { path, known, problems }: Checked): void {
  if (known.actionsOf(graphAgentId(graph)) !== undefined) return
  const graphs = known.names.map(graphName).filter((name) => name !== null)
  problems.add({
    path: [...path, 'graph'],
    message: `there is no graph '${graph}'`,
    found: JSON.stringify(graph),
    expected: graphs.length === 0 ? 'the name of a graph' : `one of ${graphs.join(', ')}`,
    hint: () =>
      nearestHint(graph, graphs) ??
      'hand the module that defines it (defineGraph) over with --agents',
    level: known.level,
  })
}

/** Every agent of a pattern must have the action that the pattern calls of it. */
function checkPatternAgents(written: WrittenPattern, checked: Checked): void {
  const { path, problems } = checked
  // What the pattern makes no sense of is reported as that.
  if (patternFaults(written, written.options).length > 0) return
  for (const { agent, action, at } of patternTargets(normalizePattern(written, written.options))) {
    const place = [...path, ...at]
    if (!problems.has(place))
      checkNamed({ agent, action, places: { agent: place, action: place } }, checked)
  }
}

interface Named {
  readonly agent: string
  readonly action: string | null
  readonly places: { readonly agent: Path; readonly action: Path }
}

function checkNamed({ agent, action, places }: Named, { known, problems }: Checked): void {
  const { level } = known
  const actions = known.actionsOf(agent)
  if (actions === undefined) {
    const handOver = 'hand the module that defines it over with --agents'
    problems.add({
      path: places.agent,
      message: `there is no agent '${agent}'`,
      found: JSON.stringify(agent),
      expected: `one of ${known.names.join(', ')}`,
      hint: () => nearestHint(agent, known.names) ?? handOver,
      level,
    })
  } else if (action !== null && !actions.includes(action)) {
    problems.add({
      path: places.action,
      message: `agent '${agent}' has no action '${action}'`,
      found: JSON.stringify(action),
      expected: `one of ${actions.join(', ')}`,
      hint: () => nearestHint(action, actions),
      level,
    })
  }
}

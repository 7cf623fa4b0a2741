import { nearestHint } from '../../core/nearest.ts'
import { isJsonObject } from '../../core/json.ts'
import type { JsonValue } from '../../core/json.ts'
import type { Path, ProblemList } from './problem.ts'
import { mapAt, ownValue } from './value-at.ts'

/** The agents that a document may name. */
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
  for (const [id, step] of Object.entries(mapAt(data, 'steps'))) {
    if (problems.isFull) return
    if (!isJsonObject(step)) continue
    const path: Path = ['steps', id]
    const check = (value: JsonValue | undefined, at: Path): void =>
      checkTarget(value, at, known, problems)
    check(step, path)
    check(ownValue(step, 'compensate'), [...path, 'compensate'])
    const fallback = ownValue(step, 'fallback')
    if (!Array.isArray(fallback)) check(fallback, [...path, 'fallback'])
    else for (const [index, entry] of fallback.entries()) check(entry, [...path, 'fallback', index])
  }
}

function checkTarget(
  target: JsonValue | undefined,
  path: Path,
  known: KnownAgents,
  problems: ProblemList,
): void {
  if (target === undefined || !isJsonObject(target)) return
  const agent = ownValue(target, 'agent')
  const action = ownValue(target, 'action')
  if (typeof agent !== 'string') return
  const { level } = known
  const actions = known.actionsOf(agent)
  if (actions === undefined) {
    const handOver = 'hand the module that defines it over with --agents'
    problems.add({
      path: [...path, 'agent'],
      message: `there is no agent '${agent}'`,
      found: JSON.stringify(agent),
      expected: `one of ${known.names.join(', ')}`,
      hint: () => nearestHint(agent, known.names) ?? handOver,
      level,
    })
  } else if (typeof action === 'string' && !actions.includes(action)) {
    problems.add({
      path: [...path, 'action'],
      message: `agent '${agent}' has no action '${action}'`,
      found: JSON.stringify(action),
      expected: `one of ${actions.join(', ')}`,
      hint: () => nearestHint(action, actions),
      level,
    })
  }
}

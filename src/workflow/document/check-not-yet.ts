import { isJsonObject } from '../../core/json.ts'
import type { JsonObject, JsonValue } from '../../core/json.ts'
import type { Path, ProblemList } from './problem.ts'
import { mapAt, ownValue } from './value-at.ts'

/** Refuses what the document may say and this version does not do yet. */
export function checkNotYet(data: JsonValue, problems: ProblemList): void {
  if (!isJsonObject(data)) return
  const steps = mapAt(data, 'steps')
  for (const id of Object.keys(steps)) {
    const step = steps[id]
    if (problems.isFull) return
    if (isJsonObject(step)) checkStep(step, ['steps', id], problems)
  }
}

function checkStep(step: JsonObject, path: Path, problems: ProblemList): void {
  if (ownValue(step, 'concurrency') !== undefined && ownValue(step, 'agent') === undefined)
    refuse(
      [...path, 'concurrency'],
      'concurrency of a step that calls no agent',
      problems,
      'bound the steps that call agents',
    )
}

function refuse(path: Path, what: string, problems: ProblemList, hint: string): void {
  problems.add({
    path,
    message: `${what} is not yet supported`,
    found: what,
    expected: 'a document without it',
    hint,
    place: 'key',
  })
}

import { isJsonObject } from '../../core/json.ts'
import type { JsonObject, JsonValue } from '../../core/json.ts'
import type { Path, ProblemList } from './problem.ts'
import { listAt, mapAt, ownValue } from './value-at.ts'

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
  const fallback = ownValue(step, 'fallback')
  if (isJsonObject(fallback)) checkInputs(fallback, [...path, 'fallback'], problems)
  for (const [index, entry] of listAt(step, 'fallback').entries()) {
    checkInputs(entry, [...path, 'fallback', index], problems)
  }
  checkInputs(step, path, problems)
  checkSecrets(
    ownValue(mapAt(step, 'compensate'), 'with'),
    [...path, 'compensate', 'with'],
    problems,
  )
}

/** @param owner a step or a fallback entry */
function checkInputs(owner: JsonValue, path: Path, problems: ProblemList): void {
  checkSecrets(ownValue(owner, 'with'), [...path, 'with'], problems)
  const input = ownValue(mapAt(owner, 'workflow'), 'input')
  checkSecrets(input, [...path, 'workflow', 'input'], problems)
}

function checkSecrets(value: JsonValue | undefined, path: Path, problems: ProblemList): void {
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries())
      checkSecrets(item as JsonValue, [...path, index], problems)
  } else if (isJsonObject(value)) {
    for (const key of Object.keys(value)) {
      if (key === '$secret')
        refuse([...path, key], '$secret', problems, 'let the agent read its own secret')
      else checkSecrets(value[key], [...path, key], problems)
    }
  }
}

function refuse(path: Path, what: string, problems: ProblemList, hint: string | null = null): void {
  problems.add({
    path,
    message: `${what} is not yet supported`,
    found: what,
    expected: 'a document without it',
    hint,
    place: 'key',
  })
}

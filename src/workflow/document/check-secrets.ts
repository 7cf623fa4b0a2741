import { secretNameOf } from '../../core/contracts/secret.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../../core/json.ts'
import type { Path, ProblemList } from './problem.ts'
import { listAt, mapAt, ownValue } from './value-at.ts'

/** Refuses `{ $secret: NAME }` where it could not be kept out of what is recorded, and what is no such object. */
export function checkSecrets(data: JsonValue, problems: ProblemList): void {
  if (!isJsonObject(data)) return
  for (const [id, step] of Object.entries(mapAt(data, 'steps'))) {
    if (problems.isFull) return
    if (isJsonObject(step)) checkStep(step, ['steps', id], problems)
  }
}

function checkStep(step: JsonObject, path: Path, problems: ProblemList): void {
  const isGraph = ownValue(step, 'graph') !== undefined
  const because = isGraph ? 'a graph keeps what it is given in its checkpoints' : null
  checkCall(step, { path, problems, because })
  const fallback = ownValue(step, 'fallback')
  if (isJsonObject(fallback))
    checkCall(fallback, { path: [...path, 'fallback'], problems, because: null })
  for (const [index, entry] of listAt(step, 'fallback').entries()) {
    if (isJsonObject(entry))
      checkCall(entry, { path: [...path, 'fallback', index], problems, because: null })
  }
  const compensate = mapAt(step, 'compensate')
  checkCall(compensate, { path: [...path, 'compensate'], problems, because: null })
}

interface Checked {
  readonly path: Path
  readonly problems: ProblemList
  /** Why no secret may be there; null where it may. */
  readonly because: string | null
}

function checkCall(owner: JsonObject, checked: Checked): void {
  const { path } = checked
  checkValue(ownValue(owner, 'with'), { ...checked, path: [...path, 'with'] })
  checkValue(ownValue(mapAt(owner, 'workflow'), 'input'), {
    ...checked,
    path: [...path, 'workflow', 'input'],
    because: 'the input of a sub-workflow is recorded, and its steps name their own secrets',
  })
}

function checkValue(value: JsonValue | undefined, checked: Checked): void {
  const { path, problems, because } = checked
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries())
      checkValue(item as JsonValue, { ...checked, path: [...path, index] })
    return
  }
  if (!isJsonObject(value)) return
  for (const [key, item] of Object.entries(value)) {
    const at = [...path, key]
    if (key !== '$secret') checkValue(item, { ...checked, path: at })
    else if (because !== null) refuse(at, problems, `$secret is not allowed here: ${because}`)
    else if ((secretNameOf(value) ?? '') === '')
      refuse(at, problems, '$secret stands alone in its object and is the name of a secret')
  }
}

function refuse(path: Path, problems: ProblemList, message: string): void {
  problems.add({
    path,
    message,
    found: '$secret',
    expected: '{ $secret: NAME } in the `with` of a call',
    hint: null,
    place: 'key',
  })
}

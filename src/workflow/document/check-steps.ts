import { isJsonObject } from '../../core/json.ts'
import type { JsonObject, JsonValue } from '../../core/json.ts'
import { celReservedWords } from '../expression/reserved.ts'
import { pathText } from './problem.ts'
import type { Path, ProblemList } from './problem.ts'
import { fallbackKeys, fallbackKinds, kindKeys, requiredKeys, stepKinds } from './step-kinds.ts'
import { mapAt, ownValue } from './value-at.ts'

/** Checks which keys of each step and fallback entry go together. Works on data of any shape. */
export function checkSteps(data: JsonValue, problems: ProblemList): void {
  const steps = ownValue(data, 'steps')
  if (!isJsonObject(steps)) return
  const ids = Object.keys(steps)
  if (ids.length === 0) {
    problems.add({
      path: ['steps'],
      message: 'a document needs a step',
      found: 'an empty map',
      expected: 'at least one step',
    })
  }
  for (const id of ids) {
    if (problems.isFull) return
    checkId(id, problems)
    const step = steps[id]
    if (isJsonObject(step)) checkStep(step, ['steps', id], problems)
  }
}

function checkId(id: string, problems: ProblemList): void {
  if (!celReservedWords.has(id)) return
  problems.add({
    path: ['steps', id],
    message: `'${id}' is a reserved word of CEL and can be no step id`,
    found: id,
    expected: 'an id that expressions can name',
    hint: `write ${id}_step, for example`,
    place: 'key',
  })
}

function checkStep(step: JsonObject, path: Path, problems: ProblemList): void {
  const kind = onlyKind(step, stepKinds, path, problems)
  if (kind !== null) {
    checkKeys({ map: step, path, kind, allowed: kindKeys[kind], problems })
    checkRequired(step, path, { keys: requiredKeys[kind], kind, problems })
    if (kind === 'waitFor') checkWaitTimeouts(step, path, problems)
  }
  if (ownValue(step, 'maxParallel') !== undefined && ownValue(step, 'forEach') === undefined) {
    problems.add({
      path: [...path, 'maxParallel'],
      message: 'maxParallel does nothing without forEach',
      level: 'warning',
      place: 'key',
    })
  }
  const fallback = ownValue(step, 'fallback')
  if (Array.isArray(fallback)) {
    for (const [index, entry] of fallback.entries())
      checkFallback(entry, [...path, 'fallback', index], problems)
  } else {
    checkFallback(fallback, [...path, 'fallback'], problems)
  }
}

function checkFallback(entry: JsonValue | undefined, path: Path, problems: ProblemList): void {
  if (!isJsonObject(entry)) return
  const kind = onlyKind(entry, fallbackKinds, path, problems)
  if (kind === null) return
  checkKeys({ map: entry, path, kind, allowed: fallbackKeys[kind], problems })
  checkRequired(entry, path, { keys: requiredKeys[kind], kind, problems })
}

/** The one kind that the map names; null, and reported, when it names none or several. */
function onlyKind<K extends string>(
  map: JsonObject,
  kinds: readonly K[],
  path: Path,
  problems: ProblemList,
): K | null {
  const named = kinds.filter((kind) => ownValue(map, kind) !== undefined)
  const [first, second] = named
  if (first !== undefined && second === undefined) return first
  problems.add({
    path,
    message: `${pathText(path)} must have exactly one of ${kinds.join(', ')}`,
    found: first === undefined ? 'none of them' : named.join(' and '),
    expected: `exactly one of ${kinds.join(', ')}`,
    place: 'key',
  })
  return null
}

interface KeyCheck {
  readonly map: JsonObject
  readonly path: Path
  readonly kind: string
  readonly allowed: readonly string[]
  readonly problems: ProblemList
}

function checkKeys({ map, path, kind, allowed, problems }: KeyCheck): void {
  for (const key of Object.keys(map)) {
    const keyPath = [...path, key]
    if (allowed.includes(key) || problems.has(keyPath)) continue
    problems.add({
      path: keyPath,
      message: `the key '${key.slice(0, 100)}' does not go with ${kind}`,
      found: key.slice(0, 100),
      expected: `with ${kind}: ${allowed.filter((one) => one !== kind).join(', ')}`,
      hint: misplacedHint(key, kind),
      place: 'key',
    })
  }
}

function misplacedHint(key: string, kind: string): string | null {
  if (kind === 'workflow' && (key === 'with' || key === 'action')) return 'write workflow.input'
  if (kind === 'sleep' && key === 'timeout') return 'a sleep ends by itself'
  if (kind === 'waitFor' && (key === 'retry' || key === 'fallback'))
    return 'a wait is not retried: write waitFor.onTimeout: continue'
  return null
}

function checkRequired(
  map: JsonObject,
  path: Path,
  options: {
    readonly keys: readonly string[]
    readonly kind: string
    readonly problems: ProblemList
  },
): void {
  for (const key of options.keys) {
    const keyPath = [...path, key]
    if (ownValue(map, key) !== undefined || options.problems.has(keyPath)) continue
    options.problems.add({
      path: keyPath,
      message: `${pathText(path)} names ${options.kind} but lacks '${key}'`,
      found: 'nothing',
      expected: key === 'action' ? 'what the agent is to do' : 'a list of agents',
      place: 'key',
    })
  }
}

function checkWaitTimeouts(step: JsonObject, path: Path, problems: ProblemList): void {
  if (
    ownValue(step, 'timeout') === undefined ||
    ownValue(mapAt(step, 'waitFor'), 'timeout') === undefined
  )
    return
  problems.add({
    path: [...path, 'timeout'],
    message: 'a wait has one timeout, this one has two',
    hint: 'keep waitFor.timeout',
    place: 'key',
  })
}

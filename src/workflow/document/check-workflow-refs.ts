import { validRange } from 'semver'
import { isJsonObject } from '../../core/json.ts'
import type { JsonObject, JsonValue } from '../../core/json.ts'
import { describeValue } from './problem.ts'
import type { Path, ProblemList } from './problem.ts'
import { listAt, mapAt, ownValue } from './value-at.ts'

/**
 * Checks that the workflows which steps and fallbacks name have a version range that can be read and
 * no more than one input. Works on data of any shape; whether there is such a workflow is not asked.
 */
export function checkWorkflowRefs(data: JsonValue, problems: ProblemList): void {
  for (const [id, step] of Object.entries(mapAt(data, 'steps'))) {
    if (problems.isFull) return
    const path: Path = ['steps', id]
    checkRange(step, path, problems)
    const fallback = ownValue(step, 'fallback')
    if (isJsonObject(fallback)) checkFallback(fallback, [...path, 'fallback'], problems)
    for (const [index, entry] of listAt(step, 'fallback').entries()) {
      if (isJsonObject(entry)) checkFallback(entry, [...path, 'fallback', index], problems)
    }
  }
}

function checkFallback(entry: JsonObject, path: Path, problems: ProblemList): void {
  checkRange(entry, path, problems)
  const isTwice =
    ownValue(entry, 'with') !== undefined &&
    ownValue(mapAt(entry, 'workflow'), 'input') !== undefined
  if (!isTwice) return
  problems.add({
    path: [...path, 'with'],
    message: 'a workflow has one input, this one has two',
    found: 'with and workflow.input',
    expected: 'one of with, workflow.input',
    hint: 'keep workflow.input',
    place: 'key',
  })
}

function checkRange(owner: JsonValue, path: Path, problems: ProblemList): void {
  const range = ownValue(mapAt(owner, 'workflow'), 'version')
  const rangePath = [...path, 'workflow', 'version']
  if (typeof range !== 'string' || problems.has(rangePath) || validRange(range) !== null) return
  problems.add({
    path: rangePath,
    message: 'this is no range of versions',
    found: describeValue(range),
    expected: 'a semver range such as "1", 1.x, ^1.2 or ">=1.2 <3"',
    hint: rangeHint(range),
  })
}

function rangeHint(range: string): string {
  if (range.includes('${')) return 'versions are chosen before the first step: write no template'
  return 'for the highest version leave the key out'
}

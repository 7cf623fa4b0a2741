import { isJsonObject } from '../../core/json.ts'
import type { JsonValue } from '../../core/json.ts'
import { nearestOrAll } from '../../core/nearest.ts'
import { checkpointWords } from './checkpoint-words.ts'
import { describeValue } from './problem.ts'
import type { ProblemList } from './problem.ts'
import { mapAt, ownValue } from './value-at.ts'

/** Checks the labels of checkpoints, and that `rollback.to` names one. Works on data of any shape. */
export function checkRollback(data: JsonValue, problems: ProblemList): void {
  const labels = checkLabels(data, problems)
  const to = ownValue(mapAt(data, 'rollback'), 'to')
  const path = ['rollback', 'to']
  if (typeof to !== 'string' || problems.has(path)) return
  const steps = mapAt(data, 'steps')
  const isWord = (checkpointWords as readonly string[]).includes(to)
  if (isWord || labels.has(to) || Object.hasOwn(steps, to)) return
  problems.add({
    path,
    message: `there is no checkpoint '${to.slice(0, 100)}'`,
    found: describeValue(to),
    expected: `${checkpointWords.join(', ')}, a checkpoint label or the id of a step`,
    hint: () => nearestOrAll(to, [...checkpointWords, ...labels, ...Object.keys(steps)]),
  })
}

/** All labels. Two steps may have the same: its newest checkpoint is meant. */
function checkLabels(data: JsonValue, problems: ProblemList): ReadonlySet<string> {
  const labels = new Set<string>()
  for (const [id, step] of Object.entries(mapAt(data, 'steps'))) {
    const label = isJsonObject(step) ? ownValue(step, 'checkpoint') : undefined
    if (typeof label !== 'string') continue
    if (!(checkpointWords as readonly string[]).includes(label)) labels.add(label)
    else if (!problems.isFull) {
      problems.add({
        path: ['steps', id, 'checkpoint'],
        message: `'${label}' always means another checkpoint and can be no label`,
        found: describeValue(label),
        expected: `a label other than ${checkpointWords.join(', ')}`,
        hint: `write ${id}_done, for example`,
      })
    }
  }
  return labels
}

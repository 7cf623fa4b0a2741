import type { JsonValue } from '../../core/json.ts'
import { patternFaults } from './pattern-faults.ts'
import type { Path, ProblemList } from './problem.ts'
import { listAt, mapAt } from './value-at.ts'
import { writtenPattern } from './written-pattern.ts'

/** Checks the patterns of steps and fallbacks: that agents and options go together. Works on data of any shape. */
export function checkPatterns(data: JsonValue, problems: ProblemList): void {
  for (const [id, step] of Object.entries(mapAt(data, 'steps'))) {
    if (problems.isFull) return
    const path: Path = ['steps', id]
    checkPattern(step, path, problems)
    checkPattern(mapAt(step, 'fallback'), [...path, 'fallback'], problems)
    for (const [index, entry] of listAt(step, 'fallback').entries())
      checkPattern(entry, [...path, 'fallback', index], problems)
  }
}

/** @param owner a step or a fallback entry; what the schema has refused is passed over */
function checkPattern(owner: JsonValue, path: Path, problems: ProblemList): void {
  const written = writtenPattern(owner)
  if (written === null) return
  for (const fault of patternFaults(written, written.options))
    problems.add({ ...fault, path: [...path, ...fault.path] })
}

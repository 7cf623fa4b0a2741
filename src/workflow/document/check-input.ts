import { isJsonObject } from '../../core/json.ts'
import type { JsonObject, JsonValue } from '../../core/json.ts'
import { splitTemplate } from '../expression/delimiters.ts'
import { compileSchema } from './input.ts'
import type { InputValidator } from './input.ts'
import { describeValue, pathText } from './problem.ts'
import type { Path, ProblemList } from './problem.ts'
import { listAt, ownValue, valueAt } from './value-at.ts'

/**
 * Checks the input schema, and that the input of each trigger can satisfy it: what is constant must
 * be right, what is a template may become anything. Works on data of any shape.
 */
export function checkInput(data: JsonValue, problems: ProblemList): void {
  const schema = ownValue(data, 'input')
  if (!isJsonObject(schema)) return
  const compiled = compileSchema(schema)
  if ('faults' in compiled) {
    for (const { path, message, hint } of compiled.faults) {
      const full = placedPath(data, ['input', ...path])
      problems.add({ path: full, message, hint, expected: 'a JSON Schema 2020-12' })
    }
    return
  }
  for (const [index, trigger] of listAt(data, 'triggers').entries()) {
    const input = ownValue(trigger, 'input') ?? {}
    if (!isJsonObject(input) || problems.isFull) continue
    checkTriggerInput(input, {
      validate: compiled.validate,
      path: ['triggers', index, 'input'],
      problems,
    })
  }
}

/** A path of keys as texts, with positions of lists as numbers. */
function placedPath(data: JsonValue, path: Path): Path {
  let value: JsonValue | undefined = data
  return path.map((part) => {
    const step = Array.isArray(value) ? Number(part) : part
    if (Array.isArray(value)) value = value[step as number] as JsonValue | undefined
    else value = ownValue(value, String(part))
    return step
  })
}

interface TriggerCheck {
  readonly validate: InputValidator
  readonly path: Path
  readonly problems: ProblemList
}

function checkTriggerInput(input: JsonObject, { validate, path, problems }: TriggerCheck): void {
  const templates = templatePaths(input)
  for (const violation of validate(structuredClone(input) as JsonValue)) {
    if (templates.length > 0 && mayBeCured(violation, templates)) {
      // Text around a template stays text, whatever the template gives.
      const value = valueAt(input, violation.path)
      if (violation.keyword !== 'type' || typeof value !== 'string' || isWholeTemplate(value))
        continue
    }
    const isMissing = violation.keyword === 'required'
    const full: Path = [...path, ...violation.path]
    const name = pathText(violation.path)
    problems.add({
      path: full,
      message: isMissing
        ? `the trigger gives no '${name}', which the input schema requires`
        : `the trigger's input cannot satisfy the input schema${name === '' ? '' : ` at '${name}'`}`,
      found: isMissing ? 'nothing' : describeValue(valueAt(input, violation.path)),
      expected: violation.expected,
      hint: isMissing ? "add it to the trigger's input" : null,
      place: isMissing ? 'key' : 'value',
    })
  }
}

const branchKeywords = /\/(anyOf|oneOf|not|if|then|else|contains|dependentSchemas)(\/|$)/
const wholeKeywords = new Set([
  'const',
  'enum',
  'uniqueItems',
  'contains',
  'minContains',
  'maxContains',
])

/** True when another value of some template could make the violation go away. */
function mayBeCured(
  violation: { readonly path: Path; readonly keyword: string; readonly schemaPath: string },
  templates: readonly Path[],
): boolean {
  if (branchKeywords.test(violation.schemaPath)) return true
  if (templates.some((template) => isAbove(template, violation.path))) return true
  return (
    wholeKeywords.has(violation.keyword) &&
    templates.some((template) => isAbove(violation.path, template))
  )
}

function isWholeTemplate(text: string): boolean {
  try {
    const parts = splitTemplate(text)
    return parts.length === 1 && parts[0]?.kind === 'expression'
  } catch {
    // It is no template at all, which is another problem's concern.
    return true
  }
}

function isAbove(outer: Path, inner: Path): boolean {
  return outer.every((part, at) => inner[at] === part)
}

function templatePaths(value: JsonValue, path: Path = []): Path[] {
  if (typeof value === 'string') return value.includes('${') ? [path] : []
  if (Array.isArray(value))
    return value.flatMap((item, index) => templatePaths(item as JsonValue, [...path, index]))
  if (!isJsonObject(value)) return []
  return Object.keys(value).flatMap((key) => templatePaths(value[key] as JsonValue, [...path, key]))
}

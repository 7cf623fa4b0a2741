import type { core, z } from 'zod'
import type { JsonValue } from '../../core/json.ts'
import { nearestHint, nearestOrAll } from '../../core/nearest.ts'
import { keysAt } from './json-schema.ts'
import { describeValue, pathText } from './problem.ts'
import type { Path, ProblemDraft, ProblemList } from './problem.ts'
import { durationExpected } from './schema-values.ts'
import { documentSchema } from './schema.ts'
import type { ParsedDocument } from './schema.ts'
import { valueAt } from './value-at.ts'

type Issue = core.$ZodIssue

/** A shape that data must have, and the keys that it has at a path, for suggestions. */
export interface Shape<T> {
  readonly schema: { safeParse(data: unknown): z.ZodSafeParseResult<T> }
  readonly keysAt: (path: Path) => readonly string[]
}

const documentShape: Shape<ParsedDocument> = { schema: documentSchema, keysAt }

/** The document when its shape is right, else null with every fault reported. */
export function parseShape(data: JsonValue, problems: ProblemList): ParsedDocument | null {
  return parseAs(documentShape, data, problems)
}

/** The data when it has the shape, else null with every fault reported. */
export function parseAs<T>(shape: Shape<T>, data: JsonValue, problems: ProblemList): T | null {
  const result = shape.schema.safeParse(data)
  if (result.success) return result.data
  const target = { data, problems, keysAt: shape.keysAt }
  for (const issue of result.error.issues) if (!problems.isFull) report(issue, [], target)
  return null
}

interface Target {
  readonly data: JsonValue
  readonly problems: ProblemList
  readonly keysAt: Shape<unknown>['keysAt']
}

function report(issue: Issue, base: Path, target: Target): void {
  const path: Path = [...base, ...issue.path.filter((part) => typeof part !== 'symbol')]
  if (issue.code === 'invalid_union') return reportUnion(issue, path, target)
  if (issue.code === 'unrecognized_keys') {
    for (const key of issue.keys) {
      if (target.problems.isFull) return
      target.problems.add(unknownKey(key, path, target))
    }
    return
  }
  if (target.problems.has(path)) return
  const value = valueAt(target.data, path)
  target.problems.add(
    value === undefined ? missingKey(path, issue) : wrongValue(issue, path, value),
  )
}

/** Shows the faults of the variant that the author most likely meant: the one that got furthest. */
function reportUnion(issue: core.$ZodIssueInvalidUnion, path: Path, target: Target): void {
  const isList = Array.isArray(valueAt(target.data, path))
  const rank = (issues: readonly Issue[]): number => {
    const first = issues[0]
    const isOtherKind = first?.code === 'invalid_type' && first.path.length === 0
    return isOtherKind
      ? (first.expected === 'array') === isList
        ? 0
        : -1
      : 1 + Math.max(0, ...issues.map((one) => one.path.length))
  }
  const best = issue.errors.toSorted((a, b) => rank(b) - rank(a))[0] ?? []
  for (const one of best) report(one, path, target)
}

function unknownKey(key: string, parent: Path, { keysAt }: Target): ProblemDraft {
  return {
    path: [...parent, key],
    message: `unknown key '${key.slice(0, 100)}'`,
    found: key.slice(0, 100),
    expected: 'a known key',
    hint: () => nearestOrAll(key, keysAt(parent)),
    place: 'key',
  }
}

function missingKey(path: Path, issue: Issue): ProblemDraft {
  const where = path.length > 1 ? ` in ${pathText(path.slice(0, -1))}` : ''
  return {
    path,
    message: `the key '${String(path.at(-1))}' is missing${where}`,
    found: 'nothing',
    expected: expectedOf(issue),
    place: 'key',
  }
}

function wrongValue(issue: Issue, path: Path, value: JsonValue): ProblemDraft {
  const isKey = issue.code === 'invalid_key'
  const inner = isKey ? (issue.issues[0] ?? issue) : issue
  const expected = expectedOf(inner)
  const name = pathText(path)
  return {
    path,
    message: isKey
      ? `'${String(path.at(-1)).slice(0, 100)}' is no valid id`
      : `${name === '' ? 'the document' : name} is not valid`,
    found: isKey ? String(path.at(-1)).slice(0, 100) : describeValue(value),
    expected,
    hint: () => valueHint(inner, value),
    place: isKey ? 'key' : 'value',
  }
}

function valueHint(issue: Issue, value: JsonValue): string | null {
  if (issue.message === durationExpected && typeof value === 'number') {
    return `a bare number has no unit: write ${value}ms, ${value}s or ${value}m`
  }
  if (issue.code === 'invalid_type' && issue.expected === 'string') {
    return typeof value === 'number' || typeof value === 'boolean' ? 'write it in quotes' : null
  }
  if (issue.code === 'invalid_type' && issue.expected === 'boolean' && typeof value === 'string') {
    return 'write true or false, without quotes'
  }
  if (issue.code === 'invalid_value' && typeof value === 'string')
    return nearestHint(value, issue.values.map(String))
  return null
}

const typeNames: Readonly<Record<string, string>> = {
  string: 'text',
  int: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
  object: 'a map',
  record: 'a map',
  array: 'a list',
}

function expectedOf(issue: Issue): string {
  switch (issue.code) {
    case 'invalid_type':
      return issue.message.startsWith('Invalid input')
        ? (typeNames[issue.expected] ?? issue.expected)
        : issue.message
    case 'invalid_value':
      return issue.values.length === 1
        ? String(issue.values[0])
        : `one of ${issue.values.map(String).join(', ')}`
    case 'too_small':
      return `${sizeNoun(issue.origin)}at least ${issue.minimum}`
    case 'too_big':
      return `${sizeNoun(issue.origin)}at most ${issue.maximum}`
    default:
      return issue.message
  }
}

function sizeNoun(origin: string): string {
  if (origin === 'string') return 'characters: '
  return origin === 'array' ? 'items: ' : ''
}

import type { JsonValue } from '../../core/json.ts'
import { type Problem, ProblemList, noPositions } from './problem.ts'
import { readData } from './json-data.ts'
import { parseAs, type Shape } from './schema-problems.ts'
import { parseYaml } from './yaml-parse.ts'
import { yamlPositions } from './yaml-positions.ts'
import { readTree } from './yaml-tree.ts'

/** What was read, null where a problem is an error, and everything that is wrong, in the order of the text. */
export interface ShapedReading<T> {
  readonly value: T | null
  readonly problems: readonly Problem[]
}

/** How a file of some kind is read: its shape, and what its parts say of each other. */
export interface ShapedKind<T> extends Shape<T> {
  /** Reports what the shape does not say; called with data of the right shape only. */
  check(value: T, problems: ProblemList): void
}

/**
 * Reads YAML or JSON that is no workflow, such as a policy, as workflow documents are read: every problem at
 * once with line and column, bounded time and memory. Data in place of text gives problems without lines. Never throws.
 */
export function readShaped<T>(
  source: { readonly text: string } | { readonly data: unknown },
  kind: ShapedKind<T>,
  file: string | null = null,
): ShapedReading<T> {
  const problems = new ProblemList()
  if ('data' in source) {
    const value = checked(readData(source.data, problems), kind, problems)
    return { value, problems: problems.finish(file, noPositions) }
  }
  const yaml = parseYaml(source.text, problems)
  if (problems.hasErrors)
    return { value: null, problems: problems.finish(file, yamlPositions(yaml, new Map())) }
  const { data, aliased } = readTree(yaml.root, problems)
  const value = checked(data, kind, problems)
  return { value, problems: problems.finish(file, yamlPositions(yaml, aliased)) }
}

function checked<T>(data: JsonValue, kind: ShapedKind<T>, problems: ProblemList): T | null {
  const value = parseAs(kind, data, problems)
  if (value !== null) kind.check(value, problems)
  return problems.hasErrors ? null : value
}

import { validRange } from 'semver'
import { isJsonObject } from '../../core/json.ts'
import type { JsonValue } from '../../core/json.ts'
import { nearestOrAll } from '../../core/nearest.ts'
import type { Path, ProblemList } from './problem.ts'
import { listAt, mapAt, ownValue } from './value-at.ts'
import { resolveWorkflowRef } from './workflow-refs.ts'

/** A workflow by what a reference to it says. */
export interface WorkflowVersion {
  readonly name: string
  readonly version: string
}

/** The workflows that a document may run; it may always run itself. */
export interface KnownWorkflows {
  readonly workflows: readonly WorkflowVersion[]
  /** What a workflow that is not known counts as. */
  readonly level: 'error' | 'warning'
  /** Why a name is not known where that is more than a mistyped name; null or absent: nothing is known of it. */
  readonly reasonFor?: (name: string) => string | null
}

/** Checks that the workflows a document runs exist, in a version of the range. Works on data of any shape. */
export function checkKnownWorkflows(
  data: JsonValue,
  known: KnownWorkflows,
  problems: ProblemList,
): void {
  const check = new KnownCheck(data, known, problems)
  for (const [id, step] of Object.entries(mapAt(data, 'steps'))) {
    if (problems.isFull) return
    const path: Path = ['steps', id]
    check.work(step, path)
    check.work(mapAt(step, 'fallback'), [...path, 'fallback'])
    for (const [index, entry] of listAt(step, 'fallback').entries())
      check.work(entry, [...path, 'fallback', index])
  }
}

class KnownCheck {
  readonly #candidates: readonly WorkflowVersion[]
  readonly #known: KnownWorkflows
  readonly #problems: ProblemList

  constructor(data: JsonValue, known: KnownWorkflows, problems: ProblemList) {
    const name = ownValue(data, 'name')
    const version = ownValue(data, 'version')
    const isWhole = typeof name === 'string' && typeof version === 'string'
    this.#candidates = isWhole ? [{ name, version }, ...known.workflows] : known.workflows
    this.#known = known
    this.#problems = problems
  }

  /** Reports the workflow of a step or fallback when it is not known. */
  work(owner: JsonValue, path: Path): void {
    const call = ownValue(owner, 'workflow')
    const name = ownValue(call, 'name')
    const version = ownValue(call, 'version') ?? '*'
    const at = [...path, 'workflow']
    const isReadable = typeof name === 'string' && typeof version === 'string'
    if (!isJsonObject(call) || !isReadable || validRange(version) === null) return
    if (this.#problems.has([...at, 'name'])) return
    if (resolveWorkflowRef({ name, version }, this.#candidates) >= 0) return
    const versions = this.#versionsOf(name)
    if (versions.length === 0) return this.#unknown(name, at)
    this.#problems.add({
      path: [...at, 'version'],
      message: `workflow '${name}' is not known in a version of ${version}`,
      found: `${name}@${version}`,
      expected: versions.length === 1 ? (versions[0] as string) : `one of ${versions.join(', ')}`,
      hint: this.#known.reasonFor?.(name) ?? null,
      level: this.#known.level,
    })
  }

  #unknown(name: string, at: Path): void {
    const { reasonFor, workflows, level } = this.#known
    const names = [...new Set(workflows.map((one) => one.name))]
    const noneKnown = 'put its document beside this one, or register it'
    this.#problems.add({
      path: [...at, 'name'],
      message: `there is no workflow '${name}'`,
      found: JSON.stringify(name),
      expected: 'a workflow beside this document, or a registered one',
      hint: () => reasonFor?.(name) ?? nearestOrAll(name, names) ?? noneKnown,
      level,
    })
  }

  #versionsOf(name: string): readonly string[] {
    const versions = this.#candidates.filter((one) => one.name === name).map((one) => one.version)
    return [...new Set(versions)]
  }
}

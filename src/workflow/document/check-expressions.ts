import { parseDuration } from '../../core/duration.ts'
import { isOrchestrationError, messageOf } from '../../core/errors.ts'
import { isJsonObject } from '../../core/json.ts'
import type { JsonValue } from '../../core/json.ts'
import { nearestHint, nearestOrAll } from '../../core/nearest.ts'
import { compileExpression } from '../expression/compile.ts'
import { splitTemplate, stripDelimiters } from '../expression/delimiters.ts'
import type { Reference } from '../expression/scope.ts'
import { expressionSites } from './expression-sites.ts'
import type { ExpressionSite, SiteScope } from './expression-sites.ts'
import { cut, describeValue } from './problem.ts'
import type { Path, ProblemList } from './problem.ts'
import { unreachable } from './reachability.ts'
import type { ReachQuestion } from './reachability.ts'
import { durationExpected } from './schema-values.ts'
import { type StepGraph, stepGraph } from './step-graph.ts'

/** Compiles every expression of a document's data and checks that it reads only what its place shows. */
export function checkExpressions(data: JsonValue, graph: StepGraph, problems: ProblemList): void {
  const checker = new ExpressionChecker(graph, problems)
  for (const site of expressionSites(data)) {
    if (problems.isFull) return
    checker.checkSite(site)
  }
  checker.checkReach()
}

/** Checks expressions of data that has no steps: each must be valid and read only what its site shows. */
export function checkSites(sites: Iterable<ExpressionSite>, problems: ProblemList): void {
  const checker = new ExpressionChecker(stepGraph(null), problems)
  for (const site of sites) {
    if (problems.isFull) return
    checker.checkSite(site)
  }
}

interface StepReference extends ReachQuestion {
  readonly path: Path
  readonly offset: number
}

interface Text {
  readonly source: string
  readonly path: Path
  readonly scope: SiteScope
}

type Outcome =
  | { readonly references: readonly Reference[]; readonly resultType: string }
  | { readonly message: string; readonly hint: string | null; readonly offset: number }

class ExpressionChecker {
  readonly #graph: StepGraph
  readonly #problems: ProblemList
  readonly #compiled = new Map<string, Outcome>()
  readonly #questions: StepReference[] = []

  constructor(graph: StepGraph, problems: ProblemList) {
    this.#graph = graph
    this.#problems = problems
  }

  checkSite({ kind, path, value, scope }: ExpressionSite): void {
    if (this.#problems.has(path)) return
    if (kind === 'template') this.#checkTemplate(value, path, scope)
    else if (typeof value !== 'string') return
    else if (kind === 'duration') this.#checkDuration({ source: value, path, scope })
    else this.#checkWhole({ source: value, path, scope }, kind)
  }

  /** Reports the steps that are named without being needed. */
  checkReach(): void {
    for (const { step, target, path, offset } of unreachable(this.#graph, this.#questions)) {
      const [id, other] = [this.#graph.ids[step] as string, this.#graph.ids[target] as string]
      this.#problems.add({
        path,
        message: `step '${id}' names '${other}' without needing it`,
        found: `steps.${other}`,
        expected: 'a step among its needs, or among theirs',
        hint: `add ${other} to the needs of ${id}`,
        place: offset,
      })
    }
  }

  #checkTemplate(value: JsonValue, path: Path, scope: SiteScope): void {
    if (typeof value === 'string') {
      if (value.includes('${')) this.#checkParts({ source: value, path, scope })
    } else if (Array.isArray(value)) {
      for (const [index, item] of value.entries()) {
        this.#checkTemplate(item as JsonValue, [...path, index], scope)
      }
    } else if (isJsonObject(value)) {
      for (const key of Object.keys(value)) {
        this.#checkTemplate(value[key] as JsonValue, [...path, key], scope)
      }
    }
  }

  #checkDuration(text: Text): void {
    const hasExpression = text.source.includes('${') && this.#checkParts(text)
    if (hasExpression || this.#problems.has(text.path) || parseDuration(text.source) !== undefined)
      return
    this.#problems.add({
      path: text.path,
      message: 'this is no duration',
      found: describeValue(text.source),
      expected: durationExpected,
      hint: 'the longest duration is 100 years',
    })
  }

  /** Checks the `${ }` parts of a text; true when it has any. */
  #checkParts(text: Text): boolean {
    try {
      const parts = splitTemplate(text.source).filter((part) => part.kind === 'expression')
      for (const part of parts) this.#check(part.text, part.offset, text)
      return parts.length > 0
    } catch (thrown) {
      this.#report(faultOf(thrown), 0, text)
      return true
    }
  }

  #checkWhole(text: Text, wanted: 'bool' | 'list' | 'number'): void {
    try {
      const stripped = stripDelimiters(text.source)
      const outcome = this.#check(stripped.text, stripped.shift, text)
      const types = wanted === 'number' ? ['double', 'int'] : [wanted]
      if ('message' in outcome || [...types, 'dyn'].includes(outcome.resultType)) return
      this.#problems.add({
        path: text.path,
        message: `this expression never gives a ${wanted}`,
        found: `an expression giving ${outcome.resultType}`,
        expected: `an expression giving a ${wanted}`,
        place: stripped.shift,
      })
    } catch (thrown) {
      this.#report(faultOf(thrown), 0, text)
    }
  }

  /** @param shift where `expression` begins in the text */
  #check(expression: string, shift: number, text: Text): Outcome {
    const outcome = this.#compile(expression)
    if ('message' in outcome) this.#report(outcome, shift, text)
    else for (const reference of outcome.references) this.#checkReference(reference, shift, text)
    return outcome
  }

  /** Many steps say the same: each distinct expression is compiled once. */
  #compile(expression: string): Outcome {
    const known = this.#compiled.get(expression)
    if (known !== undefined) return known
    const outcome = compileOutcome(expression)
    this.#compiled.set(expression, outcome)
    return outcome
  }

  #report(
    fault: Exclude<Outcome, { references: unknown }>,
    shift: number,
    { path, source }: Text,
  ): void {
    this.#problems.add({
      path,
      message: fault.message,
      found: cut(source),
      expected: 'a CEL expression',
      hint: fault.hint,
      place: shift + fault.offset,
    })
  }

  #checkReference(reference: Reference, shift: number, { path, scope }: Text): void {
    const place = shift + reference.offset
    const { root } = reference
    if (!scope.roots.includes(root)) {
      this.#problems.add({
        path,
        message: `\`${root.slice(0, 100)}\` is not in scope here`,
        found: root.slice(0, 100),
        expected: scope.roots.length === 0 ? 'no name' : `one of ${scope.roots.join(', ')}`,
        hint: () => homeOf(root) ?? nearestHint(root, scope.roots),
        place,
      })
    } else if (root === 'steps') {
      this.#checkStepReference(reference.stepId, place, { path, scope })
    }
  }

  #checkStepReference(
    stepId: string | null,
    place: number,
    { path, scope }: Omit<Text, 'source'>,
  ): void {
    const { ids, numbers } = this.#graph
    if (stepId === null) {
      if (scope.steps === 'any') return
      const message = '`steps` must be followed by the id of a step that is needed'
      this.#problems.add({ path, message, found: 'steps', expected: 'steps.<id>', place })
      return
    }
    const target = numbers.get(stepId)
    if (target === undefined) {
      this.#problems.add({
        path,
        message: `there is no step '${stepId.slice(0, 100)}'`,
        found: `steps.${stepId.slice(0, 100)}`,
        expected: 'the id of a step',
        hint: () => nearestOrAll(stepId, ids),
        place,
      })
    } else if (scope.stepId !== null && scope.steps === 'needs') {
      this.#questions.push({
        step: numbers.get(scope.stepId) as number,
        target,
        path,
        offset: place,
      })
    }
  }
}

function compileOutcome(expression: string): Outcome {
  if (expression.trimStart().startsWith('${')) {
    return { message: 'a `${` inside of `${ }`', hint: 'take the inner `${ }` away', offset: 0 }
  }
  try {
    const { references, resultType } = compileExpression(expression)
    return { references, resultType }
  } catch (thrown) {
    return faultOf(thrown)
  }
}

function faultOf(thrown: unknown): Exclude<Outcome, { references: unknown }> {
  const offset = isOrchestrationError(thrown) ? thrown.details?.offset : undefined
  return {
    message: messageOf(thrown),
    hint: isOrchestrationError(thrown) ? thrown.hint : null,
    offset: typeof offset === 'number' ? offset : 0,
  }
}

const homes: ReadonlyMap<string, string> = new Map([
  ['item', '`item` is in scope only in a step with forEach, after its `when` and `forEach`'],
  ['index', '`index` is in scope only in a step with forEach, after its `when` and `forEach`'],
  ['event', '`event` is in scope only in triggers that name an event'],
  [
    'output',
    "`output` is in scope only in `outputs` and `repeat.until`; for another step's write steps.<id>.output",
  ],
  ['call', '`call` is in scope only in compensate.with'],
  ['steps', '`steps` is in scope only in steps and in the document’s output'],
  ['state', '`state` is in scope only in steps and in the document’s output'],
  ['load', '`load` is in scope only in policies'],
  ['cost', '`cost` is in scope only in policies'],
  ['step', '`step` is in scope only in policies'],
  ['input', 'a trigger fires before there is an input'],
  ['execution', 'a trigger fires before there is an execution'],
])

function homeOf(root: string): string | null {
  return homes.get(root) ?? null
}

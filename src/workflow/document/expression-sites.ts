import { isJsonObject } from '../../core/json.ts'
import type { JsonObject, JsonValue } from '../../core/json.ts'
import type { Path } from './problem.ts'
import { listAt, mapAt, ownValue } from './value-at.ts'

/** What the expressions of one place may read. */
export interface SiteScope {
  readonly roots: readonly string[]
  /** Which steps `steps` shows. */
  readonly steps: 'needs' | 'any'
  /** The step the place belongs to; null for the document's own keys. */
  readonly stepId: string | null
}

/** A value of the document that holds expressions. */
export interface ExpressionSite {
  readonly path: Path
  readonly value: JsonValue
  /** `bool`, `list`, `number`: the whole text is one expression giving that. `duration`: its text, or a template giving one. */
  readonly kind: 'bool' | 'list' | 'number' | 'template' | 'duration'
  readonly scope: SiteScope
}

const documentRoots = ['input', 'execution', 'tda']
const stepRoots = ['input', 'steps', 'state', 'execution', 'tda']

/** Every place of a document's data, of whatever shape, where expressions may stand. */
export function* expressionSites(data: JsonValue): Generator<ExpressionSite> {
  const own: SiteScope = { roots: documentRoots, steps: 'any', stepId: null }
  yield* sites(data, [], own, { timeout: 'duration' })
  yield* sites(mapAt(data, 'retry'), ['retry'], own, intervals)
  yield* sites(mapAt(data, 'sla'), ['sla'], own, { duration: 'duration' })
  for (const [index, trigger] of listAt(data, 'triggers').entries()) {
    const roots = ownValue(trigger, 'event') === undefined ? ['tda'] : ['event', 'tda']
    yield* sites(
      trigger,
      ['triggers', index],
      { ...own, roots },
      { when: 'bool', input: 'template' },
    )
  }
  const steps = mapAt(data, 'steps')
  for (const id of Object.keys(steps)) {
    const step = steps[id]
    if (isJsonObject(step)) yield* stepSites(step, id)
  }
  yield* sites(data, [], { ...own, roots: stepRoots }, { output: 'template' })
}

type Kinds = Readonly<Record<string, ExpressionSite['kind']>>

const intervals: Kinds = { initialInterval: 'duration', maxInterval: 'duration' }

function* sites(
  map: JsonValue,
  path: Path,
  scope: SiteScope,
  kinds: Kinds,
): Generator<ExpressionSite> {
  for (const [key, kind] of Object.entries(kinds)) {
    const value = ownValue(map, key)
    if (value !== undefined) yield { path: [...path, key], value, kind, scope }
  }
}

function* stepSites(step: JsonObject, id: string): Generator<ExpressionSite> {
  const path: Path = ['steps', id]
  const before: SiteScope = { roots: stepRoots, steps: 'needs', stepId: id }
  const perItem = ownValue(step, 'forEach') === undefined ? [] : ['item', 'index']
  const call: SiteScope = { ...before, roots: [...stepRoots, ...perItem] }
  const result: SiteScope = { ...call, roots: [...call.roots, 'output'] }
  const undo: SiteScope = { ...call, roots: [...call.roots, 'call'], steps: 'any' }
  yield* sites(step, path, before, { when: 'bool', forEach: 'list' })
  yield* sites(step, path, call, { with: 'template', timeout: 'duration', sleep: 'duration' })
  yield* sites(mapAt(step, 'workflow'), [...path, 'workflow'], call, { input: 'template' })
  yield* sites(mapAt(step, 'retry'), [...path, 'retry'], call, intervals)
  yield* sites(mapAt(step, 'concurrency'), [...path, 'concurrency'], call, { key: 'template' })
  yield* sites(mapAt(step, 'waitFor'), [...path, 'waitFor'], call, {
    signal: 'template',
    timeout: 'duration',
  })
  yield* optionSites(step, path, call)
  yield* sites(step, path, result, { outputs: 'template' })
  yield* sites(mapAt(step, 'repeat'), [...path, 'repeat'], result, { until: 'bool' })
  yield* sites(mapAt(step, 'repeat'), [...path, 'repeat'], call, { delay: 'duration' })
  yield* sites(mapAt(step, 'compensate'), [...path, 'compensate'], undo, { with: 'template' })
  const fallback = ownValue(step, 'fallback')
  if (isJsonObject(fallback)) yield* fallbackSites(fallback, [...path, 'fallback'], call)
  for (const [index, entry] of listAt(step, 'fallback').entries()) {
    yield* fallbackSites(entry, [...path, 'fallback', index], call)
  }
}

function* fallbackSites(entry: JsonValue, path: Path, scope: SiteScope): Generator<ExpressionSite> {
  yield* sites(entry, path, scope, { with: 'template', timeout: 'duration' })
  yield* optionSites(entry, path, scope)
  yield* sites(mapAt(entry, 'workflow'), [...path, 'workflow'], scope, { input: 'template' })
  yield* sites(mapAt(entry, 'retry'), [...path, 'retry'], scope, intervals)
}

/** The options of a pattern; `output` is there that of one agent. */
function* optionSites(owner: JsonValue, path: Path, call: SiteScope): Generator<ExpressionSite> {
  if (ownValue(owner, 'pattern') === undefined) return
  const options = mapAt(owner, 'options')
  const at = [...path, 'options']
  const result: SiteScope = { ...call, roots: [...call.roots, 'output'] }
  yield* sites(options, at, call, { deadline: 'duration' })
  yield* sites(options, at, result, { stopWhen: 'bool', score: 'number' })
  for (const [index, joint] of listAt(options, 'joints').entries())
    yield* sites(joint, [...at, 'joints', index], result, { map: 'template' })
}

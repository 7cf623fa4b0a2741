import { canonicalJson, isJsonObject, type JsonValue } from '../src/core/json.ts'
import type { KernelEvent } from '../src/workflow/kernel/events.ts'
import type { CallModel, StepModel, StepsModel } from './step-model.ts'

type PatternEvent = KernelEvent & { kind: 'PatternStarted' | 'PartScheduled' | 'PatternDecided' }

/** What a pattern decides, compared with what it may: once, and from what its parts have given. */
export function seePattern(steps: StepsModel, event: PatternEvent): readonly string[] {
  const { part: _part, ...ofHost } = event
  const host = steps.call(ofHost)
  const step = steps.step(event.step)
  if (host === undefined || !host.isOpen) return ['eventOfOpenCall']
  if (event.kind === 'PatternStarted') {
    host.hosting = { result: null }
    return []
  }
  const { hosting } = host
  if (hosting === null) return ['patternWorks']
  if (hosting.result !== null) return ['decidedOnce']
  if (event.kind === 'PartScheduled') {
    const known = Math.max(0, ...steps.partsOf(step, host).map(({ part }) => part ?? 0))
    const isNext = known === 0 || event.part === known + 1
    steps.openPart(host, step, event.part)
    return isNext ? [] : ['partsCountUp']
  }
  hosting.result = event.result
  return 'output' in event.result && !isTrueVote(steps, { step, host, output: event.result.output })
    ? ['votesAsCast']
    : []
}

/** The end of a call for which a pattern worked: with the decision, and after its last part. */
export function hostEnds(
  steps: StepsModel,
  host: CallModel,
  event: KernelEvent & { kind: 'CallCompleted' | 'CallFailed' | 'CallCancelled' },
): readonly string[] {
  if (host.hosting === null) return []
  const step = steps.step(event.step)
  const failures: string[] = []
  if (steps.partsOf(step, host).some(({ isOpen }) => isOpen) && event.kind !== 'CallCancelled')
    failures.push('partsEndFirst')
  if (event.kind !== 'CallCompleted') return failures
  const { result } = host.hosting
  const isDecision =
    result !== null &&
    'output' in result &&
    (step.plan.outputs !== null || canonicalJson(result.output) === canonicalJson(event.output))
  return isDecision ? failures : [...failures, 'outputIsTheDecision']
}

interface Decision {
  readonly step: StepModel
  readonly host: CallModel
  readonly output: JsonValue
}

/** Every vote that a consensus shows is what that voter has given; nobody votes twice. */
function isTrueVote(steps: StepsModel, { step, host, output }: Decision): boolean {
  if (!isJsonObject(output) || !Array.isArray(output['votes'])) return true
  const parts = steps.partsOf(step, host).filter(({ fallback }) => fallback === host.fallback)
  const votes = output['votes'] as readonly JsonValue[]
  if (votes.length !== parts.length) return false
  const cast = votes.filter((vote) => isJsonObject(vote) && vote['abstained'] === false)
  const winners = cast.filter((vote) => isJsonObject(vote) && vote['value'] === output['choice'])
  const isOutside = cast.some((vote) => isJsonObject(vote) && vote['value'] === 'neither')
  if (winners.length === 0 || isOutside) return false
  return votes.every((vote, place) => {
    if (!isJsonObject(vote) || vote['abstained'] === true) return true
    const given = parts[place]?.success?.output
    return given !== undefined && isJsonObject(given) && given['choice'] === vote['value']
  })
}

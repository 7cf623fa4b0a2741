import { OrchestrationError } from '../../core/errors.ts'
import type { PatternName, PatternSpec } from '../../core/contracts/pattern.ts'
import { limits } from '../../core/limits.ts'
import { nearestOrAll } from '../../core/nearest.ts'
import type { AdaptationDocument } from '../document/document.ts'
import { patternFaults } from '../document/pattern-faults.ts'
import { normalizePattern } from '../document/pattern-options.ts'
import { patternOptions } from '../document/schema-patterns.ts'
import {
  type AdaptationChange,
  isUnbegun,
  isUndecided,
  type StepChange,
  type StepChanges,
} from './adaptation.ts'
import { type ExecutionState, findStep, type StepState } from './state.ts'

/** What a change comes to in one execution. */
export interface PlannedAdaptation {
  readonly steps: StepChanges
  readonly pause: boolean
}

/**
 * What a change means for an execution now: which steps it concerns, and what becomes of each. Changes nothing.
 *
 * @throws RefusedError outside of the bounds that the document declares, when a step has started, or while the
 *   execution does not go forward; NotFoundError for an unknown step; InputError for a change that says nothing
 *   or too little
 */
export function planAdaptation(state: ExecutionState, change: AdaptationChange): PlannedAdaptation {
  const bounds = boundsOf(state)
  const { step, pattern, maxParallel, agent, approval, pause = false } = change
  const asked = { pattern, maxParallel, agent, approval }
  if (Object.values(asked).every((value) => value === undefined)) {
    if (!pause)
      throw input(
        'an adaptation must change something',
        'give pattern, maxParallel, agent, approval or pause',
      )
    if (step !== undefined) throw input("'pause' concerns the whole execution", 'leave `step` out')
  }
  if (change.options !== undefined && pattern === undefined)
    throw input('options go with a pattern', 'name the pattern, also where it stays')
  checkBounds(change, { state, bounds })
  const needed = agent !== undefined ? 'agent' : approval !== undefined ? 'approval' : null
  if (step === undefined && needed !== null)
    throw input(`'${needed}' needs a step`, 'name the step that is to be adapted')
  return { steps: changesOf(state, change), pause }
}

function boundsOf({ plan, phase, executionId, adaptations }: ExecutionState): AdaptationDocument {
  if (phase !== 'forward') {
    throw refused(`execution '${executionId}' cannot be adapted while it is ${phase}`, {
      hint: 'wait until it goes forward again, if it does',
      retryable: true,
    })
  }
  if (adaptations.length >= limits.adaptationsMax) {
    throw refused(
      `execution '${executionId}' was adapted ${adaptations.length} times; adaptationsMax is ${limits.adaptationsMax}`,
      {
        hint: 'find out what keeps asking for it',
      },
    )
  }
  if (plan.adaptation !== null) return plan.adaptation
  throw refused(`workflow '${plan.name}@${plan.version}' declares nothing that may be adapted`, {
    hint: 'say adaptation: { patterns, maxParallel, agents, approval, pause } in its document',
  })
}

interface Bounded {
  readonly state: ExecutionState
  readonly bounds: AdaptationDocument
}

function checkBounds(change: AdaptationChange, bounded: Bounded): void {
  const { bounds } = bounded
  const { pattern, maxParallel, agent, approval, pause } = change
  if (pattern !== undefined && !bounds.patterns.includes(pattern))
    throw outside(bounded, 'patterns', pattern)
  if (maxParallel !== undefined && !(maxParallel >= 1 && maxParallel <= (bounds.maxParallel ?? 0)))
    throw outside(bounded, 'maxParallel', maxParallel)
  if (agent !== undefined && !bounds.agents.includes(agent)) throw outside(bounded, 'agents', agent)
  if (approval !== undefined && !bounds.approval) throw outside(bounded, 'approval', approval)
  if (pause === true && !bounds.pause) throw outside(bounded, 'pause', true)
}

function outside(
  { state: { plan }, bounds }: Bounded,
  key: keyof AdaptationDocument,
  found: string | number | boolean,
): OrchestrationError {
  const bound = bounds[key]
  return refused(
    `${key} of the adaptation of '${plan.name}@${plan.version}' allow ${JSON.stringify(bound)}, not ${JSON.stringify(found)}`,
    {
      hint: 'stay within adaptation of the document, or widen it there for executions to come',
      details: { key, bound, found },
    },
  )
}

function changesOf(state: ExecutionState, change: AdaptationChange): StepChanges {
  const { step: id, pattern, maxParallel } = change
  if (id !== undefined) return { [id]: namedChange(state, id, change) }
  const changes: Record<string, StepChange> = {}
  for (const step of state.steps) {
    const spec = pattern === undefined ? undefined : fittingSpec(step, pattern, change)
    const isParallel = maxParallel !== undefined && mayRunMore(step)
    const made: StepChange = {
      ...(spec === undefined ? {} : { spec }),
      ...(isParallel ? { maxParallel } : {}),
    }
    if (Object.keys(made).length > 0) changes[step.plan.id] = made
  }
  const isAsked = pattern !== undefined || maxParallel !== undefined
  if (!isAsked || Object.keys(changes).length > 0) return changes
  const what = pattern === undefined ? 'with forEach' : `that could work by ${pattern}`
  throw refused(`execution '${state.executionId}' has no step left ${what}`, {
    hint: 'what has started goes on as it began',
  })
}

function namedChange(state: ExecutionState, id: string, change: AdaptationChange): StepChange {
  const step = findStep(state, id)
  if (step === undefined) {
    const hint = nearestOrAll(id, Array.from(state.plan.stepIndex.keys()))
    throw new OrchestrationError(
      'NotFoundError',
      `execution '${state.executionId}' has no step '${id}'`,
      hint === null ? {} : { hint },
    )
  }
  const { pattern, maxParallel, agent, approval } = change
  const isWhole = pattern !== undefined || agent !== undefined
  if ((isWhole && !isUnbegun(step)) || (approval !== undefined && !isUndecided(step))) {
    throw refused(`step '${id}' of '${state.executionId}' has started: it is ${step.view.status}`, {
      hint: 'only steps that have not started can be adapted; see rollback',
    })
  }
  if (maxParallel !== undefined && !mayRunMore(step))
    throw refused(`step '${id}' has no forEach that is still to run`, {
      hint: 'leave maxParallel out',
    })
  if (agent !== undefined && step.plan.work.kind !== 'agent')
    throw refused(`step '${id}' is no step with one agent`, { hint: 'leave agent out' })
  return {
    ...(pattern === undefined ? {} : { spec: namedSpec(step, pattern, change) }),
    ...(maxParallel === undefined ? {} : { maxParallel }),
    ...(agent === undefined ? {} : { agent }),
    ...(approval === undefined ? {} : { approval: approval === true ? `approve-${id}` : approval }),
  }
}

function mayRunMore({ plan, settledSeq, view }: StepState): boolean {
  return plan.forEach !== null && settledSeq === 0 && view.status !== 'failed'
}

/** Undefined where the step has no pattern, has started, or its agents do not fit the pattern. */
function fittingSpec(
  step: StepState,
  pattern: PatternName,
  change: AdaptationChange,
): PatternSpec | undefined {
  if (!isUnbegun(step) || step.plan.work.kind !== 'pattern') return undefined
  const made = specOf(step, pattern, change)
  return typeof made === 'string' ? undefined : made
}

function namedSpec(step: StepState, pattern: PatternName, change: AdaptationChange): PatternSpec {
  const made = specOf(step, pattern, change)
  if (typeof made !== 'string') return made
  throw refused(`step '${step.plan.id}' cannot work by ${pattern}: ${made}`, {
    hint: 'choose another pattern, or give options that fit',
  })
}

/** @returns the pattern with its options filled in, or why the step cannot have it */
function specOf(
  { plan: { work } }: StepState,
  pattern: PatternName,
  { options }: AdaptationChange,
): PatternSpec | string {
  if (work.kind !== 'pattern') return 'it has none'
  const { agents, action, options: own } = work.spec
  const { deadline } = own
  const kept = typeof deadline === 'string' ? { deadline } : {}
  const parsed = patternOptions.safeParse({ ...kept, ...options })
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    return `options.${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'not valid'}`
  }
  const named = { pattern, agents, action }
  const [fault] = patternFaults(named, parsed.data)
  return fault === undefined ? normalizePattern(named, parsed.data) : fault.message
}

function refused(
  message: string,
  options: ConstructorParameters<typeof OrchestrationError>[2],
): OrchestrationError {
  return new OrchestrationError('RefusedError', message, options)
}

function input(message: string, hint: string): OrchestrationError {
  return new OrchestrationError('InputError', message, { hint })
}

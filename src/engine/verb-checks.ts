import { OrchestrationError, ResourceExhaustionError } from '../core/errors.ts'
import type { JsonObject, JsonValue } from '../core/json.ts'
import { limits } from '../core/limits.ts'
import { nearestOrAll } from '../core/nearest.ts'
import {
  callLabel,
  type CallRef,
  findCall,
  findStep,
  parseCallLabel,
  type Stimulus,
} from '../workflow/index.ts'
import { faultOf } from './signal-schema.ts'
import type { Running } from './running.ts'

/**
 * @throws ResourceExhaustionError over `earlySignalsMax`; InputError when the data does not fit the
 *   schema of the suspended call that would take it
 */
export function checkSignal({ state }: Running, name: string, data: JsonValue): void {
  for (const call of state.live) {
    if ((call.status !== 'waiting' && call.status !== 'suspended') || call.signal !== name) continue
    if (call.schema !== null) checkData(callLabel(call.ref), call.schema, data)
    return
  }
  if (state.signalCount < limits.earlySignalsMax) return
  throw new ResourceExhaustionError(
    `execution '${state.executionId}' keeps ${state.signalCount} signals nobody has taken; earlySignalsMax is ${limits.earlySignalsMax}`,
    { hint: 'nobody waits for this signal: check its name' },
  )
}

/**
 * The uncertain call that `aura resolve` names as `step` or `step[3]`.
 *
 * @throws NotFoundError for an unknown step or item; RefusedError when it is not uncertain
 */
export function uncertainCall({ state }: Running, label: string): CallRef {
  const ref = parseCallLabel(label)
  const step = ref === undefined ? undefined : findStep(state, ref.step)
  if (ref === undefined || step === undefined) {
    const hint = nearestOrAll(label, Array.from(state.plan.stepIndex.keys()))
    throw new OrchestrationError(
      'NotFoundError',
      `execution '${state.executionId}' has no step '${label}'`,
      hint === null ? {} : { hint },
    )
  }
  if (ref.index !== null && ref.index >= (step.items?.values.length ?? 0)) {
    const count = step.items?.values.length ?? 0
    throw new OrchestrationError(
      'NotFoundError',
      `step '${ref.step}' of '${state.executionId}' has no item ${ref.index}`,
      { hint: count === 0 ? 'it has no items (yet)' : `its items are 0 to ${count - 1}` },
    )
  }
  const uncertain = step.calls
    .filter((call) => call?.status === 'uncertain')
    .map((call) => call.ref)
  if (step.items !== null && ref.index === null) {
    const only = uncertain.length === 1 ? uncertain[0] : undefined
    if (only !== undefined) return only
    if (uncertain.length > 1) {
      throw new OrchestrationError(
        'UsageError',
        `step '${label}' has ${uncertain.length} uncertain items`,
        {
          hint: `name one: ${uncertain.slice(0, 8).map(callLabel).join(', ')}`,
        },
      )
    }
  }
  const own = findCall(state, ref)?.status
  if (own === 'uncertain') return ref
  // An item that nobody has called yet has no call.
  const refused =
    ref.index === null
      ? `step '${label}' is not uncertain but ${step.view.status}`
      : `item '${label}' is not uncertain but ${own ?? 'pending'}`
  throw new OrchestrationError('RefusedError', refused, {
    hint: 'only a call whose outcome nobody knows can be resolved',
  })
}

function checkData(label: string, schema: JsonObject, data: JsonValue): void {
  const fault = faultOf(schema, data)
  if (fault === null) return
  throw new OrchestrationError(
    'InputError',
    `the data does not fit what '${label}' waits for: ${fault}`,
  )
}

/** Where nobody drives the execution, what was running is lost: it need not be awaited. */
export function cancelling(running: Running): readonly Stimulus[] {
  return running.isDriven ? [{ kind: 'cancel' }] : [{ kind: 'recovered' }, { kind: 'cancel' }]
}

/** The refusal of a verb that needs an execution which has not ended. */
export function ended(executionId: string, what: string): OrchestrationError {
  return new OrchestrationError('RefusedError', `execution '${executionId}' has ended: it ${what}`)
}

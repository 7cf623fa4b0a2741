import { assertNever, invariant } from '../../core/assert.ts'
import { callLabel, type NamesCall, refOf } from './call-ref.ts'
import type { KernelEvent } from './events.ts'
import { createCall, setStatus } from './fold-step.ts'
import type { HostedState } from './hosted-state.ts'
import { type CallState, type ExecutionState, findCall } from './state.ts'

type PatternEvent = Extract<
  KernelEvent,
  { kind: 'PatternStarted' | 'PartScheduled' | 'PatternDecided' }
>

/** Takes in what a pattern has decided for a call. */
export function foldPattern(state: ExecutionState, event: PatternEvent): void {
  const { host, hosted } = hostOf(state, event)
  switch (event.kind) {
    case 'PatternStarted':
      hosted.result = null
      host.dueAtMs = event.dueAtMs ?? null
      return setStatus(state, host, 'coordinating')
    case 'PartScheduled': {
      const { agent, action, input, note } = event
      const ref = { ...host.ref, part: event.part }
      const part = { host, agent, action, note, output: null }
      const { fallback, poll, timeoutMs } = host
      const call = createCall(state, host.step, { ref, call: { input }, part })
      Object.assign(call, { fallback, poll, timeoutMs })
      return
    }
    case 'PatternDecided':
      hosted.result = event.result
      return
    default:
      assertNever(event, 'event')
  }
}

/** The call for which the pattern works. */
function hostOf(
  state: ExecutionState,
  event: NamesCall,
): { readonly host: CallState; readonly hosted: HostedState } {
  const ref = { ...refOf(event), part: undefined }
  const host = findCall(state, ref)
  invariant(host !== undefined, `execution '${state.executionId}' has no call '${callLabel(ref)}'`)
  host.hosted ??= { parts: [], partsBefore: 0, result: null }
  return { host, hosted: host.hosted }
}

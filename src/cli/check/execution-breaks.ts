import type { ExecutionRow, LogEntry, ShowView } from '../../engine/index.ts'
import { callLabel, refOf } from '../../workflow/index.ts'
import type { StepDocument, WorkflowDocument } from '../../workflow/index.ts'
import type { AgentLookup, Break } from './break.ts'
import { targetBreak, targetsOf } from './target-breaks.ts'
import type { StepTarget } from './target-breaks.ts'

const settled: ReadonlySet<string> = new Set([
  'completed',
  'skipped',
  'failed',
  'cancelled',
  'compensated',
])

/**
 * What an open execution would miss with the agents at hand: those of steps that are not settled, and
 * those that undo what is; and for each call that is under way whether its action is still the one that
 * its attempt was journalled with.
 */
export function executionBreaks(
  row: ExecutionRow,
  agents: AgentLookup,
  held: {
    readonly document: WorkflowDocument
    readonly view: ShowView
    readonly entries: readonly LogEntry[]
  },
): readonly Break[] {
  const { document, view, entries } = held
  const { executionId } = row
  const breaks: Break[] = []
  for (const [stepId, step] of Object.entries(document.steps)) {
    const status = view.steps[stepId]?.status ?? 'pending'
    const targets = targetsOf(step).filter(
      ({ as }) => !settled.has(status) || (as === 'compensation' && status === 'completed'),
    )
    for (const target of targets) {
      const found = targetBreak(target, agents, { executionId, stepId })
      if (found !== null) breaks.push(found)
    }
  }
  for (const call of callsUnderWay(document, view, entries)) {
    const found = contractBreak(executionId, call, agents)
    if (found !== null) breaks.push(found)
  }
  return breaks
}

/** A call that has begun and is not over, with what its last attempt was journalled with. */
interface CallUnderWay {
  readonly stepId: string
  readonly label: string
  readonly target: StepTarget
  readonly contract: string
  readonly effect: string
}

function callsUnderWay(
  document: WorkflowDocument,
  view: ShowView,
  entries: readonly LogEntry[],
): readonly CallUnderWay[] {
  const calls = new Map<string, CallUnderWay>()
  const fallbacks = new Map<string, number>()
  const parts = new Map<string, StepTarget>()
  for (const { event } of entries) {
    if (!('step' in event) || event.step === undefined) continue
    const { step: stepId } = event
    const undo = 'undo' in event ? event.undo : undefined
    const label = callLabel(refOf({ ...event, step: stepId }))
    if (event.kind === 'PartScheduled')
      parts.set(label, { agent: event.agent, action: event.action, as: 'call' })
    if (event.kind === 'FallbackScheduled') fallbacks.set(label, event.fallback)
    if (event.kind === 'StepScheduled') fallbacks.delete(label)
    if (event.kind === 'AttemptStarted') {
      const step = document.steps[stepId]
      const part = event.part === undefined ? undefined : parts.get(label)
      const fallback = fallbacks.get(label) ?? 0
      const target = part ?? (step && targetNow(step, fallback, undo !== undefined))
      if (target === undefined) continue
      const { contract, effect } = event
      calls.set(label, { stepId, label, target, contract, effect })
    } else if (isOver.has(event.kind)) calls.delete(label)
  }
  return [...calls.values()].filter(
    ({ stepId, target }) =>
      target.as === 'compensation' || !settled.has(view.steps[stepId]?.status ?? 'pending'),
  )
}

const isOver: ReadonlySet<string> = new Set([
  'CallCompleted',
  'CallFailed',
  'CallCancelled',
  'FallbackScheduled',
])

function targetNow(step: StepDocument, fallback: number, isUndo: boolean): StepTarget | undefined {
  const targets = targetsOf(step)
  if (isUndo) return targets.find(({ as }) => as === 'compensation')
  if (fallback === 0) return targets.find(({ as }) => as === 'call')
  const entry = step.fallback[fallback - 1]
  if (entry === undefined || !('agent' in entry)) return undefined
  return { agent: entry.agent, action: entry.action, as: 'fallback' }
}

function contractBreak(executionId: string, call: CallUnderWay, agents: AgentLookup): Break | null {
  const { stepId, label, target, contract, effect } = call
  const now = agents.contract(target.agent, target.action)
  // One that is not there is a break of its own.
  if (now === undefined) return null
  const name = `${target.agent}.${target.action}`
  const hint = 'let it finish with the modules it began with, or cancel it; then deploy'
  if (now.effect !== effect) {
    const message = `${label} began a call of ${name} as '${effect}', which is '${now.effect}' now`
    return { executionId, stepId, kind: 'effectChanged', message, hint }
  }
  if (now.hash === contract) return null
  const message = `${label} began a call of ${name} under contract ${contract}, which is ${now.hash} now: the agent's version or a schema is another one`
  return { executionId, stepId, kind: 'contractChanged', message, hint }
}

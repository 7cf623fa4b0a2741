import type { AgentCall } from '../src/agents/index.ts'
import { canonicalJson, isJsonObject, type JsonValue } from '../src/core/json.ts'
import type { KernelEvent } from '../src/workflow/kernel/events.ts'
import type { ExecutionRecord, Records } from './records.ts'

/** Agents whose calls are conversations. */
const talking: ReadonlySet<string> = new Set(['clerk', 'talker'])

/**
 * Whether a model is told, as its own, what it has answered before in the conversation: the answers that are
 * recorded, in their order, and no others. True for a call that is no part of one.
 */
export function isToldItsAnswers(records: Records, { executionId, input }: AgentCall): boolean {
  const place = /^(.*)\.c(\d+)$/.exec(executionId)
  if (place === null || !isJsonObject(input) || input['messages'] === undefined) return true
  const [, outer = '', number = ''] = place
  const told = messagesOf(input).filter(
    (message) => isJsonObject(message) && message['role'] === 'assistant',
  )
  const answered = Array.from({ length: Number(number) - 1 }, (_, before) =>
    answersOf(records, `${outer}.c${before + 1}`),
  )
  return canonicalJson(told as JsonValue) === canonicalJson(answered.flat() as JsonValue)
}

/** Whether a call that talks with a model ends with what the model has answered last, in calls of its own. */
export function endsWithItsAnswer(
  { byId }: Records,
  { model }: ExecutionRecord,
  event: KernelEvent,
): boolean {
  if (event.kind !== 'CallCompleted' || event.undo !== undefined || event.part !== undefined)
    return true
  const step = model.steps.step(event.step)
  const call = model.steps.call(event)
  const { work, outputs } = step.plan
  if (work.kind !== 'agent' || work.action !== 'do' || outputs !== null) return true
  if (!talking.has(step.agent ?? work.agent)) return true
  if (call === undefined || call.fallback > 0) return true
  const key = model.steps.keyOf(step, call)
  const above = key.replaceAll(/\[(\d+)\]/g, '.$1').replaceAll('/', '.')
  let last: ExecutionRecord | undefined
  for (let number = 1; ; number++) {
    const inside = byId.get(`${above}.c${number}`)
    if (inside === undefined) break
    if (inside.isExempt) return true
    last = inside
  }
  const output = last?.model.steps.steps.get('call')?.output
  return (
    last?.model.steps.insideKey?.startsWith(`${key}/`) === true &&
    isJsonObject(output) &&
    canonicalJson(output['object'] ?? null) === canonicalJson(event.output)
  )
}

/** What a model has answered in that call; nothing where it was a tool. */
function answersOf({ byId }: Records, executionId: string): readonly JsonValue[] {
  const step = byId.get(executionId)?.model.steps.steps.get('call')
  const { work } = step?.plan ?? {}
  const isModel = work?.kind === 'agent' && work.agent === 'llm'
  return isModel && isJsonObject(step?.output) ? messagesOf(step.output) : []
}

function messagesOf({ messages }: { readonly messages?: JsonValue }): readonly JsonValue[] {
  return Array.isArray(messages) ? messages : []
}

import { isOrchestrationError, OrchestrationError } from '../../core/errors.ts'
import type { JsonObject, JsonValue } from '../../core/json.ts'
import type { AgentContext } from '../contract.ts'
import {
  type Completion,
  type SamplingSettings,
  type ToolRequest,
  toolMessage,
  userMessage,
} from './conversation.ts'
import type { TextDelta } from './llm-agent.ts'
import { listenToText } from './text-streams.ts'
import { type Tool, toolAction, type ToolOutcome } from './tools.ts'

/** What conversations of one action have in common. */
export interface Dialogue {
  /** The agent itself, by which it uses its tools. */
  readonly self: () => string
  readonly action: string
  /** The agent that is the model. */
  readonly model: string
  readonly instructions: string | undefined
  /** As the registry has them now. */
  readonly tools: () => readonly Tool[]
  /** JSON Schema of the answer; undefined for a text. */
  readonly output: JsonObject | undefined
  readonly settings: SamplingSettings | undefined
  readonly turnsMax: number
  readonly onText: ((delta: TextDelta) => void) | undefined
}

/**
 * Talks with the model until it answers without asking for a tool. Given the same answers it makes the same calls
 * in the same order, so that a repeat finds those that were made.
 */
export async function converse(
  dialogue: Dialogue,
  prompt: string,
  context: AgentContext,
): Promise<JsonValue> {
  const { turnsMax, output } = dialogue
  const messages: JsonObject[] = [userMessage(prompt)]
  for (let turn = 1; turn <= turnsMax; turn++) {
    checkBudget(context)
    context.progress((turn - 1) / turnsMax, `answer ${turn}`)
    const answer = await completion(dialogue, { messages, turn }, context)
    if (answer.toolCalls.length === 0) return output === undefined ? answer.text : answer.object
    messages.push(...answer.messages)
    const used = answer.toolCalls.map((request) => outcomeOf(dialogue, request, context))
    for (const [place, outcome] of (await Promise.all(used)).entries())
      messages.push(toolMessage(answer.toolCalls[place] as ToolRequest, outcome))
  }
  const message = `no answer after ${turnsMax} turns (turnsMax): the model still asks for tools`
  throw new OrchestrationError('AgentOutputError', message, {
    hint: 'raise turnsMax, or give the model clearer instructions and fewer tools',
  })
}

async function completion(
  { action, model, instructions, tools, output, settings, onText }: Dialogue,
  { messages, turn }: { readonly messages: readonly JsonObject[]; readonly turn: number },
  context: AgentContext,
): Promise<Completion> {
  const { executionId, stepId, idempotencyKey } = context
  const stream = `${idempotencyKey}#${turn}`
  const end =
    onText === undefined
      ? null
      : listenToText(stream, (text) => onText({ executionId, stepId, action, turn, text }))
  const offers = tools().map(({ name, description, input }) => ({ name, description, input }))
  try {
    return (await context.call(model, 'complete', {
      messages: [...messages],
      ...(instructions === undefined ? {} : { instructions }),
      ...(offers.length === 0 ? {} : { tools: offers }),
      ...(output === undefined ? {} : { output }),
      ...(settings === undefined ? {} : { settings: settings as JsonObject }),
      ...(end === null ? {} : { stream }),
    })) as Completion
  } catch (thrown) {
    throw context.signal.aborted ? thrown : final(thrown)
  } finally {
    end?.()
  }
}

async function outcomeOf(
  { self, tools }: Dialogue,
  { name, input, problem }: ToolRequest,
  context: AgentContext,
): Promise<ToolOutcome> {
  if (problem !== null) return { error: problem }
  if (tools().length === 0) return { error: 'there are no tools' }
  return (await context.call(self(), toolAction, { name, input })) as ToolOutcome
}

/** @throws BudgetExceededError */
function checkBudget({ budget }: AgentContext): void {
  const { tokensLeft, costUsdLeft } = budget
  const what = tokensLeft !== null && tokensLeft <= 0 ? 'tokens' : 'dollars'
  if ((tokensLeft ?? 1) > 0 && (costUsdLeft ?? 1) > 0) return
  throw new OrchestrationError('BudgetExceededError', `no ${what} are left for the next answer`, {
    hint: 'raise the budget of the execution, the agent or the tenant',
  })
}

/** The call of the model has had its own retries: another attempt of this one would multiply them. */
function final(thrown: unknown): unknown {
  if (!isOrchestrationError(thrown) || !thrown.retryable) return thrown
  const { code, message, hint, details } = thrown
  return new OrchestrationError(code, message, {
    ...(hint === null ? {} : { hint }),
    ...(details === null ? {} : { details }),
    cause: thrown,
  })
}

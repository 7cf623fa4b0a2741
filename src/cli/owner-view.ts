import { existsSync } from 'node:fs'
import { isOrchestrationError } from '../core/errors.ts'
import { isJsonObject } from '../core/json.ts'
import type { JsonValue } from '../core/json.ts'
import type { ShowView } from '../engine/index.ts'
import { findOwner } from '../storage/index.ts'
import type { OwnerInfo } from '../storage/index.ts'
import { parseCallLabel } from '../workflow/index.ts'
import type { CommandContext } from './command-context.ts'
import { askOwner } from './owner-client.ts'

/**
 * An execution as the owner of the file sees it, who alone knows which calls wait for an agent that it
 * does not have.
 *
 * @param timeoutMs default: as long as an owner may take
 * @returns null when the owner does not know the execution, or refuses to tell
 * @throws OwnerError when it cannot be asked
 */
export async function ownerView(
  owner: OwnerInfo,
  executionId: string,
  timeoutMs?: number,
): Promise<ShowView | null> {
  try {
    const answer = await askOwner(owner, {
      method: 'GET',
      path: `/v1/executions/${encodeURIComponent(executionId)}`,
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
    })
    return isShowView(answer) ? (answer as unknown as ShowView) : null
  } catch (thrown) {
    if (isOrchestrationError(thrown) && thrown.code !== 'OwnerError') return null
    throw thrown
  }
}

/** The owner of a place without a file, whose executions are elsewhere: `aura serve --engine temporal`. */
export function ownerWithoutFile({ databasePath }: CommandContext): OwnerInfo | null {
  return existsSync(databasePath) ? null : findOwner(databasePath).owner
}

/** A call that waits for an agent. */
export interface MissingAgent {
  readonly stepId: string
  /** The call, as `aura resolve` names it. */
  readonly label: string
  /** What is missing, in words. */
  readonly what: string
}

/** The calls that wait for agents which the owner does not have. Empty for what is read from the file. */
export function missingAgents({ errorLog }: Pick<ShowView, 'errorLog'>): readonly MissingAgent[] {
  return errorLog.flatMap((entry) => {
    if (!isMissingAgent(entry) || entry.stepId === null) return []
    const label = entry.stepId
    const what = entry.message.replace(/: the call waits$/, '')
    return [{ stepId: parseCallLabel(label)?.step ?? label, label, what }]
  })
}

/** Whether an entry tells of a call that waits, and of no attempt that failed. */
export function isMissingAgent(entry: ShowView['errorLog'][number]): boolean {
  return entry.code === 'AgentUnavailableError' && entry.attempt === null
}

function isShowView(answer: JsonValue): boolean {
  return (
    isJsonObject(answer) &&
    typeof answer.status === 'string' &&
    isJsonObject(answer.steps) &&
    Array.isArray(answer.errorLog)
  )
}

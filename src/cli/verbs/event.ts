import { readCloudEvent } from '../../core/contracts/events.ts'
import type { CloudEvent } from '../../core/contracts/events.ts'
import { isOrchestrationError, OrchestrationError } from '../../core/errors.ts'
import { newExecutionId } from '../../core/ids.ts'
import { isJsonObject } from '../../core/json.ts'
import type { JsonValue } from '../../core/json.ts'
import { systemRandom } from '../../core/random.ts'
import type { CommandContext } from '../command-context.ts'
import { driveAdvice } from '../drive-advice.ts'
import { doEngineVerb } from '../engine-verbs.ts'
import { exitCodes } from '../exit-code.ts'
import { openJournal } from '../journal-file.ts'
import { parseJsonOption } from '../option-values.ts'
import { askOwner } from '../owner-client.ts'

const defaultSource = 'aura-cli'

export interface EventOptions {
  readonly data?: string
  readonly source?: string
  readonly id?: string
  readonly subject?: string
}

/**
 * `aura event TYPE [--data JSON]`: hands an event to the triggers of the known workflows. A repeat, by
 * source and id, starts nothing.
 */
export async function event(
  context: CommandContext,
  type: string,
  options: EventOptions,
): Promise<number> {
  const cloudEvent = eventOf(context, type, options)
  if (knowsNothing(context)) return report(context, cloudEvent, { started: [], isDriven: true })
  const { answer, isDriven } = await doEngineVerb(context, {
    async ask(owner) {
      const body = { specversion: '1.0', ...withoutNulls(cloudEvent) }
      return startedOf(await askOwner(owner, { method: 'POST', path: '/v1/events', body }))
    },
    work: (engine) => engine.deliver(cloudEvent),
  })
  return report(context, cloudEvent, { started: answer, isDriven })
}

function eventOf(context: CommandContext, type: string, options: EventOptions): CloudEvent {
  const nowMs = context.clock.nowMs()
  return readCloudEvent({
    id: options.id ?? newExecutionId('event', nowMs, systemRandom),
    source: options.source ?? defaultSource,
    type,
    time: new Date(nowMs).toISOString(),
    subject: options.subject ?? null,
    data: options.data === undefined ? null : parseJsonOption('--data', options.data),
  })
}

/** A file that is not there knows no workflow: nothing is made for an event that starts nothing. */
function knowsNothing({ databasePath }: CommandContext): boolean {
  try {
    using _ = openJournal(databasePath)
    return false
  } catch (thrown) {
    return isOrchestrationError(thrown) && thrown.code === 'NotFoundError'
  }
}

/** The wire has no null attributes. */
function withoutNulls(cloudEvent: CloudEvent): Record<string, JsonValue> {
  const { subject, time, ...rest } = cloudEvent
  return { ...rest, ...(subject === null ? {} : { subject }), ...(time === null ? {} : { time }) }
}

function startedOf(answer: JsonValue): readonly string[] {
  if (isJsonObject(answer) && Array.isArray(answer.started)) return answer.started.map(String)
  throw new OrchestrationError('OwnerError', 'the owner answered with something else than ids')
}

function report(
  context: CommandContext,
  { id, source, type }: CloudEvent,
  { started, isDriven }: { readonly started: readonly string[]; readonly isDriven: boolean },
): number {
  if (context.isJson) context.json({ id, source, type, started })
  else if (started.length === 0)
    context.note(`${type} from ${source} started nothing: no trigger takes it, or it is a repeat`)
  else for (const executionId of started) context.say(executionId)
  const first = started[0]
  if (!isDriven && first !== undefined)
    context.note(`recorded; nobody drives it now. ${driveAdvice(context, first)}`)
  return exitCodes.done
}

import { z } from 'zod'
import { OrchestrationError, ResourceExhaustionError } from '../../core/errors.ts'
import type { JsonObject } from '../../core/json.ts'
import { limits } from '../../core/limits.ts'
import { nearestName } from '../../core/nearest.ts'
import type { PatternEvent } from './pattern-event.ts'

/** What a semantic event can be about. */
export const eventTypes = [
  'tda_anomaly_detected',
  'agent_consensus_required',
  'semantic_routing_needed',
  'workflow_adaptation_required',
] as const

export type EventType = (typeof eventTypes)[number]

/** Something that asks for coordination. */
export interface SemanticEvent {
  readonly eventId: string
  readonly eventType: EventType
  /** What it is about: texts, names, figures. */
  readonly semanticContext: JsonObject
  /** Correlation id of the anomaly it belongs to; null or absent for none. */
  readonly tdaCorrelation?: string | null
  /** 0..1 */
  readonly urgencyScore: number
  /** Agents or capabilities that the sender thinks of, or what should be done, such as `scale up`. */
  readonly routingHints: readonly string[]
  /** When it happened, in whole milliseconds since the epoch. Null or absent: it takes no part in patterns over time. */
  readonly atMs?: number | null
}

/** The last millisecond of the year 9999, which RFC 3339 can still say. */
const atMsMax = 253_402_300_799_999
const name = z.string().min(1).max(1_024)

const schema = z.object({
  eventId: name,
  eventType: z.enum(eventTypes),
  semanticContext: z.record(z.string(), z.unknown()),
  tdaCorrelation: name.nullable().default(null),
  urgencyScore: z.number().min(0).max(1),
  routingHints: z.array(name).max(limits.routingHintsMax),
  atMs: z.int().min(0).max(atMsMax).nullable().default(null),
})

/**
 * A semantic event from outside, checked and completed; unknown keys are left out.
 *
 * @throws InputError naming the first fault; ResourceExhaustionError for a context over `payloadBytesMax`
 */
export function readSemanticEvent(value: unknown): Required<SemanticEvent> {
  const parsed = schema.safeParse(value)
  if (!parsed.success) throw refusal(parsed.error, value)
  return { ...parsed.data, semanticContext: copyOf(parsed.data.semanticContext) }
}

/** A semantic event as patterns see it: `data` holds `context`, `urgencyScore` and `routingHints`. */
export function semanticPatternEvent(event: Required<SemanticEvent>): PatternEvent {
  const { eventId, eventType, tdaCorrelation, semanticContext, urgencyScore, routingHints } = event
  return {
    id: eventId,
    source: 'semantic',
    type: eventType,
    subject: tdaCorrelation,
    atMs: event.atMs,
    data: { context: semanticContext, urgencyScore, routingHints },
  }
}

function copyOf(context: Readonly<Record<string, unknown>>): JsonObject {
  let text: string
  try {
    text = JSON.stringify(context)
  } catch (cause) {
    throw new OrchestrationError('InputError', 'semanticContext is no JSON', {
      hint: 'send texts, numbers, booleans, lists and objects',
      cause,
    })
  }
  if (Buffer.byteLength(text) > limits.payloadBytesMax) {
    throw new ResourceExhaustionError(
      `semanticContext is over payloadBytesMax ${limits.payloadBytesMax} bytes`,
      {
        hint: 'send a reference (a path, an id) instead of the data',
        details: { limit: 'payloadBytesMax', max: limits.payloadBytesMax },
      },
    )
  }
  return JSON.parse(text) as JsonObject
}

function refusal({ issues }: z.ZodError, value: unknown): OrchestrationError {
  const [issue] = issues
  const path = issue?.path.join('.') ?? ''
  const found = typeof value === 'object' && value !== null && 'eventType' in value
  const nearest =
    path === 'eventType' && found ? nearestName(String(value.eventType), eventTypes) : null
  return new OrchestrationError(
    'InputError',
    `this is no semantic event: ${path === '' ? 'it' : path}: ${issue?.message ?? 'not valid'}`,
    {
      hint:
        nearest === null
          ? 'send { eventId, eventType, semanticContext, urgencyScore from 0 to 1, routingHints, atMs? }'
          : `did you mean '${nearest}'?`,
      details: { path },
    },
  )
}

import { z } from 'zod'
import { type CloudEvent, readCloudEvent } from '../../core/contracts/events.ts'
import { messageOf, OrchestrationError } from '../../core/errors.ts'

/** A stretch of time in which something was the matter: an incident, or an anomaly of the TDA feed. */
export interface EventWindow {
  readonly kind: string
  readonly t0Ms: number
  readonly t1Ms: number
}

/** What is known of a recorded log. */
export interface EventLabels {
  readonly fromMs: number
  readonly toMs: number
  /** What patterns are to notice. */
  readonly incidents: readonly EventWindow[]
  /** What the TDA detector saw in the same time. */
  readonly tdaWindows: readonly EventWindow[]
}

const windowSchema = z
  .object({ kind: z.string().min(1), t0Ms: z.number(), t1Ms: z.number() })
  .refine(({ t0Ms, t1Ms }) => t0Ms <= t1Ms, { path: ['t1Ms'], error: 't1Ms is before t0Ms' })
const labelsSchema = z
  .object({
    fromMs: z.number(),
    toMs: z.number(),
    incidents: z.array(windowSchema),
    tdaWindows: z.array(windowSchema).default([]),
  })
  .refine(({ fromMs, toMs }) => fromMs < toMs, {
    path: ['toMs'],
    error: 'toMs is not after fromMs',
  })

/**
 * Reads a log of CloudEvents, one JSON object a line, in order of arrival; empty lines are left out.
 *
 * @throws InputError naming the line
 */
export function readEventLog(text: string): readonly CloudEvent[] {
  return text.split('\n').flatMap((line, index) => {
    if (line.trim() === '') return []
    try {
      return [readCloudEvent(JSON.parse(line))]
    } catch (cause) {
      throw new OrchestrationError('InputError', `line ${index + 1}: ${messageOf(cause)}`, {
        hint: 'a log has one CloudEvent as JSON on each line',
        details: { line: index + 1 },
        cause,
      })
    }
  })
}

/**
 * Reads the labels of a log; keys that are not named in `EventLabels` are left out.
 *
 * @throws InputError naming the place
 */
export function readEventLabels(text: string): EventLabels {
  let data: unknown
  try {
    data = JSON.parse(text)
  } catch (cause) {
    throw new OrchestrationError('InputError', `labels are no JSON: ${messageOf(cause)}`, { cause })
  }
  const parsed = labelsSchema.safeParse(data)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  const place = issue?.path.join('.') ?? ''
  throw new OrchestrationError('InputError', `labels: ${place}: ${issue?.message ?? 'not valid'}`, {
    hint: 'labels are { fromMs, toMs, incidents: [{ kind, t0Ms, t1Ms }], tdaWindows? }',
    details: { path: place },
  })
}

import type { CloudEvent } from '../../core/contracts/events.ts'
import { OrchestrationError } from '../../core/errors.ts'
import { isJsonObject, type JsonObject } from '../../core/json.ts'
import { eventTypes, readSemanticEvent, type SemanticEvent } from '../matcher/semantic-event.ts'
import type { ReceivedEvent } from './orchestrator-ports.ts'

/** The CloudEvents type of the TDA feed, which is read as `tda_anomaly_detected`. */
const anomalyDetected = 'tda.anomaly.detected'

/** CloudEvents types that an orchestrator takes. */
export const orchestratedTypes: readonly string[] = [...eventTypes, anomalyDetected]

/**
 * A CloudEvent as a semantic event. Of one of the four types its data is the event, whose `eventId` and
 * `eventType` default to the CloudEvent's; an anomaly of the TDA feed is one about its data, as urgent as it is
 * severe.
 *
 * @throws InputError for anything else
 */
export function receivedEvent(origin: CloudEvent): ReceivedEvent {
  const { id, type, data, ...rest } = origin
  const own = isJsonObject(data) ? data : {}
  const correlation = rest.correlationid ?? null
  if (type === anomalyDetected) {
    const { severity, correlationId } = own
    return {
      origin,
      event: readSemanticEvent({
        eventId: id,
        eventType: 'tda_anomaly_detected',
        semanticContext: own,
        tdaCorrelation: correlation ?? correlationId ?? id,
        urgencyScore: severity ?? 0,
        routingHints: [],
      }),
    }
  }
  if (!orchestratedTypes.includes(type)) {
    throw new OrchestrationError('InputError', `events of type '${type}' are not orchestrated`, {
      hint: `types are ${orchestratedTypes.join(', ')}`,
    })
  }
  const event = { tdaCorrelation: correlation, eventId: id, eventType: type, ...own }
  return { origin, event: readSemanticEvent(event) }
}

/** A semantic event that came by itself, in the words of CloudEvents: it is the data. */
export function semanticEventFrom(event: Required<SemanticEvent>, source: string): ReceivedEvent {
  const { eventId: id, eventType: type } = event
  const data = event as unknown as JsonObject
  return { event, origin: { id, source, type, time: null, subject: null, data } }
}

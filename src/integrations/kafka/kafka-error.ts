import {
  AgentCommunicationError,
  isOrchestrationError,
  messageOf,
  OrchestrationError,
  ResourceExhaustionError,
} from '../../core/errors.ts'

/** An error of the client, which nests what happened and names it by the broker's words. */
interface ClientError {
  readonly message?: string
  readonly apiId?: string
  readonly errors?: readonly unknown[]
  readonly cause?: unknown
}

const causesMax = 20

/** What the client threw and all that it nests, the outermost first, at most twenty. */
function causesOf(thrown: unknown): readonly ClientError[] {
  const found: ClientError[] = []
  const open: unknown[] = [thrown]
  while (open.length > 0 && found.length < causesMax) {
    const next = open.shift()
    if (typeof next !== 'object' || next === null) continue
    const error = next as ClientError
    found.push(error)
    open.push(...(error.errors ?? []), error.cause)
  }
  return found
}

/**
 * What the client threw, in Aura's words: what was attempted, at which brokers, and what to do next.
 *
 * @param doing such as "publish to 'aura.events.v1'"
 */
export function kafkaError(
  doing: string,
  brokers: readonly string[],
  thrown: unknown,
): OrchestrationError {
  if (isOrchestrationError(thrown)) return thrown
  const causes = causesOf(thrown)
  const ids = causes.map(({ apiId }) => apiId)
  const at = brokers.join(', ')
  const because = messageOf(causes.at(-1) ?? thrown)
  if (ids.some((id) => id === 'MESSAGE_TOO_LARGE' || id === 'RECORD_LIST_TOO_LARGE')) {
    return new ResourceExhaustionError(`cannot ${doing}: the broker takes no message that large`, {
      hint: 'send a reference instead of the data, or raise max.message.bytes of the topic',
      cause: thrown,
    })
  }
  if (ids.includes('UNKNOWN_TOPIC_OR_PARTITION') || /Unknown topic/.test(because)) {
    return new OrchestrationError('NotFoundError', `cannot ${doing}: the topic is not there`, {
      hint: 'create it, or open the mesh with createTopics: true',
      cause: thrown,
    })
  }
  if (ids.some((id) => id?.endsWith('AUTHORIZATION_FAILED') === true)) {
    return new OrchestrationError('RefusedError', `cannot ${doing}: ${at} does not allow it`, {
      hint: 'give the principal of this process the right to read and write the topics and groups of Aura',
      cause: thrown,
    })
  }
  return new AgentCommunicationError(`cannot ${doing} at Kafka ${at}: ${because}`, {
    hint: 'see that the broker runs and that KAFKA_BROKERS names it; `aura doctor` asks it',
    cause: thrown,
  })
}

/** Whether what was to be read is not there any more. */
export function isOutOfRange(thrown: unknown): boolean {
  return causesOf(thrown).some(({ apiId }) => apiId === 'OFFSET_OUT_OF_RANGE')
}

/** Whether what was to be made is there. */
export function isThereAlready(thrown: unknown): boolean {
  return causesOf(thrown).some(({ apiId }) => apiId === 'TOPIC_ALREADY_EXISTS')
}

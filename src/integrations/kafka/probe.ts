import type { Clock } from '../../core/clock.ts'
import { readBrokers } from './brokers.ts'
import { KafkaClient } from './kafka-client.ts'
import { loadKafka } from './load.ts'

/** What a cluster says of itself. */
export interface KafkaFacts {
  readonly brokers: number
  readonly topics: number
  readonly latencyMs: number
}

/**
 * Asks the brokers at an address for their topics; it ends within some seconds.
 *
 * @param address as `KAFKA_BROKERS`. @throws InputError for an address that is none; UsageError without the
 *   client's package; AgentCommunicationError when nobody answers
 */
export async function probeKafka(address: string, clock: Clock): Promise<KafkaFacts> {
  const brokers = readBrokers(address)
  const client = new KafkaClient(await loadKafka(), { brokers, clientId: 'aura-doctor' })
  return client.withAdmin('ask for the topics', async (admin) => {
    const startedMs = clock.monotonicMs()
    const topics = await admin.listTopics()
    const latencyMs = clock.monotonicMs() - startedMs
    const { brokers: known } = await admin.metadata({ topics: [] })
    return { brokers: known.size, topics: topics.length, latencyMs }
  })
}

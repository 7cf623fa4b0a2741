import { probeKafka } from '../../integrations/kafka/index.ts'
import type { ServiceProbe } from './service-probe.ts'

/** Kafka: how many brokers and topics there are, and how long it takes to say so. */
export const kafkaProbe: ServiceProbe = {
  name: 'kafka',
  setting: 'KAFKA_BROKERS',
  probe: async (address, clock) => {
    const { brokers, topics, latencyMs } = await probeKafka(address, clock)
    return `${brokers} broker(s) with ${topics} topics answer in ${latencyMs.toFixed(1)} ms`
  },
}

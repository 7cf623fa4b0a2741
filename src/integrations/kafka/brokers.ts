import { OrchestrationError } from '../../core/errors.ts'

/**
 * The addresses in a text such as `KAFKA_BROKERS=kafka-1:9092,kafka-2:9092`: hosts with ports, no scheme.
 *
 * @throws InputError naming the part that is none
 */
export function readBrokers(text: string): readonly string[] {
  const brokers = text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
  if (brokers.length === 0) throw refusal(text)
  for (const broker of brokers) {
    const [, port] = /^(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:]+\]):(\d{1,5})$/.exec(broker) ?? []
    if (port === undefined || Number(port) < 1 || Number(port) > 65_535) throw refusal(broker)
  }
  return brokers
}

function refusal(found: string): OrchestrationError {
  return new OrchestrationError(
    'InputError',
    `'${found}' is no address of a Kafka broker: it is host:port, without a scheme`,
    { hint: 'write KAFKA_BROKERS=127.0.0.1:9092, several of them parted by commas' },
  )
}

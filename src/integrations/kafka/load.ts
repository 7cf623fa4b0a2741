import { loadOptional } from '../../core/optional-package.ts'

/** What this room uses of `@platformatic/kafka`. */
export type KafkaModule = typeof import('@platformatic/kafka')

/**
 * The Kafka client, loaded when it is first needed: nobody else pays for it.
 *
 * @param load for tests. @throws UsageError that says what to install when it is not there
 */
export function loadKafka(
  load: () => Promise<KafkaModule> = () => import('@platformatic/kafka'),
): Promise<KafkaModule> {
  return loadOptional(['@platformatic/kafka@2.12.1'], load)
}

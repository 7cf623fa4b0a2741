import { OrchestrationError } from '../../core/errors.ts'

/** What this room uses of `@platformatic/kafka`. */
export type KafkaModule = typeof import('@platformatic/kafka')

/**
 * The Kafka client, loaded when it is first needed: nobody else pays for it.
 *
 * @param load for tests. @throws UsageError that says what to install when it is not there
 */
export async function loadKafka(
  load: () => Promise<KafkaModule> = () => import('@platformatic/kafka'),
): Promise<KafkaModule> {
  try {
    return await load()
  } catch (thrown) {
    const code = (thrown as { readonly code?: unknown } | null)?.code
    if (code !== 'ERR_MODULE_NOT_FOUND') throw thrown
    throw new OrchestrationError(
      'UsageError',
      'the package @platformatic/kafka 2.12.1 is not installed',
      { hint: 'npm install @platformatic/kafka@2.12.1', cause: thrown },
    )
  }
}

import { hash } from 'node:crypto'
import type { Admin } from '@platformatic/kafka'
import { OrchestrationError } from '../../core/errors.ts'
import { limits } from '../../core/limits.ts'
import { isThereAlready } from './kafka-error.ts'
import type { KafkaClient } from './kafka-client.ts'

/** A topic as it is made where it is missing. */
export interface TopicPlan {
  readonly topic: string
  readonly partitions: number
  /** Kafka's own names, such as `cleanup.policy`. */
  readonly configs: Readonly<Record<string, string>>
}

/** Room for the attributes of an event beside its data. */
const headerBytes = 65_536

/** The largest message of topics that Aura makes: any event that the mesh accepts. */
export const messageBytesMax = limits.payloadBytesMax + headerBytes

const nameMax = 249

/** A topic name that says `name` as far as topics allow it; different names have different topics. */
export function topicName(prefix: string, name: string): string {
  if (/^[A-Za-z0-9.-]+$/.test(name) && prefix.length + name.length <= nameMax - 30)
    return `${prefix}${name}`
  const plain = name.replaceAll(/[^A-Za-z0-9.-]/g, '_').slice(0, nameMax - 30 - prefix.length)
  return `${prefix}${plain}_${hash('sha256', name, 'hex').slice(0, 24)}`
}

export function eventTopic(topic: string, partitions: number): TopicPlan {
  return { topic, partitions, configs: { 'max.message.bytes': String(messageBytesMax) } }
}

/** Whose records replace earlier ones of the same key: it grows with what is kept, not with what happened. */
export function compactedTopic(topic: string, partitions = 1): TopicPlan {
  const { configs } = eventTopic(topic, partitions)
  return { topic, partitions, configs: { ...configs, 'cleanup.policy': 'compact' } }
}

/** Whose records are of no use after a while. */
export function fleetingTopic(topic: string, keptMs: number): TopicPlan {
  const { configs } = eventTopic(topic, 1)
  return { topic, partitions: 1, configs: { ...configs, 'retention.ms': String(keptMs) } }
}

/**
 * Sees that topics are there.
 *
 * @param create whether to make what is missing, with as many replicas as `replicas`
 * @throws NotFoundError naming what is missing and not to be made; AgentCommunicationError
 */
export async function ensureTopics(
  client: KafkaClient,
  plans: readonly TopicPlan[],
  { create, replicas }: { readonly create: boolean; readonly replicas: number },
): Promise<void> {
  await client.withAdmin('look at the topics', async (admin) => {
    const missing = await missingOf(admin, plans)
    if (missing.length === 0) return
    if (!create) throw missingTopics(missing, client.brokers)
    await Promise.all(
      missing.map(async ({ topic, partitions, configs }) => {
        const pairs = Object.entries(configs).map(([name, value]) => ({ name, value }))
        try {
          await admin.createTopics({ topics: [topic], partitions, replicas, configs: pairs })
        } catch (thrown) {
          // Somebody else was quicker: that is as good.
          if (!isThereAlready(thrown)) throw thrown
        }
      }),
    )
    // A topic that was just made is not known to every broker at once.
    for (let tries = 0; tries < triesMax; tries++)
      if ((await missingOf(admin, missing)).length === 0) return
  })
}

const triesMax = 100

async function missingOf(admin: Admin, plans: readonly TopicPlan[]): Promise<readonly TopicPlan[]> {
  const there = new Set(await admin.listTopics())
  return plans.filter(({ topic }) => !there.has(topic))
}

function missingTopics(missing: readonly TopicPlan[], brokers: readonly string[]): Error {
  const named = missing.map(({ topic }) => topic)
  return new OrchestrationError(
    'NotFoundError',
    `Kafka ${brokers.join(', ')} has no topic ${named.map((name) => `'${name}'`).join(', ')}`,
    {
      hint: 'create them as docs/scale-out.md lists them, or open the mesh with createTopics: true',
      details: { topics: named },
    },
  )
}

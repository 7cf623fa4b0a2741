import type { Clock } from '../../core/clock.ts'
import type { MeshTracer } from '../../core/contracts/mesh.ts'
import type { Logger } from '../../core/logger.ts'
import type { DeadLetterDesk, TurnQueue } from '../../mesh/index.ts'
import type { DeadLetterTopic } from './dead-letter-topic.ts'
import type { OutgoingRecord } from './event-codec.ts'
import type { KafkaClient } from './kafka-client.ts'
import type { LogReader, LogReaderOptions } from './log-reader.ts'
import type { TopicPlan } from './topics.ts'

/** What the parts of one mesh share. */
export interface MeshParts {
  readonly client: KafkaClient
  readonly clock: Clock
  readonly logger: Logger
  readonly tracer: MeshTracer
  readonly desk: DeadLetterDesk
  readonly turns: TurnQueue
  readonly deadLetters: DeadLetterTopic
  /** Beginning of the names of topics and groups. */
  readonly prefix: string
  /** Names this process among all that share the brokers. */
  readonly instanceId: string
  /** Resolves when the broker has it. @throws as `LogWriter.append` */
  readonly append: (record: OutgoingRecord) => Promise<void>
  /** A reader whose progress the mesh knows; whoever asks for it closes it. */
  reader(options: Pick<LogReaderOptions, 'topics' | 'onRecord' | 'hasRoom'>): LogReader
  /** @throws as `ensureTopics` */
  readonly ensure: (plans: readonly TopicPlan[]) => Promise<void>
  /** An event has left a channel. */
  readonly onLeft: () => void
}

/** Events of one channel in memory; over it nothing more is fetched for it. */
export const intakeMax = 1_000

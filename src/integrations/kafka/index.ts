// The event mesh over Kafka: `aura-orchestration/kafka`.
export { readBrokers } from './brokers.ts'
export type { KafkaConnection } from './kafka-client.ts'
export { KafkaMesh, kafkaMesh } from './kafka-mesh.ts'
export type { KafkaMeshOptions } from './kafka-mesh.ts'
export type { TopicRoute } from './routes.ts'
export { type KafkaFacts, probeKafka } from './probe.ts'
export {
  KafkaStateTopic,
  kafkaStateTopic,
  type KafkaStateTopicOptions,
  type RebuiltState,
} from './state-topic.ts'

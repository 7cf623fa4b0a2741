export { aesGcmCodec, type PayloadKeys } from './aes-gcm-codec.ts'
export type { SharedBudgets } from './charges.ts'
export { probeTemporal, type TemporalAnswer, type TemporalPlace } from './connect.ts'
export type { PayloadStore } from './large-payloads.ts'
export type { ListedExecution, ListFilter } from './listing.ts'
export { openTemporalEngine, type OpenTemporalEngineOptions } from './open-engine.ts'
export {
  openTemporalWorker,
  type OpenWorkerOptions,
  type TemporalWorker,
  type WorkerVersioning,
} from './open-worker.ts'
export type { TemporalEngine } from './temporal-engine.ts'
export {
  openShardWorkers,
  type OpenShardWorkersOptions,
  type ShardWorkers,
} from './shard-workers.ts'
export type { TaskQueues } from './remote-executions.ts'

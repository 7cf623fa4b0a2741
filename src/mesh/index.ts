export type {
  Delivery,
  EventHandler,
  EventMesh,
  MeshDeadLetter,
  MeshSubscription,
  PublishOptions,
  RequestOptions,
  SubscribeOptions,
} from './event-mesh.ts'
export { InProcessMesh, inProcessMesh } from './in-process-mesh.ts'
export type { InProcessMeshOptions } from './in-process-mesh.ts'
export type {
  QueueDeadLetter,
  QueueOptions,
  SendOptions,
  WorkDelivery,
  WorkHandler,
  WorkOptions,
  WorkQueue,
} from './work-queue.ts'

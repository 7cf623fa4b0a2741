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
export { InProcessMesh } from './in-process-mesh.ts'
export { meshSuite } from './mesh-suite.ts'
export type { MeshCase, MeshHarness, OpenMesh } from './mesh-suite.ts'

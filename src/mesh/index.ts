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
export { storedLetters } from './stored-letters.ts'
export type {
  QueueDeadLetter,
  QueueOptions,
  SendOptions,
  WorkDelivery,
  WorkHandler,
  WorkOptions,
  WorkQueue,
} from './work-queue.ts'

// For a mesh over a broker, which brings events into the process and leaves their handling to these.
export { addMember, stopMember } from './members.ts'
export { Channel } from './channel.ts'
export type { Asker, Envelope, Keeper, Member } from './channel.ts'
export { compilePattern } from './pattern.ts'
export { DeadLetterDesk } from './dead-letter-desk.ts'
export {
  checkDelay,
  checkTimeout,
  meshClosed,
  otherPattern,
  refusedWhenFull,
  unhandled,
} from './refusals.ts'
export { refuseOther, refuseTooMany, wholeOptions } from './queue-options.ts'
export { Repeats } from './repeats.ts'
export { Request } from './request.ts'
export { tracedEvent } from './traced-event.ts'
export { TurnQueue } from './turn-queue.ts'
export { answeringHandler } from './work-delivery.ts'

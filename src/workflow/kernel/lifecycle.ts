/**
 * Where an execution is in its life.
 * `forward`: steps are decided and run. `stopping`: a step failed for good; what runs may finish.
 * `cancelling`, `timingOut`: running attempts were told to stop and are awaited for a while.
 * `compensating`: recorded successes are undone, last first. `rollingBack`: a rollback awaits running
 * attempts; `undoing`: it undoes what came after its checkpoint, and then it is `forward` again.
 * `ended`: nothing happens any more, unless a rollback, a redrive or the parent's undoing reopens it.
 */
export type Phase =
  | 'forward'
  | 'stopping'
  | 'cancelling'
  | 'timingOut'
  | 'compensating'
  | 'rollingBack'
  | 'undoing'
  | 'ended'

/**
 * Where a call is.
 * `scheduled`: wants to start. `running`: an attempt was started. `lookingUp`: its unknown outcome is
 * being asked for. `child`: another execution works for it. `coordinating`: a pattern does. `backoff`, `polling`, `sleeping`, `waiting`,
 * `suspended`: something is awaited. `uncertain`: only `resolve` helps. The last three are final.
 */
export type CallStatus =
  | 'scheduled'
  | 'running'
  | 'lookingUp'
  | 'child'
  | 'coordinating'
  | 'backoff'
  | 'polling'
  | 'sleeping'
  | 'waiting'
  | 'suspended'
  | 'uncertain'
  | 'completed'
  | 'failed'
  | 'cancelled'

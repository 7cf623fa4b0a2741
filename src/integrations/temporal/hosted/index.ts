import './globals.ts'

/** What the sandbox of a worker knows by name. */
export { auraExecution } from './aura-execution.ts'
export { auraScheduledStart } from './scheduled-start.ts'
export { auraSlots } from './slot-keeper.ts'

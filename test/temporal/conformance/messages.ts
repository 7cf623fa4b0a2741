/** Sets the time of an execution; what is due by then happens. */
export const jumpSignal = 'test-jump'
/** When something is due next; null for never. */
export const nextDueQuery = 'test-next-due'
/** Whether it has asked something of another execution and has no answer yet. */
export const busyQuery = 'test-busy'
/** The header with which an execution learns the time at its start. */
export const nowHeader = 'test-now'

/** The id under which the server knows an execution of a harness. */
export const serverId = (taskQueue: string, executionId: string): string =>
  `${taskQueue}/${executionId}`
/** The execution that the server knows under an id. */
export const ownId = (taskQueue: string, id: string): string => id.slice(taskQueue.length + 1)

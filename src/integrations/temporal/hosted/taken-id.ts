/** Whether a child was not started because its id is taken. The class of the error is in a package of Temporal's own. */
export function isIdTaken(thrown: unknown): boolean {
  return thrown instanceof Error && thrown.name === 'WorkflowExecutionAlreadyStartedError'
}

/** One of the two ways of running five steps on Temporal. */
export interface Side {
  /** Starts an execution and waits for its end. */
  execute(input: { readonly n: number }): Promise<{ readonly id: string; readonly n: number }>
  /** What Temporal keeps of an execution that has ended. */
  history(id: string): Promise<{ readonly events: number; readonly bytes: number }>
  close(): Promise<void>
}

import type { Usage } from '../core/usage.ts'
import type { Command } from '../workflow/index.ts'
import type { Running } from './running.ts'

/** What the runner leaves to those who know more than one execution. */
export interface Family {
  /** Calls that the rest of the tree leaves the execution; undefined for one alone. */
  callsLeft(running: Running): number | null | undefined
  /** Tokens and dollars that the budgets of the execution and of those above it leave, and the outermost. */
  usageLeft(running: Running): { readonly left: Usage; readonly root: Running }
  /** Obeys a command that concerns another execution, or the past of this one. */
  obey(running: Running, command: FamilyCommand): void
  /** Its status is recorded: whoever waits for it may wait with it. */
  recorded(running: Running): void
  /** The execution has ended and is out of memory. */
  ended(running: Running): void
  /** Executions whose end some other one waits for. */
  readonly watched: number
  /** A parked execution is due. */
  wake(executionId: string): void
  /** An execution has left memory: there is room for another. */
  left(): void
}

export type FamilyCommand = Command & { kind: 'startChild' | 'steerChild' | 'rollBack' }

import type { BaseAgent } from '../agents/index.ts'
import type { JsonObject } from '../core/json.ts'
import type { LogEntry } from '../engine/index.ts'
import type { WorkflowData, WorkflowDocument } from '../workflow/index.ts'
import type { CommandContext } from './command-context.ts'
import { shellCommand } from './shell-quote.ts'

/** What `aura run` is to run, read and checked. */
export interface RunPlan {
  readonly document: WorkflowDocument
  /** The document as it is written: an owner fills in the defaults itself. */
  readonly data: WorkflowData
  /** Documents beside it that its sub-workflows name. */
  readonly neighbours: readonly WorkflowData[]
  readonly agents: readonly BaseAgent[]
  readonly executionId: string
  readonly input: JsonObject
  /** What was recorded of the execution before; empty for a new one. */
  readonly history: readonly LogEntry[]
  /** Words of the command that goes on with this execution, after the program's name. */
  readonly continueWith: readonly string[]
}

/** The command that goes on with an execution, ready to be copied. */
export function continueCommand(context: CommandContext, plan: RunPlan): string {
  return shellCommand([context.commandName, ...plan.continueWith]) + context.placeArgument
}

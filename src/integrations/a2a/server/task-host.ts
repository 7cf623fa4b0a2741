import type { JsonObject, JsonValue } from '../../../core/json.ts'
import type { ShowView } from '../../../engine/index.ts'

/** A workflow as a skill. */
export interface ServedSkill {
  readonly name: string
  readonly version: string
  readonly description: string | null
}

/** An execution as a list has it. */
export interface ListedExecution {
  readonly executionId: string
}

/** Who runs the workflows that are served: the owner of a file. Each method throws what the engine refuses. */
export interface TaskHost {
  /** Each workflow in its highest version. */
  skills(): readonly ServedSkill[]
  /** Starts an execution, durably, or attaches to the one of that id. */
  start(workflow: string, executionId: string, input: JsonObject): Promise<void>
  show(executionId: string): Promise<ShowView>
  /** Names of the signals that the execution waits for at present. */
  waitsFor(view: ShowView): readonly string[]
  signal(executionId: string, name: string, data: JsonValue): Promise<void>
  cancel(executionId: string): Promise<void>
  /** The newest executions. */
  list(limit: number): readonly ListedExecution[]
  /** Tells each event of an execution after it is durable. Returns a function that ends it. */
  subscribe(executionId: string, onEvent: () => void): () => void
}

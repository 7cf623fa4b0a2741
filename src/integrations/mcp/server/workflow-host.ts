import type { JsonObject, JsonValue } from '../../../core/json.ts'
import type { ShowView } from '../../../engine/index.ts'

/** A workflow as a tool is made of it. */
export interface ServedWorkflow {
  readonly name: string
  readonly version: string
  readonly description: string | null
  /** JSON Schema of its input; null for none. */
  readonly input: JsonObject | null
}

/** Who runs the workflows that are served: the owner of a file. Each method throws what the owner refuses. */
export interface WorkflowHost {
  workflows(): Promise<readonly ServedWorkflow[]>
  /** Starts an execution, durably, or attaches to the one of that id; gives its id. */
  start(
    workflow: string,
    options: { readonly input: JsonObject; readonly executionId?: string },
  ): Promise<string>
  show(executionId: string): Promise<ShowView>
  list(filter: Readonly<Record<string, string>>): Promise<JsonValue>
  /** Does a verb of `/v1/executions/{id}/`. */
  steer(executionId: string, verb: string, body: JsonObject): Promise<JsonValue>
  /** Resolves when the execution has ended, or `signal` is aborted; tells each change before. */
  follow(
    executionId: string,
    options: { readonly signal: AbortSignal; readonly onChange: () => void },
  ): Promise<void>
}

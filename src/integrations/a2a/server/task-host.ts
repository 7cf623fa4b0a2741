import type { JsonObject, JsonValue } from '../../../core/json.ts'
import type { ShowView } from '../../../engine/index.ts'

/** What a message may ask for. */
export type ServedSkill = ServedWorkflow | ServedAction

interface Described {
  readonly name: string
  readonly version: string
  readonly description: string | null
}

export interface ServedWorkflow extends Described {
  readonly kind: 'workflow'
}

/** An action of an agent; its version is the agent's. */
export interface ServedAction extends Described {
  readonly kind: 'action'
  /** The agent's id. */
  readonly agent: string
  /** What the agent is for. */
  readonly purpose: string | null
}

/** An execution as a list has it. */
export interface ListedExecution {
  readonly executionId: string
}

/** Who runs what is served: the owner of a file. Each method throws what the engine refuses. */
export interface TaskHost {
  /** Each workflow in its highest version, and each action of each agent. */
  skills(): readonly ServedSkill[]
  /** Starts an execution of a skill, durably, or attaches to the one of that id. */
  start(skill: ServedSkill, executionId: string, input: JsonObject): Promise<void>
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

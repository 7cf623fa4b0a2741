import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { AgentDefinition } from './agent-definition.ts'
import { BaseAgent } from './base-agent.ts'
import type { AgentContext, Effect, Schema, UsagePlaces } from './contract.ts'
import type { JsonValue } from '../core/json.ts'

/**
 * What `run` is given: the schema's output type, any JSON without a Standard Schema. `object` lets an author
 * state the input as an interface, which TypeScript does not take for JSON.
 */
export type InputOf<S> =
  S extends StandardSchemaV1<infer _Given, infer Checked> ? Checked : JsonValue | object

/** An action whose `run` is typed by its input schema. */
export interface TypedAction<S> {
  /** As in `ActionDefinition`. */
  readonly description?: string
  /** What a crash between call and recorded result means. */
  readonly effect: Effect
  readonly input?: S
  readonly output?: Schema
  /** As in `ActionDefinition`. */
  readonly maxTokens?: number
  readonly maxCostUsd?: number
  readonly usage?: UsagePlaces
  // Method syntax: without a Standard Schema an author may state the type of the input himself.
  run?(input: InputOf<S>, context: AgentContext): unknown
  readonly lookup?: (idempotencyKey: string) => unknown
}

/** `AgentDefinition` with the inputs' types inferred. */
export interface TypedDefinition<Inputs> extends Omit<AgentDefinition, 'actions'> {
  readonly actions: { readonly [Name in keyof Inputs]: TypedAction<Inputs[Name]> }
}

/**
 * Makes an agent of functions in this process, or of a `url` that is called over HTTP.
 *
 * @throws AgentModuleError when the definition is wrong: an unknown key (with the nearest name), a missing
 * effect, a missing `run`, a `run` beside a `url`, an invalid schema.
 */
export function defineAgent<Inputs>(definition: TypedDefinition<Inputs>): BaseAgent {
  return new BaseAgent(definition as unknown as AgentDefinition)
}

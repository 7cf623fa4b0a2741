import type { ErrorJson } from '../errors.ts'
import type { JsonObject, JsonValue } from '../json.ts'
import type { Usage } from '../usage.ts'
import type { MemoryChange } from './memory.ts'
import type { PublishedEvent } from './mesh.ts'
import type { StateWrite } from './state.ts'

/**
 * What a crash between call and recorded result means for an action.
 * `read`: calling again changes nothing. `idempotent`: calling again with the same key changes nothing
 * more. `once`: it must not be called again before its outcome is known.
 */
export type Effect = 'read' | 'idempotent' | 'once'

/** How one attempt of a call ended. */
export type CallOutcome = CallEnd & {
  /** What the agent has reported; absent for nothing. */
  readonly usage?: Usage
  /** It ended without an answer: the agent may have used more than it has reported. */
  readonly isUsageOpen?: true
}

type CallEnd =
  | {
      readonly kind: 'completed'
      readonly output: JsonValue
      /** What the call writes into the state of its execution, all or nothing. */
      readonly state?: readonly StateWrite[]
      /** What the call publishes, recorded together with its output. */
      readonly events?: readonly PublishedEvent[]
      /** What the call writes into its agent's memory, recorded together with its output. */
      readonly memory?: MemoryChange
    }
  | { readonly kind: 'failed'; readonly error: ErrorJson }
  /** The effect is `once` and nobody knows whether it happened. */
  | { readonly kind: 'unknown'; readonly error: ErrorJson }
  | {
      readonly kind: 'suspended'
      readonly signal: string
      readonly schema: JsonObject | null
      readonly resumeToken: JsonValue
    }

/** What `lookup` found out about an unknown call. */
export type LookupOutcome =
  | { readonly kind: 'completed'; readonly output: JsonValue }
  | { readonly kind: 'never' }
  | { readonly kind: 'unknown'; readonly error: ErrorJson | null }

/** The part of an action that is journalled with each attempt, so that recovery obeys what was, not what is. */
export interface ActionContract {
  readonly agentId: string
  readonly agentType: string
  readonly effect: Effect
  readonly hasLookup: boolean
  /** Hash over agent version and schemas, 12 hexadecimal digits. */
  readonly hash: string
  /** The most that one delivery uses, as the action declares; absent where it declares nothing. */
  readonly most?: Usage
}

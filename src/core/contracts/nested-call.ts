import type { ErrorJson } from '../errors.ts'
import type { JsonObject, JsonValue } from '../json.ts'
import type { Usage } from '../usage.ts'

/** A call that an agent makes while it is being called itself. */
export interface NestedCall {
  readonly agent: string
  readonly action: string
  readonly input: JsonObject
  /** Idempotency key of the call inside which it is made. */
  readonly inside: string
  /** Which one it is inside that call, from 1. */
  readonly number: number
  /** Ids of the agents that are being called above it, the outermost first. */
  readonly chain: readonly string[]
  /** Of each attempt; null for the default. */
  readonly timeoutMs: number | null
  /** Aborted when the call inside which it is made is given up. */
  readonly signal: AbortSignal
}

/** What became of it. */
export type NestedAnswer = (
  | { readonly kind: 'completed'; readonly output: JsonValue }
  | { readonly kind: 'failed'; readonly error: ErrorJson }
) & {
  /** What it used; nothing where an earlier delivery of the outer call had it made. */
  readonly usage: Usage
}

/** Makes calls for agents. */
export interface NestedCaller {
  /** @throws RefusedError at too great a depth */
  call(call: NestedCall): Promise<NestedAnswer>
}

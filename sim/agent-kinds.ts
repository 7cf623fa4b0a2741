import type { Effect } from '../src/core/contracts/call.ts'

/** The agents, and what a crash in the middle of their calls means. */
export const effects: Readonly<
  Record<string, { readonly effect: Effect; readonly hasLookup: boolean }>
> = {
  reader: { effect: 'read', hasLookup: false },
  writer: { effect: 'idempotent', hasLookup: false },
  payer: { effect: 'once', hasLookup: true },
  blind: { effect: 'once', hasLookup: false },
  failer: { effect: 'read', hasLookup: false },
  asker: { effect: 'idempotent', hasLookup: false },
  hanger: { effect: 'idempotent', hasLookup: false },
  poison: { effect: 'read', hasLookup: false },
  undoer: { effect: 'idempotent', hasLookup: false },
  counter: { effect: 'idempotent', hasLookup: false },
  swapper: { effect: 'idempotent', hasLookup: false },
  scribe: { effect: 'read', hasLookup: false },
  lead: { effect: 'read', hasLookup: false },
  second: { effect: 'read', hasLookup: false },
  liar: { effect: 'read', hasLookup: false },
  mute: { effect: 'read', hasLookup: false },
  model: { effect: 'read', hasLookup: false },
  banker: { effect: 'once', hasLookup: true },
  sick: { effect: 'idempotent', hasLookup: false },
  slotted: { effect: 'idempotent', hasLookup: false },
}

/** Agents that declare how much they use. */
export const metered: ReadonlySet<string> = new Set(['model', 'banker'])
/** Agents for which only so many calls may wait. */
export const queues: Readonly<Record<string, number>> = { counter: 0, slotted: 1 }
/** What the documents allow under the one key of their `concurrency`. */
export const slotsMax = 4

/** Agents that fail without another try, how often, and what that is counted as. */
export const failingForGood: Readonly<
  Record<string, { readonly share: number; readonly fault: string }>
> = {
  failer: { share: 0.8, fault: 'definiteFailure' },
  undoer: { share: 0.4, fault: 'undoFails' },
}

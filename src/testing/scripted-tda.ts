import type { Clock } from '../core/clock.ts'
import { type TdaContext, type TdaContextSource, unavailableTda } from '../core/contracts/tda.ts'

/** What the TDA feed says from `atMs` on, counted from the beginning of the test; null: it falls silent. */
export interface TdaMoment {
  readonly atMs: number
  /** What is left out is as of a feed that answers and has nothing to report. */
  readonly context: Partial<TdaContext> | null
}

/** A TDA feed that says what a test has written for it. */
export interface ScriptedTda extends TdaContextSource {
  /** Begins: from now on moments pass by this clock. Once; the test kit does it by itself. */
  begin(clock: Clock): void
}

/**
 * A `TdaContextSource` that follows a script. Before `begin`, and before the first moment, no feed answers.
 *
 * @example
 * import assert from 'node:assert/strict'
 * import { FakeTime, scriptedTda } from 'aura-orchestration/testing'
 *
 * const time = new FakeTime()
 * const tda = scriptedTda([{ atMs: 1_000, context: { anomalySeverity: 0.9 } }])
 * tda.begin(time.newLife())
 * assert.equal(tda.current().available, false)
 * await time.advance(1_000)
 * assert.equal(tda.current().anomalySeverity, 0.9)
 */
export function scriptedTda(moments: readonly TdaMoment[]): ScriptedTda {
  const listeners = new Set<(context: TdaContext) => void>()
  let context = unavailableTda
  let since: { readonly clock: Clock; readonly ms: number } | null = null
  const current = (): TdaContext => {
    if (since === null || !context.available) return context
    return { ...context, ageMs: context.ageMs + since.clock.monotonicMs() - since.ms }
  }
  const say = (clock: Clock, said: TdaMoment['context']): void => {
    since = { clock, ms: clock.monotonicMs() }
    context = said === null ? unavailableTda : { ...unavailableTda, available: true, ...said }
    for (const listener of listeners) listener(current())
  }
  return {
    current,
    onChange(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    begin(clock) {
      for (const { atMs, context: said } of moments) {
        if (atMs <= 0) say(clock, said)
        else clock.after(atMs, () => say(clock, said))
      }
    },
  }
}

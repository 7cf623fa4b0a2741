import type { JsonValue } from '../../core/json.ts'
import { limits } from '../../core/limits.ts'
import { textsOf } from './event-text.ts'
import type { PatternMatch } from './pattern-stream.ts'

/** The matches of the last while, newest last, at most `recentMatchesMax`: over it the oldest are forgotten. */
export class RecentMatches {
  readonly #keepMs: number
  #matches: PatternMatch[] = []

  constructor(keepMs: number) {
    this.#keepMs = keepMs
  }

  add(matches: readonly PatternMatch[]): void {
    if (matches.length > 0)
      this.#matches = [...this.#matches, ...matches].slice(-limits.recentMatchesMax)
  }

  /**
   * The matches that ended at most `keepMs` before a time and concern an event: those without a key, and
   * those whose key is a text of the event.
   */
  concerning(data: JsonValue, atMs: number): readonly PatternMatch[] {
    const texts = new Set(textsOf(data).texts)
    return this.#matches.filter(
      ({ key, t1Ms }) =>
        t1Ms >= atMs - this.#keepMs &&
        t1Ms <= atMs + this.#keepMs &&
        (key === null || texts.has(key)),
    )
  }
}

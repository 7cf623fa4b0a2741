import { systemClock } from '../src/core/clock.ts'

/** One side of a comparison; called once a round. */
export type Measure<T> = () => Promise<T>

export interface AlternateOptions {
  /** No round begins after so long, once `roundsMin` are done. */
  readonly budgetMs: number
  /** Default 3. */
  readonly roundsMin?: number
  readonly roundsMax?: number
}

/**
 * Measures two sides in alternating rounds, each going first in every other one, so that what disturbs
 * the computer for a while disturbs both. The first round warms up and is not counted.
 */
export async function alternate<A, B>(
  a: Measure<A>,
  b: Measure<B>,
  { budgetMs, roundsMin = 3, roundsMax = Infinity }: AlternateOptions,
): Promise<readonly (readonly [A, B])[]> {
  const rounds: (readonly [A, B])[] = []
  const startedMs = systemClock.monotonicMs()
  const isOver = (round: number): boolean =>
    round > roundsMax || (round > roundsMin && systemClock.monotonicMs() - startedMs >= budgetMs)
  for (let round = 0; !isOver(round); round++) {
    let ofA: A
    let ofB: B
    if (round % 2 === 0) {
      ofA = await a()
      ofB = await b()
    } else {
      ofB = await b()
      ofA = await a()
    }
    if (round > 0) rounds.push([ofA, ofB])
  }
  return rounds
}

import { expect } from 'vitest'
import type { LoadOutcome } from './stage.ts'

type Load = (executions: number, report: (line: string) => void) => Promise<LoadOutcome>

/**
 * Runs a load and expects that each part was killed once, that 99.9 % of its executions completed by themselves
 * and the rest are dead letters, and that nothing happened twice.
 */
export async function expectAccounted(
  load: Load,
  executions: number,
  parts: readonly string[],
): Promise<void> {
  const way: string[] = []
  const outcome = await load(executions, (line) => void way.push(line)).catch((thrown: unknown) => {
    throw new Error(`so far: ${way.join('; ')}`, { cause: thrown })
  })
  const { completed = 0, failed = 0, ...others } = outcome.statuses
  expect(outcome.killed).toEqual(parts)
  expect([completed + failed, others], way.join('; ')).toEqual([executions, {}])
  expect(completed).toBeGreaterThanOrEqual(Math.floor(0.999 * executions))
  expect(outcome.letters).toHaveLength(failed)
  for (const { error } of outcome.letters) expect(error).not.toBe('')
  expect(outcome.charged).toBeGreaterThanOrEqual(completed)
  expect([outcome.chargedTwice, outcome.shown]).toEqual([0, completed])
}

import { expect, test } from 'vitest'
import { loadTemporal } from './servers/temporal-load.ts'
import { describeWithServices } from './support/services.ts'

const executions = 60

// The servers that are killed are the test's own; the others say that the software is there.
await describeWithServices('an installation', ['redis', 'kafka', 'temporal'], () => {
  test('of which each part is killed once completes everything by itself, and nothing happens twice', async () => {
    const way: string[] = []
    const outcome = await loadTemporal(executions, (line) => void way.push(line)).catch(
      (thrown: unknown) => {
        throw new Error(`so far: ${way.join('; ')}`, { cause: thrown })
      },
    )
    expect(outcome.killed).toEqual(['redis', 'broker', 'agent host', 'temporal', 'instance'])
    const { completed = 0, failed = 0, ...others } = outcome.statuses
    expect([completed + failed, others], way.join('; ')).toEqual([executions, {}])
    expect(completed).toBeGreaterThanOrEqual(Math.floor(0.999 * executions))
    expect(outcome.letters).toHaveLength(failed)
    for (const { error } of outcome.letters) expect(error).not.toBe('')
    expect(outcome.charged).toBeGreaterThanOrEqual(completed)
    expect([outcome.chargedTwice, outcome.shown]).toEqual([0, completed])
  }, 400_000)
})

import { expect, test } from 'vitest'
import { loadServers } from './servers/load.ts'
import { describeWithServices } from './support/services.ts'

const executions = 500

// The servers that are killed are the test's own; the others say that the software is there.
await describeWithServices('executions over all servers', ['redis', 'kafka'], () => {
  test('when each part is killed once, 99.9 % complete by themselves, the rest are dead letters, and nothing happens twice', async () => {
    const way: string[] = []
    const outcome = await loadServers(executions, (line) => void way.push(line)).catch(
      (thrown: unknown) => {
        throw new Error(`so far: ${way.join('; ')}`, { cause: thrown })
      },
    )
    const { completed = 0, failed = 0, ...others } = outcome.statuses
    expect(outcome.killed).toEqual(['redis', 'broker', 'agent host', 'owner'])
    expect([completed + failed, others], way.join('; ')).toEqual([executions, {}])
    expect(completed).toBeGreaterThanOrEqual(Math.floor(0.999 * executions))
    expect(outcome.letters).toHaveLength(failed)
    for (const { error } of outcome.letters) expect(error).not.toBe('')
    expect(outcome.charged).toBeGreaterThanOrEqual(completed)
    expect([outcome.chargedTwice, outcome.shown]).toEqual([0, completed])
  }, 400_000)
})

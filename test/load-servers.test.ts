import { expect, test } from 'vitest'
import { expectAccounted } from './servers/accounted.ts'
import { loadServers } from './servers/load.ts'
import { loadTemporal } from './servers/temporal-load.ts'
import { describeWithServices } from './support/services.ts'

const patience = 400_000

// The servers that are killed are the tests' own; the others say that the software is there.
await describeWithServices('executions over all servers', ['redis', 'kafka'], () => {
  test(
    'when each part is killed once, 99.9 % complete by themselves, the rest are dead letters, and nothing happens twice',
    () => {
      const parts = ['redis', 'broker', 'agent host', 'owner']
      return expect(expectAccounted(loadServers, 500, parts)).resolves.toBeUndefined()
    },
    patience,
  )
})

await describeWithServices('executions on Temporal', ['redis', 'kafka', 'temporal'], () => {
  test(
    'the same, when Temporal and one of three instances are killed too',
    () => {
      const parts = ['redis', 'broker', 'agent host', 'temporal', 'instance']
      return expect(expectAccounted(loadTemporal, 60, parts)).resolves.toBeUndefined()
    },
    patience,
  )
})

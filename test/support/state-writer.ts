import { workerData } from 'node:worker_threads'
import type { MessagePort } from 'node:worker_threads'
import { sharedState } from '../../src/engine/shared-state.ts'
import { increment } from './increment.ts'

/** A worker thread that increments a counter by compare-and-set until it has done so `times` times per writer. */
const { port, executionId, writers, times } = workerData as {
  readonly port: MessagePort
  readonly executionId: string
  readonly writers: number
  readonly times: number
}
const state = sharedState(port)
await Promise.all(
  Array.from({ length: writers }, async () => {
    for (let count = 0; count < times; count++) {
      await increment({
        read: async () => {
          const entry = await state.getStateEntry(executionId, 'counter')
          return { value: Number(entry?.value ?? 0), version: entry?.version ?? 0 }
        },
        write: async (value, expectedVersion) => {
          await state.setState(executionId, 'counter', value, { expectedVersion })
        },
      })
    }
  }),
)
port.close()

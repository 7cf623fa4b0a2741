import { expect, test } from 'vitest'
import { systemClock as clock } from '../../src/core/clock.ts'
import { defineAgent, inProcessMesh } from '../../src/index.ts'
import { openTemporalEngine } from '../../src/integrations/temporal/index.ts'
import { describeWithServices } from '../support/services.ts'

const patience = 60_000

await describeWithServices('the mesh of a worker', ['temporal'], ({ temporal: address }) => {
  test(
    'an agent asks it, under an id that a repeat of the call has too',
    async () => {
      const mesh = inProcessMesh({ clock })
      const asked: string[] = []
      await mesh.subscribe('price', async ({ id, data }) => {
        asked.push(id)
        return { id: 'r', source: 'shop', type: 'answer', time: null, subject: null, data }
      })
      const asker = defineAgent({
        type: 'asker',
        actions: {
          ask: {
            effect: 'read',
            run: async (_, { mesh: own, attempt }) => {
              const event = { type: 'price', data: attempt }
              const { data } = await own.request(event, { timeoutMs: 5_000 })
              if (attempt === 1) throw new Error('once more')
              return data
            },
          },
        },
      })
      const taskQueue = `mesh-${process.pid}-${Date.now()}`
      const engine = await openTemporalEngine({ address, taskQueue, agents: [asker], mesh })
      const retry = { initialInterval: '1ms', jitter: 0 } as const
      const steps = { a: { agent: 'asker', action: 'ask', retry } }
      const document = { name: 'asks', version: '1.0.0', steps }
      const run = await engine.executeWorkflow('asks', document, { executionId: taskQueue })
      expect([run.status, run.output]).toEqual(['completed', { a: 2 }])
      expect(asked).toEqual([`${taskQueue}/a/1/r1`, `${taskQueue}/a/1/r1`])
      await engine.close()
      await mesh.close()
    },
    patience,
  )
})

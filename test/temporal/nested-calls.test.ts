import { expect, test } from 'vitest'
import { defineAgent } from '../../src/index.ts'
import { openTemporalEngine } from '../../src/integrations/temporal/index.ts'
import { describeWithServices } from '../support/services.ts'

const patience = 120_000

await describeWithServices('calls inside calls', ['temporal'], ({ temporal: address }) => {
  test(
    'more calls than a worker has places may all wait for calls inside them',
    async () => {
      let calls = 0
      const asker = defineAgent({
        type: 'asker',
        config: { resourceLimits: { maxConcurrent: 1_000 } },
        actions: {
          ask: {
            effect: 'idempotent',
            run: async ({ depth }: { depth: number }, { call }) => {
              calls++
              return depth === 0 ? 'bottom' : call('asker', 'ask', { depth: depth - 1 })
            },
          },
        },
      })
      const taskQueue = `nested-${process.pid}-${Date.now()}`
      const engine = await openTemporalEngine({ address, taskQueue, agents: [asker] })
      const document = {
        name: 'asks',
        version: '1.0.0',
        input: { many: 'array' },
        steps: {
          ask: {
            forEach: '${ input.many }',
            maxParallel: 120,
            agent: 'asker',
            action: 'ask',
            with: { depth: 1 },
          },
        },
      }
      const many = Array.from({ length: 120 }, (_, item) => item)
      const run = await engine.executeWorkflow('asks', document, { input: { many } })
      expect([run.status, run.error]).toEqual(['completed', null])
      expect(run.output).toEqual({ ask: many.map(() => 'bottom') })
      expect(calls).toBe(240)
      await engine.close()
    },
    patience,
  )
})

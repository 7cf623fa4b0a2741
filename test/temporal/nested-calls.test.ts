import { expect, test } from 'vitest'
import { defineAgent } from '../../src/index.ts'
import { openTemporalEngine } from '../../src/integrations/temporal/index.ts'
import { describeWithServices } from '../support/services.ts'

const patience = 240_000

await describeWithServices('calls inside calls', ['temporal'], ({ temporal: address }) => {
  test(
    'a call that waits for one inside it leaves its slot with the worker to others',
    async () => {
      // With the calls inside them these need 120 slots, and a worker has 100.
      const outerCalls = 60
      let waiting = 0
      const { promise: allWait, resolve: allAreThere } = Promise.withResolvers<void>()
      const asker = defineAgent({
        type: 'asker',
        config: { resourceLimits: { maxConcurrent: 1_000 } },
        actions: {
          ask: {
            effect: 'idempotent',
            run: (_, { call }) => {
              if (++waiting === outerCalls) allAreThere()
              return call('asker', 'answer')
            },
          },
          answer: { effect: 'idempotent', run: () => allWait.then(() => 'together') },
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
            maxParallel: outerCalls,
            agent: 'asker',
            action: 'ask',
          },
        },
      }
      const many = Array.from({ length: outerCalls }, (_, item) => item)
      const run = await engine.executeWorkflow('asks', document, { input: { many } })
      expect([run.status, run.error]).toEqual(['completed', null])
      expect(run.output).toEqual({ ask: many.map(() => 'together') })
      await engine.close()
    },
    patience,
  )
})

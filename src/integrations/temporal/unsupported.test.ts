import { expect, test } from 'vitest'
import { defineAgent } from '../../agents/index.ts'
import { openTemporalWorker } from './open-worker.ts'

test('an agent with a budget is refused by name before anything is connected', async () => {
  const spender = defineAgent({
    id: 'spender',
    type: 'spender',
    config: { resourceLimits: { budget: { calls: 1, per: 'day' } } },
    actions: { spend: { effect: 'read', run: () => null } },
  })
  const opening = openTemporalWorker({ address: '127.0.0.1:1', agents: [spender] })
  await expect(opening).rejects.toMatchObject({
    code: 'RefusedError',
    details: { agents: ['spender'] },
  })
})

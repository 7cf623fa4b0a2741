import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { defineAgent } from '../../agents/index.ts'
import { systemClock } from '../../core/clock.ts'
import { RouterService } from './router-service.ts'

const actions = { do: { effect: 'read' as const, run: () => null } }
const agents = [
  defineAgent({
    type: 'accountant',
    description: 'Books payments and refunds invoices',
    examples: [{ text: 'refund the invoice of a customer' }],
    actions,
  }),
  defineAgent({
    type: 'bookkeeper',
    description: 'Books payments in the ledger and refunds customers',
    examples: [{ text: 'enter a payment and refund a customer' }],
    actions,
  }),
]

async function routed(isAvailable: (agentId: string) => boolean): Promise<unknown> {
  const databasePath = join(tmpdir(), 'aura-there-is-no-such-file.db')
  const service = new RouterService({ agents: () => agents, databasePath, clock: systemClock })
  service.watchedBy({ isAvailable })
  const { agent } = await service.answer({ text: 'refund the invoice of a customer' })
  return agent
}

test('a task goes to an agent that is available, and to any where none is', async () => {
  const first = await routed(() => true)
  expect(first).toBe('accountant')
  expect(await routed((agentId) => agentId !== 'accountant')).not.toBe('accountant')
  expect(await routed(() => false)).toBe('accountant')
})

import { expect, it } from 'vitest'
import { alternate } from './alternate.ts'

it('lets each side go first in every other round and does not count the first round', async () => {
  const order: string[] = []
  let round = 0
  const rounds = await alternate(
    async () => {
      order.push('a')
      return order.length
    },
    async () => {
      order.push('b')
      return ++round
    },
    { budgetMs: 0, roundsMin: 2 },
  )
  expect(order.join('')).toBe('abbaab')
  expect(rounds.map(([, b]) => b)).toEqual([2, 3])
})

const side = async (): Promise<null> => null

it('ends at the most rounds however much of the budget is left', async () => {
  const rounds = await alternate(side, side, { budgetMs: 60_000, roundsMin: 1, roundsMax: 4 })
  expect(rounds.length).toBe(4)
})

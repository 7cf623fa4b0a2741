import { defineAgent } from 'aura-orchestration'

interface Order {
  readonly customer: string
}

/** Does nothing but say which process did it. */
export default [
  defineAgent({
    id: 'shop',
    type: 'shop',
    actions: {
      charge: { effect: 'idempotent', run: ({ customer }: Order) => `${customer} paid` },
      ship: {
        effect: 'idempotent',
        run: ({ customer }: Order) => `shipped to ${customer} by ${process.pid}`,
      },
    },
  }),
]

import { defineAgent } from '../../src/agents/index.ts'

/** What one execution does: three calls in other processes, one of which may happen only once, and a write to its state. */
export const order = {
  name: 'order',
  version: '1.0.0',
  input: { type: 'object', required: ['n'], properties: { n: { type: 'integer' } } },
  steps: {
    quote: {
      agent: 'shop',
      action: 'quote',
      with: { n: '${ input.n }' },
      timeout: '10s',
      retry: { maxAttempts: 12, initialInterval: '100ms', maxInterval: '2s' },
    },
    charge: {
      needs: ['quote'],
      agent: 'shop',
      action: 'charge',
      with: { n: '${ input.n }' },
      timeout: '10s',
      retry: { maxAttempts: 12, initialInterval: '100ms', maxInterval: '2s' },
    },
    ship: {
      needs: ['charge'],
      agent: 'shop',
      action: 'ship',
      with: { n: '${ input.n }' },
      timeout: '10s',
      retry: { maxAttempts: 12, initialInterval: '100ms', maxInterval: '2s' },
    },
    book: { needs: ['ship'], agent: 'clerk', action: 'book', with: { n: '${ input.n }' } },
  },
} as const

/** The agents as the owner has them: the shop is in other processes. */
export const callers = [
  defineAgent({
    type: 'shop',
    lookup: true,
    config: { communicationConfig: { transport: 'mesh' }, resourceLimits: { maxConcurrent: 64 } },
    actions: {
      quote: { effect: 'read' },
      charge: { effect: 'once' },
      ship: { effect: 'idempotent' },
    },
  }),
  defineAgent({
    type: 'clerk',
    actions: {
      book: {
        effect: 'read',
        run: (input: { readonly n: number }, ctx) => ctx.state.set('booked', input.n),
      },
    },
  }),
]

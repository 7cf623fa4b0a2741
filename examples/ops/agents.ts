import { appendFile, mkdir, readFile } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { defineAgent } from 'aura-orchestration'

/** What stands for the systems outside: each effect is a line, and its key says which call made it. */
const book = resolve('.aura', 'night', 'book.txt')

/** While this file is there, the bank answers nobody. */
const outage = resolve('.aura', 'night', 'bank-is-down')

/** Writes a line once, however often it is asked to with the same key. */
async function write(key: string, text: string): Promise<void> {
  await mkdir(dirname(book), { recursive: true })
  const lines = existsSync(book) ? (await readFile(book, 'utf8')).split('\n') : []
  if (!lines.some((line) => line.startsWith(`${key} `))) await appendFile(book, `${key} ${text}\n`)
}

// Types, not interfaces: what an action takes is JSON, and only a type is known to have no other keys.
type Order = { readonly customer: string; readonly amount: number }

/** What a compensation is given: the call that it undoes. `output` is null when nobody knows it. */
type Undo = { readonly input: Order; readonly output: { readonly charged?: number } | null }

export default [
  defineAgent({
    type: 'shop',
    description: 'Keeps the stock',
    actions: {
      reserve: {
        effect: 'idempotent',
        async run({ customer }: Order, context) {
          await write(context.idempotencyKey, `reserved for ${customer}`)
          return { reserved: true }
        },
      },
      release: {
        effect: 'idempotent',
        run: ({ input }: Undo, context) =>
          write(context.idempotencyKey, `released for ${input.customer}`),
      },
      ship: {
        effect: 'idempotent',
        run: ({ customer }: Order, context) =>
          write(context.idempotencyKey, `shipped to ${customer}`),
      },
    },
  }),
  defineAgent({
    type: 'bank',
    description: 'Takes money and gives it back',
    actions: {
      charge: {
        effect: 'idempotent',
        async run({ customer, amount }: Order, context) {
          if (existsSync(outage)) throw new Error('the bank does not answer')
          await write(context.idempotencyKey, `charged ${customer} ${amount} EUR`)
          return { charged: amount }
        },
      },
      refund: {
        effect: 'idempotent',
        run: ({ input, output }: Undo, context) => {
          const amount = output?.charged ?? input.amount
          return write(context.idempotencyKey, `refunded ${input.customer} ${amount} EUR`)
        },
      },
    },
  }),
  defineAgent({
    type: 'mail',
    description: 'Writes to customers',
    actions: {
      send: {
        effect: 'once', // nobody wants the same mail twice
        run: ({ to, text }: { readonly to: string; readonly text: string }, context) =>
          write(context.idempotencyKey, `mailed ${to}: ${text}`),
      },
    },
  }),
]

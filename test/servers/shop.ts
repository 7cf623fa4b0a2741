import { hash } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { defineAgent } from '../../src/agents/index.ts'
import { OutsideLog, readOutsideLog } from '../support/outside-log.ts'

/** Names the file in which what happened outside is noted; all hosts write the same. */
const path = process.env['OUTSIDE_LOG'] ?? ''
const log = new OutsideLog(path)
const workMs = 15

interface Order {
  readonly n: number
}

/** One call in twenty fails before anything has happened, another one each time. */
async function failsAtTimes(): Promise<void> {
  await pause(workMs)
  const draw = hash('sha256', `${process.pid}/${process.hrtime.bigint()}`, 'buffer').readUInt16BE(0)
  if (draw % 20 === 0) throw Object.assign(new Error('the shop is closed'), { retryable: true })
}

function charged(key: string): boolean {
  return readOutsideLog(path).some((noted) => noted.what === 'charge' && noted.key === key)
}

/** The agents as their hosts have them. */
export default [
  defineAgent({
    type: 'shop',
    config: { resourceLimits: { maxConcurrent: 64 } },
    actions: {
      quote: {
        effect: 'read',
        async run({ n }: Order) {
          await failsAtTimes()
          return { price: n }
        },
      },
      charge: {
        effect: 'once',
        async run({ n }: Order, { idempotencyKey }) {
          await failsAtTimes()
          log.note('charge', idempotencyKey, String(n))
          return { charged: n }
        },
        lookup: (key) => (charged(key) ? { charged: true } : undefined),
      },
      ship: {
        effect: 'idempotent',
        async run({ n }: Order, { idempotencyKey }) {
          await failsAtTimes()
          log.note('ship', idempotencyKey, String(n))
          return { shipped: n }
        },
      },
    },
  }),
]

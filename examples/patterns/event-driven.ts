/*
 * Agents react to events: payments of one account in order, and of a burst of alarms only the last.
 *
 *   npm run build && node examples/patterns/event-driven.ts
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { type CloudEvent, EventDrivenPattern } from 'aura-orchestration'

type Consumer = (event: CloudEvent) => Promise<void>

/** The smallest source of events there is; in production it is a mesh. */
const consumers = new Map<string, Consumer>()
const source = {
  async subscribe(type: string, consumer: Consumer) {
    consumers.set(type, consumer)
    return { stop: async () => void consumers.delete(type) }
  },
}

const subscription = await new EventDrivenPattern(source).reactiveCoordination({
  payment: {
    key: ({ subject }) => subject ?? '', // one account at a time, in order
    maxConcurrent: 4,
    handle: async ({ subject, data }) => {
      await sleep(data === 1 ? 20 : 5)
      console.log(`${subject} pays ${JSON.stringify(data)}`)
    },
  },
  alarm: {
    when: ({ data }) => data !== 'test',
    debounceMs: 50,
    handle: ({ data }) => console.log(`alarm: ${JSON.stringify(data)}`),
  },
})

let count = 0
function publish(type: string, subject: string, data: string | number): Promise<void> | undefined {
  return consumers.get(type)?.({
    id: `${++count}`,
    source: 'example',
    type,
    time: null,
    subject,
    data,
  })
}
await Promise.all([
  publish('payment', 'ada', 1),
  publish('payment', 'ada', 2),
  publish('alarm', 'disk', 'full at 91%'),
  publish('alarm', 'disk', 'test'),
  publish('alarm', 'disk', 'full at 97%'),
])
await subscription.stop()

import { afterEach, beforeEach, expect, test } from 'vitest'
import type { CloudEvent } from '../core/contracts/events.ts'
import { InProcessMesh } from '../mesh/index.ts'
import { FakeTime } from '../testing/fake-clock.ts'
import { EventDrivenPattern, type ReactionSubscription } from './event-driven-pattern.ts'
import type { Reaction } from './reactor.ts'

let time: FakeTime
let mesh: InProcessMesh
let pattern: EventDrivenPattern
let count = 0
/** Ends a handler that is held. */
const open: (() => void)[] = []
const subscriptions: ReactionSubscription[] = []

beforeEach(() => {
  time = new FakeTime()
  const clock = time.newLife()
  mesh = new InProcessMesh({ clock })
  pattern = new EventDrivenPattern(mesh, { clock })
})
afterEach(async () => {
  const stopped = subscriptions.splice(0).map((subscription) => subscription.stop())
  for (const end of open.splice(0)) end()
  await time.advance(0)
  await Promise.all(stopped)
  await mesh.close()
})

function eventOf(
  type: string,
  data: number | string = 0,
  subject: string | null = null,
): CloudEvent {
  return { id: `${++count}`, source: 'test', type, time: null, subject, data }
}

async function publish(...events: readonly CloudEvent[]): Promise<void> {
  for (const event of events) await mesh.publish(event)
  await time.advance(0)
}

/** Reactions whose handlers are held until they are told to end. */
async function held(reaction: Omit<Reaction, 'handle'>) {
  const begun: unknown[] = []
  const subscription = await pattern.reactiveCoordination({
    '*': {
      ...reaction,
      handle: ({ data }) => {
        begun.push(data)
        return new Promise<void>((resolve) => open.push(resolve))
      },
    },
  })
  subscriptions.push(subscription)
  return { begun, subscription }
}

test('events are handled by type and condition', async () => {
  const seen: string[] = []
  const note = ({ type, data }: CloudEvent): number => seen.push(`${type} ${JSON.stringify(data)}`)
  await pattern.reactiveCoordination({
    'order.*': { when: ({ data }) => data !== 2, handle: note },
    paid: note,
  })
  await publish(eventOf('order.new', 1), eventOf('order.new', 2), eventOf('paid', 3), eventOf('x'))
  expect(seen).toEqual(['order.new 1', 'paid 3'])
})

test('of a burst only the last event is handled, once it was quiet', async () => {
  const { begun } = await held({ debounceMs: 100 })
  await publish(eventOf('a', 1))
  await time.advance(60)
  await publish(eventOf('a', 2))
  await time.advance(60)
  expect(begun).toEqual([])
  await time.advance(40)
  expect(begun).toEqual([2])
})

test('bursts of different keys are bursts of their own', async () => {
  const { begun } = await held({ debounceMs: 100, key: ({ subject }) => subject ?? '' })
  await publish(eventOf('a', 1, 'x'), eventOf('a', 2, 'y'), eventOf('a', 3, 'x'))
  await time.advance(100)
  expect(new Set(begun)).toEqual(new Set([2, 3]))
})

test('events of one key are handled in order, others meanwhile', async () => {
  const { begun } = await held({ key: ({ subject }) => subject ?? '' })
  await publish(eventOf('a', 1, 'x'), eventOf('a', 2, 'x'), eventOf('a', 3, 'y'))
  expect(begun).toEqual([1, 3])
  open[0]?.()
  await time.advance(0)
  expect(begun).toEqual([1, 3, 2])
})

test('so many are handled at a time as are allowed', async () => {
  const { begun } = await held({ maxConcurrent: 2 })
  await publish(eventOf('a', 1), eventOf('a', 2), eventOf('a', 3))
  expect(begun).toEqual([1, 2])
  open[1]?.()
  await time.advance(0)
  expect(begun).toEqual([1, 2, 3])
})

test('an event whose handler rejects is delivered again, a repeat of a handled one is dropped', async () => {
  let failures = 1
  const seen: unknown[] = []
  await pattern.reactiveCoordination({
    a: ({ data }) => {
      seen.push(data)
      if (failures-- > 0) throw new Error('not now')
    },
  })
  const event = eventOf('a', 1)
  await publish(event)
  await time.advance(10_000)
  expect(seen).toEqual([1, 1])
  await publish(event)
  expect(seen).toEqual([1, 1])
})

test('after stop nothing is begun, what runs comes to its end, and stop waits for it', async () => {
  const { begun, subscription } = await held({ maxConcurrent: 1 })
  await publish(eventOf('a', 1), eventOf('a', 2))
  let isStopped = false
  const stopping = subscription.stop().then(() => {
    isStopped = true
  })
  await time.advance(0)
  expect(isStopped).toBe(false)
  open[0]?.()
  await time.advance(0)
  await stopping
  await publish(eventOf('a', 3))
  expect(begun).toEqual([1])
})

test.each([[{ maxConcurrent: 0 }], [{ debounceMs: -1 }], [{ debounceMs: Number.NaN }]])(
  'a reaction with %j is refused',
  async (reaction) => {
    await expect(
      pattern.reactiveCoordination({ a: { ...reaction, handle: () => null } }),
    ).rejects.toMatchObject({ code: 'InputError' })
  },
)

test('a type that the source refuses leaves no handler behind', async () => {
  const seen: CloudEvent[] = []
  const handle = (event: CloudEvent): number => seen.push(event)
  await expect(pattern.reactiveCoordination({ a: handle, '': handle })).rejects.toMatchObject({
    code: 'InputError',
  })
  await publish(eventOf('a'))
  expect(seen).toEqual([])
})

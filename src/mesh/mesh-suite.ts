import assert from 'node:assert/strict'
import type { CloudEvent } from '../core/contracts/events.ts'
import { isOrchestrationError } from '../core/errors.ts'
import type { JsonValue } from '../core/json.ts'
import { limits } from '../core/limits.ts'
import type { Delivery, EventMesh, MeshDeadLetter } from './event-mesh.ts'

/** A mesh under test and its time. */
export interface MeshHarness {
  readonly mesh: EventMesh
  /** Time moves only here: everything due within `ms` happens before it resolves; 0 lets the present turn end. */
  advance(ms: number): Promise<void>
  close(): Promise<void>
}

export type OpenMesh = () => Promise<MeshHarness>

/** One behaviour that every mesh has; `run` rejects when this one has it not. */
export interface MeshCase {
  readonly name: string
  run(): Promise<void>
}

/**
 * The behaviours of the port `EventMesh`, to be run one by one by any test runner; each opens a mesh of its
 * own and closes it.
 *
 * @param gaps names of cases that the adapter declares it does not pass, with the reason
 * @throws Error when a gap names no case
 */
export function meshSuite(
  open: OpenMesh,
  gaps: Readonly<Record<string, string>> = {},
): readonly MeshCase[] {
  for (const gap of Object.keys(gaps)) {
    if (!(gap in checks)) throw new Error(`the gap '${gap}' names no case`)
  }
  return Object.entries(checks)
    .filter(([name]) => gaps[name] === undefined)
    .map(([name, check]) => ({
      name,
      async run() {
        const harness = await open()
        try {
          await check(harness.mesh, harness)
        } finally {
          await harness.close()
        }
      },
    }))
}

type Check = (mesh: EventMesh, harness: MeshHarness) => Promise<void>

const event = (type: string, id = type, data: JsonValue = null): CloudEvent => ({
  id,
  source: 'suite',
  type,
  time: null,
  subject: null,
  data,
})

/** A handler that remembers the ids it was given, in order, and the deliveries. */
function recorder(behave: (event: CloudEvent, delivery: Delivery) => unknown = () => undefined) {
  const ids: string[] = []
  const handler = async (given: CloudEvent, delivery: Delivery): Promise<CloudEvent | void> => {
    ids.push(given.id)
    return (await behave(given, delivery)) as CloudEvent | undefined
  }
  return { ids, handler }
}

/** The result of something, once so much time has passed; a rejection is returned. */
async function after<T>(promise: Promise<T>, harness: MeshHarness, ms = 0): Promise<unknown> {
  const settled = promise.catch((thrown: unknown) => thrown)
  await harness.advance(ms)
  return settled
}

async function refused(promise: Promise<unknown>, code: string, harness: MeshHarness, ms = 0) {
  const error = await after(promise, harness, ms)
  assert.ok(isOrchestrationError(error), `expected ${code}, got ${JSON.stringify(error)}`)
  assert.equal(error.code, code, error.message)
  return error
}

function letters(mesh: EventMesh): MeshDeadLetter[] {
  const found: MeshDeadLetter[] = []
  mesh.onDeadLetter((letter) => found.push(letter))
  return found
}

const down = (): never => {
  throw new Error('down')
}

const checks: Readonly<Record<string, Check>> = {
  async 'a subscription gets the types that its pattern matches, and no others'(mesh, harness) {
    const exact = recorder()
    const prefix = recorder()
    const all = recorder()
    await mesh.subscribe('a.b', exact.handler)
    await mesh.subscribe('a.*', prefix.handler)
    await mesh.subscribe('*', all.handler)
    for (const type of ['a.b', 'a.b.c', 'a', 'b', 'a.']) await mesh.publish(event(type))
    await harness.advance(0)
    assert.deepEqual(exact.ids, ['a.b'])
    assert.deepEqual(prefix.ids.toSorted(), ['a.', 'a.b', 'a.b.c'])
    assert.deepEqual(all.ids.toSorted(), ['a', 'a.', 'a.b', 'a.b.c', 'b'])
  },
  async 'a subscription gets what is published after it, also of types that were seen before'(
    mesh,
    harness,
  ) {
    await mesh.publish(event('t', 'before'))
    const handler = recorder()
    await mesh.subscribe('t', handler.handler)
    await mesh.publish(event('t', 'after'))
    await harness.advance(0)
    assert.deepEqual(handler.ids, ['after'])
  },
  async 'each subscription gets each event, a group each once'(mesh, harness) {
    const alone = [recorder(), recorder()]
    const members = [recorder(), recorder(), recorder()]
    for (const { handler } of alone) await mesh.subscribe('t', handler)
    for (const { handler } of members) await mesh.subscribe('t', handler, { group: 'g' })
    const ids = Array.from({ length: 30 }, (_, i) => `e${i}`)
    for (const id of ids) await mesh.publish(event('t', id))
    await harness.advance(0)
    for (const { ids: got } of alone) assert.deepEqual(got.toSorted(), ids.toSorted())
    assert.deepEqual(members.flatMap(({ ids: got }) => got).toSorted(), ids.toSorted())
    for (const { ids: got } of members) assert.ok(got.length > 0, 'a member got nothing')
  },
  async 'an event comes as it was published, whatever publisher and handlers change later'(
    mesh,
    harness,
  ) {
    const seen: JsonValue[] = []
    for (let i = 0; i < 2; i++) {
      await mesh.subscribe('t', async ({ data }) => {
        seen.push(structuredClone(data))
        Reflect.set(data as object, 'n', 3)
      })
    }
    const data = { n: 1 }
    const published = mesh.publish({ ...event('t'), data })
    data.n = 2
    await published
    await harness.advance(0)
    assert.deepEqual(seen, [{ n: 1 }, { n: 1 }])
  },
  async 'a delivery that fails is made again, to this subscription only'(mesh, harness) {
    const attempts: number[] = []
    const failing = recorder((_, { attempt }) => {
      attempts.push(attempt)
      return attempt < 3 ? down() : undefined
    })
    const other = recorder()
    const dead = letters(mesh)
    await mesh.subscribe('t', failing.handler)
    await mesh.subscribe('t', other.handler)
    await mesh.publish(event('t'))
    await after(mesh.drain(), harness, 60_000)
    assert.deepEqual([attempts, other.ids, dead], [[1, 2, 3], ['t'], []])
  },
  async 'an event that fails every time is a dead letter, and the next one is handled'(
    mesh,
    harness,
  ) {
    const handler = recorder(({ id }) => (id === 'bad' ? down() : undefined))
    const dead = letters(mesh)
    await mesh.subscribe('t*', handler.handler, { group: 'g', maxConcurrent: 1 })
    await mesh.publish(event('t', 'bad', { n: 1 }))
    await mesh.publish(event('t', 'good'))
    await after(mesh.drain(), harness, 60_000)
    const tries = handler.ids.filter((id) => id === 'bad').length
    assert.deepEqual([tries, handler.ids.length - tries], [limits.meshDeliveriesMax, 1])
    const [letter] = dead
    assert.equal(dead.length, 1)
    assert.deepEqual(letter?.event, event('t', 'bad', { n: 1 }))
    assert.deepEqual([letter?.pattern, letter?.group, letter?.deliveries], ['t*', 'g', tries])
    assert.equal(letter?.error.message, 'down')
  },
  async 'an error that is not retryable makes a dead letter at once'(mesh, harness) {
    const handler = recorder(() => mesh.subscribe('*bad', async () => undefined))
    const dead = letters(mesh)
    await mesh.subscribe('t', handler.handler)
    await mesh.publish(event('t'))
    await after(mesh.drain(), harness, 60_000)
    assert.deepEqual([handler.ids.length, dead[0]?.deliveries], [1, 1])
    assert.equal(dead[0]?.error.code, 'InputError')
  },
  async 'a handler that takes too long is told so, and the event is delivered again'(
    mesh,
    harness,
  ) {
    const signals: AbortSignal[] = []
    const handler = recorder((_, { attempt, signal }) => {
      signals.push(signal)
      return attempt === 1 ? new Promise(() => {}) : undefined
    })
    await mesh.subscribe('t', handler.handler, { maxConcurrent: 1 })
    await mesh.publish(event('t'))
    await after(mesh.drain(), harness, 3 * limits.meshHandlerMsMax)
    assert.deepEqual(
      signals.map(({ aborted }) => aborted),
      [true, false],
    )
  },
  async 'a handler has no more deliveries at a time than it asked for'(mesh, harness) {
    let running = 0
    let most = 0
    const waiting: (() => void)[] = []
    const handler = recorder(async () => {
      most = Math.max(most, ++running)
      await new Promise<void>((resolve) => waiting.push(resolve))
      running--
    })
    await mesh.subscribe('t', handler.handler, { maxConcurrent: 3 })
    for (let i = 0; i < 8; i++) await mesh.publish(event('t', `e${i}`))
    for (let i = 0; i < 8; i++) {
      await harness.advance(0)
      waiting.shift()?.()
    }
    await after(mesh.drain(), harness, 1)
    assert.deepEqual([handler.ids.length, most], [8, 3])
    await refused(mesh.subscribe('t', handler.handler, { maxConcurrent: 0 }), 'InputError', harness)
  },
  async 'a stopped subscription gets nothing more, and has stopped when its handler has'(
    mesh,
    harness,
  ) {
    const release = Promise.withResolvers<void>()
    const handler = recorder(() => release.promise)
    const subscription = await mesh.subscribe('t', handler.handler)
    await mesh.publish(event('t', 'before'))
    await harness.advance(0)
    let isStopped = false
    const stopping = subscription.stop().then(() => (isStopped = true))
    await mesh.publish(event('t', 'after'))
    await harness.advance(0)
    assert.equal(isStopped, false)
    release.resolve()
    await after(stopping, harness)
    await after(subscription.stop(), harness)
    assert.deepEqual([handler.ids, isStopped], [['before'], true])
  },
  async 'a member that joins a group takes what waits for the others'(mesh, harness) {
    const release = Promise.withResolvers<void>()
    const busy = recorder(() => release.promise)
    await mesh.subscribe('t', busy.handler, { group: 'g', maxConcurrent: 1 })
    for (const id of ['1', '2', '3']) await mesh.publish(event('t', id))
    await harness.advance(0)
    const joined = recorder()
    await mesh.subscribe('t', joined.handler, { group: 'g' })
    await harness.advance(0)
    assert.deepEqual([busy.ids.length, joined.ids.length], [1, 2])
    release.resolve()
  },
  async 'what waits for a member that stops goes to the rest of its group'(mesh, harness) {
    const release = Promise.withResolvers<void>()
    const busy = recorder(() => release.promise)
    const first = await mesh.subscribe('t', busy.handler, { group: 'g', maxConcurrent: 1 })
    for (const id of ['1', '2', '3']) await mesh.publish(event('t', id))
    await harness.advance(0)
    const rest = recorder()
    await mesh.subscribe('t', rest.handler, { group: 'g' })
    const stopping = first.stop()
    release.resolve()
    await after(stopping, harness)
    await after(mesh.drain(), harness, 60_000)
    assert.deepEqual([...busy.ids, ...rest.ids].toSorted(), ['1', '2', '3'])
    assert.ok(rest.ids.length >= 2)
    await refused(mesh.subscribe('other', rest.handler, { group: 'g' }), 'InputError', harness)
  },
  async 'a request resolves with the reply of a handler'(mesh, harness) {
    await mesh.subscribe('as*', async () => undefined)
    await mesh.subscribe('ask', async ({ id, data }, { attempt }) =>
      attempt === 1 ? down() : event('answer', `re-${id}`, data),
    )
    const reply = mesh.request(event('ask', '1', [7]), { timeoutMs: 5_000 })
    assert.deepEqual(await after(reply, harness, 5_000), event('answer', 're-1', [7]))
  },
  async 'a request without a reply in time is refused, and so is one nobody is there for'(
    mesh,
    harness,
  ) {
    await mesh.subscribe('slow', () => new Promise<void>(() => {}))
    for (const type of ['slow', 'unknown']) {
      const reply = mesh.request(event(type), { timeoutMs: 1_000 })
      const error = await refused(reply, 'AgentCommunicationError', harness, 1_000)
      assert.equal(error.retryable, true)
    }
  },
  async 'a request that fails for good is refused with the error of the handler'(mesh, harness) {
    await mesh.subscribe('ask', async () => void (await mesh.subscribe('', async () => undefined)))
    const reply = mesh.request(event('ask'), { timeoutMs: 60_000 })
    await refused(reply, 'InputError', harness, 1_000)
  },
  async 'over meshQueueMax a publisher is refused, and nobody gets what it published'(
    mesh,
    harness,
  ) {
    const release = Promise.withResolvers<void>()
    const slow = recorder(() => release.promise)
    const fast = recorder()
    await mesh.subscribe('t', slow.handler)
    await mesh.subscribe('*', fast.handler)
    for (let i = 0; i < limits.meshQueueMax; i++) await mesh.publish(event('t', String(i)))
    await harness.advance(0)
    const error = await refused(
      mesh.publish(event('t', 'over')),
      'ResourceExhaustionError',
      harness,
    )
    assert.deepEqual([error.retryable, error.details?.limit], [true, 'meshQueueMax'])
    await mesh.publish(event('u', 'else'))
    release.resolve()
    await after(mesh.drain(), harness, 1_000)
    assert.equal(slow.ids.length, limits.meshQueueMax)
    assert.deepEqual([fast.ids.includes('over'), fast.ids.includes('else')], [false, true])
    await mesh.publish(event('t', 'room again'))
  },
  async 'a publisher that waits for room gets in when there is some, or is refused in time'(
    mesh,
    harness,
  ) {
    const release = Promise.withResolvers<void>()
    const slow = recorder(() => release.promise)
    await mesh.subscribe('t', slow.handler)
    for (let i = 0; i < limits.meshQueueMax; i++) await mesh.publish(event('t', String(i)))
    const inTime = mesh.publish(event('t', 'in'), { roomWithinMs: 2_000 })
    const late = mesh.publish(event('t', 'late'), { roomWithinMs: 1_000 })
    await refused(late, 'ResourceExhaustionError', harness, 1_000)
    release.resolve()
    await after(inTime, harness)
    await after(mesh.drain(), harness, 1_000)
    assert.deepEqual(slow.ids.slice(limits.meshQueueMax), ['in'])
  },
  async 'draining waits for everything that was accepted'(mesh, harness) {
    const handler = recorder((_, { attempt }) => (attempt === 1 ? down() : undefined))
    await mesh.subscribe('t', handler.handler)
    await after(mesh.drain(), harness)
    for (let i = 0; i < 40; i++) await mesh.publish(event('t', String(i)))
    await after(mesh.drain(), harness, 60_000)
    assert.equal(handler.ids.length, 80)
  },
  async 'a closed mesh takes nothing, and has closed when its handlers have ended'(mesh, harness) {
    const release = Promise.withResolvers<void>()
    const handler = recorder(() => release.promise)
    await mesh.subscribe('t', handler.handler, { maxConcurrent: 1 })
    await mesh.publish(event('t', '1'))
    await mesh.publish(event('t', '2'))
    await harness.advance(0)
    let isClosed = false
    const closing = mesh.close().then(() => (isClosed = true))
    await harness.advance(0)
    assert.equal(isClosed, false)
    await refused(mesh.publish(event('t')), 'RefusedError', harness)
    await refused(mesh.subscribe('t', handler.handler), 'RefusedError', harness)
    await refused(mesh.request(event('t'), { timeoutMs: 1_000 }), 'RefusedError', harness)
    release.resolve()
    await after(closing, harness, 1_000)
    assert.deepEqual([isClosed, handler.ids], [true, ['1']])
  },
  async 'what is no event and what is no pattern is refused'(mesh, harness) {
    const bad = { ...event('t'), id: 5 } as unknown as CloudEvent
    await refused(mesh.publish(bad), 'InputError', harness)
    await refused(mesh.request(bad, { timeoutMs: 1_000 }), 'InputError', harness)
    for (const pattern of ['', '*.t', 'a*b', '**']) {
      await refused(
        mesh.subscribe(pattern, async () => undefined),
        'InputError',
        harness,
      )
    }
  },
}

import assert from 'node:assert/strict'
import type { CloudEvent } from '../../core/contracts/events.ts'
import { limits } from '../../core/limits.ts'
import { down, type MeshChecks } from '../mesh-stage.ts'

/** Names that objects have by themselves. */
const prototypeNames = ['__proto__', 'constructor', 'toString', 'hasOwnProperty']

/** Handlers that misbehave and events that are poisonous harm nobody else. */
export const faultChecks: MeshChecks = {
  async 'an error that is not retryable makes a dead letter at once'(stage) {
    const handler = stage.recorder(() => stage.mesh.subscribe('*bad', async () => undefined))
    const dead = stage.letters()
    await stage.mesh.subscribe(stage.name('t'), handler.handler)
    await stage.mesh.publish(stage.event('t'))
    await stage.after(stage.mesh.drain(), 60_000)
    assert.deepEqual([handler.ids.length, dead[0]?.deliveries], [1, 1])
    assert.equal(dead[0]?.error.code, 'InputError')
  },
  async 'a handler that takes too long is told so, and the event is delivered again'(stage) {
    const signals: AbortSignal[] = []
    const handler = stage.recorder((_, { attempt, signal }) => {
      signals.push(signal)
      return attempt === 1 ? new Promise(() => {}) : undefined
    })
    await stage.mesh.subscribe(stage.name('t'), handler.handler, { maxConcurrent: 1 })
    await stage.mesh.publish(stage.event('t'))
    await stage.after(stage.mesh.drain(), 3 * limits.meshHandlerMsMax)
    assert.deepEqual(
      signals.map(({ aborted }) => aborted),
      [true, false],
    )
  },
  async 'a handler that asks for more time has it'(stage) {
    const handler = stage.recorder((_, delivery) => {
      assert.equal(delivery.extend(3 * limits.meshHandlerMsMax), true)
      return new Promise(() => {})
    })
    await stage.mesh.subscribe(stage.name('t'), handler.handler)
    await stage.mesh.publish(stage.event('t'))
    await stage.advance(2 * limits.meshHandlerMsMax)
    assert.deepEqual(handler.attempts, [1])
    await stage.until('the second delivery', () => handler.attempts.length === 2)
  },
  async 'handlers that throw at once, throw nothing, or return junk stop nobody'(stage) {
    const dead = stage.letters()
    const other = stage.recorder()
    await stage.mesh.subscribe(stage.name('t'), () => down())
    await stage.mesh.subscribe(stage.name('t'), () => Promise.reject(undefined))
    await stage.mesh.subscribe(stage.name('t'), (() => 'junk') as never)
    await stage.mesh.subscribe(stage.name('t'), other.handler)
    for (const id of ['1', '2']) await stage.mesh.publish(stage.event('t', id))
    await stage.after(stage.mesh.drain(), 60_000)
    assert.deepEqual([other.ids.toSorted(), dead.length], [['1', '2'], 4])
  },
  async 'a handler that answers twice has answered once'(stage) {
    const { mesh } = stage
    const twice = {
      // oxlint-disable-next-line unicorn/no-thenable -- a foreign promise that breaks its promise
      then(resolve: (reply: CloudEvent) => void, reject: (error: unknown) => void) {
        resolve(stage.event('answer', 'one'))
        resolve(stage.event('answer', 'two'))
        reject(new Error('three'))
      },
    }
    await mesh.subscribe(stage.name('ask'), () => twice as never)
    const dead = stage.letters()
    const reply = await stage.after(mesh.request(stage.event('ask'), { timeoutMs: 5_000 }), 1_000)
    assert.equal((reply as CloudEvent).id, 'one')
    await stage.after(mesh.drain(), 60_000)
    assert.deepEqual(dead, [])
  },
  async 'names of prototypes are names like others'(stage) {
    const { mesh } = stage
    const queue = await mesh.queue(stage.name('__proto__'))
    const [handler, worker] = [stage.recorder(), stage.recorder()]
    await mesh.subscribe(stage.name('*'), handler.handler, { group: '__proto__' })
    await queue.work(worker.handler)
    for (const name of prototypeNames) {
      const data = JSON.parse(`{"${name}": {"polluted": true}}`) as CloudEvent['data']
      const more = { partitionkey: name, source: name, data }
      await mesh.publish(stage.event(name, name, more))
      await stage.send(queue, stage.event(name, name, more))
    }
    await stage.until('all', () => handler.ids.length === 4 && worker.ids.length === 4)
    assert.deepEqual(handler.ids.toSorted(), prototypeNames.toSorted())
    assert.equal(JSON.stringify(handler.events[0]?.data), '{"__proto__":{"polluted":true}}')
    assert.equal(({} as { polluted?: boolean }).polluted, undefined)
  },
  async 'what is no event is refused before anybody has it, and what comes after it is handled'(
    stage,
  ) {
    const { mesh } = stage
    const queue = await mesh.queue(stage.name('q'))
    const [handler, worker] = [stage.recorder(), stage.recorder()]
    await mesh.subscribe(stage.name('*'), handler.handler)
    await queue.work(worker.handler)
    const plain = stage.event('t')
    const poisons: readonly unknown[] = [
      null,
      'text',
      [],
      { ...plain, id: undefined },
      { ...plain, type: {} },
      { ...plain, source: 'x'.repeat(10_000) },
      { ...plain, partitionkey: ['k'] },
      { ...plain, data: { n: 1n } },
      { ...plain, data: nested(limits.depthMax + 1) },
    ]
    for (const poison of poisons) {
      await stage.refused(mesh.publish(poison as CloudEvent), 'InputError')
      await stage.refused(queue.send(poison as CloudEvent), 'InputError')
    }
    const huge = { ...plain, data: 'x'.repeat(limits.payloadBytesMax) }
    await stage.refused(mesh.publish(huge), 'ResourceExhaustionError')
    await stage.refused(queue.send(huge), 'ResourceExhaustionError')
    await mesh.publish(stage.event('t', 'good'))
    await stage.send(queue, stage.event('t', 'good'))
    await stage.until('both', () => handler.ids.length > 0 && worker.ids.length > 0)
    assert.deepEqual([handler.ids, worker.ids], [['good'], ['good']])
  },
}

function nested(depth: number): CloudEvent['data'] {
  let value: CloudEvent['data'] = 0
  for (let i = 0; i < depth; i++) value = [value]
  return value
}

import assert from 'node:assert/strict'
import type { CloudEvent } from '../../core/contracts/events.ts'
import { limits } from '../../core/limits.ts'
import type { MeshChecks } from '../mesh-stage.ts'

/** Limits, back-pressure, closing. */
export const boundChecks: MeshChecks = {
  async 'a handler has no more deliveries at a time than it asked for'(stage) {
    let running = 0
    let most = 0
    const waiting: (() => void)[] = []
    const handler = stage.recorder(async () => {
      most = Math.max(most, ++running)
      await new Promise<void>((resolve) => waiting.push(resolve))
      running--
    })
    await stage.mesh.subscribe(stage.name('t'), handler.handler, { maxConcurrent: 3 })
    for (let i = 0; i < 8; i++) await stage.mesh.publish(stage.event('t', `e${i}`))
    for (let i = 0; i < 8; i++) {
      await stage.until('a delivery', () => waiting.length > 0)
      waiting.shift()?.()
    }
    await stage.after(stage.mesh.drain(), 1_000)
    assert.deepEqual([handler.ids.length, most], [8, 3])
    const none = stage.mesh.subscribe(stage.name('t'), handler.handler, { maxConcurrent: 0 })
    await stage.refused(none, 'InputError')
  },
  async 'over meshQueueMax a publisher is refused, and nobody gets what it published'(stage) {
    const { mesh } = stage
    const release = Promise.withResolvers<void>()
    const [slow, fast] = [stage.recorder(() => release.promise), stage.recorder()]
    await mesh.subscribe(stage.name('t'), slow.handler)
    await mesh.subscribe(stage.name('*'), fast.handler)
    for (let i = 0; i < limits.meshQueueMax; i++) await mesh.publish(stage.event('t', String(i)))
    await stage.advance(0)
    const error = await stage.refused(
      mesh.publish(stage.event('t', 'over')),
      'ResourceExhaustionError',
    )
    assert.deepEqual([error.retryable, error.details?.limit], [true, 'meshQueueMax'])
    await mesh.publish(stage.event('u', 'else'))
    release.resolve()
    await stage.after(mesh.drain(), 1_000)
    assert.equal(slow.ids.length, limits.meshQueueMax)
    assert.deepEqual([fast.ids.includes('over'), fast.ids.includes('else')], [false, true])
    // A refused event is no repeat when it comes again.
    await mesh.publish(stage.event('t', 'over'))
    await stage.after(mesh.drain(), 1_000)
    assert.deepEqual([slow.ids.at(-1), fast.ids.at(-1)], ['over', 'over'])
  },
  async 'a publisher that waits for room gets in when there is some, or is refused in time'(stage) {
    const { mesh } = stage
    const release = Promise.withResolvers<void>()
    const slow = stage.recorder(() => release.promise)
    await mesh.subscribe(stage.name('t'), slow.handler)
    for (let i = 0; i < limits.meshQueueMax; i++) await mesh.publish(stage.event('t', String(i)))
    const inTime = mesh.publish(stage.event('t', 'in'), { roomWithinMs: 2_000 })
    const late = mesh.publish(stage.event('t', 'late'), { roomWithinMs: 1_000 })
    await stage.refused(late, 'ResourceExhaustionError', 1_000)
    release.resolve()
    await stage.after(inTime)
    await stage.after(mesh.drain(), 1_000)
    assert.deepEqual(slow.ids.slice(limits.meshQueueMax), ['in'])
  },
  async 'a closed mesh takes nothing, and has closed when its handlers have ended'(stage) {
    const { mesh } = stage
    const release = Promise.withResolvers<void>()
    const handler = stage.recorder(() => release.promise)
    const queue = await mesh.queue(stage.name('q'))
    await mesh.subscribe(stage.name('t'), handler.handler, { maxConcurrent: 1 })
    await mesh.publish(stage.event('t', '1'))
    await mesh.publish(stage.event('t', '2'))
    await stage.until('a delivery', () => handler.ids.length > 0)
    let isClosed = false
    const closing = mesh.close().then(() => (isClosed = true))
    await stage.advance(0)
    assert.equal(isClosed, false)
    await stage.refused(mesh.publish(stage.event('t')), 'RefusedError')
    await stage.refused(mesh.subscribe(stage.name('t'), handler.handler), 'RefusedError')
    await stage.refused(mesh.request(stage.event('t'), { timeoutMs: 1_000 }), 'RefusedError')
    await stage.refused(mesh.queue(stage.name('q')), 'RefusedError')
    await stage.refused(queue.send(stage.event('t')), 'RefusedError')
    await stage.refused(queue.work(handler.handler), 'RefusedError')
    release.resolve()
    await stage.after(closing, 1_000)
    assert.deepEqual([isClosed, handler.ids.length], [true, 1])
  },
  async 'a publisher that waits for room is refused when the mesh closes'(stage) {
    const { mesh } = stage
    const release = Promise.withResolvers<void>()
    await mesh.subscribe(stage.name('t'), () => release.promise)
    for (let i = 0; i < limits.meshQueueMax; i++) await mesh.publish(stage.event('t', String(i)))
    const waiting = mesh.publish(stage.event('t', 'w'), { roomWithinMs: 60_000 })
    const closing = mesh.close()
    await stage.refused(waiting, 'RefusedError')
    release.resolve()
    await stage.after(closing, 1_000)
  },
  async 'what is no event and what is no pattern is refused'(stage) {
    const { mesh } = stage
    const bad = { ...stage.event('t'), id: 5 } as unknown as CloudEvent
    await stage.refused(mesh.publish(bad), 'InputError')
    await stage.refused(mesh.request(bad, { timeoutMs: 1_000 }), 'InputError')
    for (const pattern of ['', '*.t', 'a*b', '**'])
      await stage.refused(
        mesh.subscribe(pattern, async () => undefined),
        'InputError',
      )
  },
}

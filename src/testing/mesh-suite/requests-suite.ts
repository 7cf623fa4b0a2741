import assert from 'node:assert/strict'
import { isOrchestrationError } from '../../core/errors.ts'
import { down, type MeshChecks } from '../mesh-stage.ts'

/** Request and reply. */
export const requestChecks: MeshChecks = {
  async 'a request resolves with the reply of a handler, and both tell what belongs together'(
    stage,
  ) {
    const { mesh } = stage
    const asked = stage.recorder(({ id, data }, { attempt }) =>
      attempt === 1 ? down() : stage.event('answer', `re-${id}`, { data }),
    )
    await mesh.subscribe(stage.name('as*'), async () => undefined)
    await mesh.subscribe(stage.name('ask'), asked.handler)
    const request = stage.event('ask', '1', { data: [7] })
    const reply = await stage.after(mesh.request(request, { timeoutMs: 5_000 }), 5_000)
    const expected = stage.event('answer', 're-1', { data: [7] })
    assert.deepEqual(reply, { ...expected, correlationid: '1', causationid: '1' })
    const [seen] = asked.events
    assert.equal(seen?.correlationid, '1')
    assert.match(seen?.expirytime ?? '', /^\d{4}-/)
  },
  async 'a correlation that the request has goes through to the reply'(stage) {
    await stage.mesh.subscribe(stage.name('ask'), async () => stage.event('answer', 'a'))
    const request = stage.event('ask', '1', { correlationid: 'order-7' })
    const reply = await stage.after(stage.mesh.request(request, { timeoutMs: 5_000 }), 1_000)
    const expected = { ...stage.event('answer', 'a'), correlationid: 'order-7', causationid: '1' }
    assert.deepEqual(reply, expected)
  },
  async 'the first of two replies counts, and a request is never a repeat'(stage) {
    const { mesh } = stage
    const release = Promise.withResolvers<void>()
    await mesh.subscribe(stage.name('ask'), async () => stage.event('answer', 'quick'))
    await mesh.subscribe(stage.name('ask'), async () => {
      await release.promise
      return stage.event('answer', 'slow')
    })
    for (let i = 0; i < 2; i++) {
      const reply = mesh.request(stage.event('ask', 'same'), { timeoutMs: 5_000 })
      const { id } = (await stage.after(reply, 1_000)) as { id?: string }
      assert.equal(id, 'quick')
    }
    release.resolve()
    await stage.after(mesh.drain(), 1_000)
  },
  async 'a request without a reply in time is refused, and so is one nobody is there for'(stage) {
    const handler = stage.recorder(() => new Promise(() => {}))
    await stage.mesh.subscribe(stage.name('slow'), handler.handler)
    for (const type of ['slow', 'unknown']) {
      const reply = stage.mesh.request(stage.event(type), { timeoutMs: 1_000 })
      const error = await stage.refused(reply, 'AgentCommunicationError', 1_000)
      assert.equal(error.retryable, true)
    }
  },
  async 'a handler is told when nobody waits any more, and the request is not delivered again'(
    stage,
  ) {
    const signals: AbortSignal[] = []
    const dead = stage.letters()
    const handler = stage.recorder((_, { signal }) => {
      signals.push(signal)
      return new Promise((_resolve, reject) =>
        signal.addEventListener('abort', () => reject(new Error('stopped'))),
      )
    })
    await stage.mesh.subscribe(stage.name('ask'), handler.handler)
    const reply = stage.mesh.request(stage.event('ask'), { timeoutMs: 1_000 })
    await stage.refused(reply, 'AgentCommunicationError', 1_000)
    await stage.after(stage.mesh.drain(), 60_000)
    assert.deepEqual(
      [signals.map(({ aborted }) => aborted), handler.ids, dead],
      [[true], ['ask'], []],
    )
  },
  async 'a request that is cancelled ends at once, also when it was before it began'(stage) {
    const handler = stage.recorder(() => new Promise(() => {}))
    await stage.mesh.subscribe(stage.name('ask'), handler.handler)
    const controller = new AbortController()
    const options = { timeoutMs: 60_000, signal: controller.signal }
    const reply = stage.mesh.request(stage.event('ask'), options)
    await stage.until('the request', () => handler.ids.length > 0)
    controller.abort()
    await stage.refused(reply, 'WorkflowCancelledError')
    await stage.refused(
      stage.mesh.request(stage.event('ask', '2'), options),
      'WorkflowCancelledError',
    )
    await stage.after(stage.mesh.drain(), 1_000)
    assert.deepEqual(handler.ids, ['ask'])
  },
  async 'a request that fails for good is refused with the error of the handler'(stage) {
    const { mesh } = stage
    await mesh.subscribe(stage.name('ask'), async () => {
      await mesh.subscribe('', async () => undefined)
    })
    const reply = mesh.request(stage.event('ask'), { timeoutMs: 60_000 })
    await stage.refused(reply, 'InputError', 1_000)
  },
  async 'a reply that is no event fails the request, and what is no time is refused'(stage) {
    const { mesh } = stage
    await mesh.subscribe(stage.name('ask'), async () => ({ id: 5 }) as never)
    const reply = mesh.request(stage.event('ask'), { timeoutMs: 60_000 })
    await stage.refused(reply, 'InputError', 1_000)
    for (const timeoutMs of [0, -1, Number.NaN, Infinity])
      await stage.refused(mesh.request(stage.event('ask', '2'), { timeoutMs }), 'InputError')
  },
  async 'many requests at a time each get their own reply'(stage) {
    await stage.mesh.subscribe(stage.name('ask'), async ({ id }) =>
      stage.event('answer', `re-${id}`),
    )
    const replies = Array.from({ length: 200 }, (_, i) =>
      stage.mesh.request(stage.event('ask', String(i)), { timeoutMs: 60_000 }),
    )
    const answers = (await stage.after(Promise.all(replies), 1_000)) as readonly { id: string }[]
    assert.ok(!isOrchestrationError(answers))
    assert.deepEqual(
      answers.map(({ id }) => id),
      replies.map((_, i) => `re-${i}`),
    )
  },
}

import assert from 'node:assert/strict'
import { limits } from '../../core/limits.ts'
import type { WorkDelivery } from '../../mesh/index.ts'
import { down, type MeshChecks } from '../mesh-stage.ts'

/** Work queues: one worker each, visibility, counts, dead letters, readings. */
export const queueChecks: MeshChecks = {
  async 'work waits for a worker, and each event goes to one of them'(stage) {
    const queue = await stage.mesh.queue(stage.name('q'))
    const ids = Array.from({ length: 20 }, (_, i) => `e${i}`)
    for (const id of ids) assert.equal(await stage.send(queue, stage.event('t', id)), 'accepted')
    const workers = [stage.recorder(), stage.recorder()]
    for (const { handler } of workers) await queue.work(handler, { maxConcurrent: 1 })
    await stage.after(stage.mesh.drain(), 1_000)
    assert.deepEqual(workers.flatMap((worker) => worker.ids).toSorted(), ids.toSorted())
    for (const worker of workers) assert.ok(worker.ids.length > 0, 'a worker got nothing')
    await stage.refused(queue.work(down, { maxConcurrent: 0 }), 'InputError')
  },
  async 'what a worker fails comes again with a higher count, and is a dead letter after the last'(
    stage,
  ) {
    const queue = await stage.mesh.queue(stage.name('q'), { deliveriesMax: 3 })
    const worker = stage.recorder(({ id }) => (id === 'bad' ? down() : undefined))
    const told = stage.letters()
    await queue.work(worker.handler)
    const bad = stage.event('t', 'bad', { data: { n: 1 } })
    for (const event of [bad, stage.event('t', 'good')]) await stage.send(queue, event)
    await stage.after(stage.mesh.drain(), 60_000)
    assert.deepEqual(
      worker.attempts.toSorted((a, b) => a - b),
      [1, 1, 2, 3],
    )
    const [letter] = await queue.deadLetters()
    const { event, deliveries, error } = letter ?? {}
    assert.deepEqual([event, deliveries, error?.message], [bad, 3, 'down'])
    assert.deepEqual(
      told.map((one) => [one.queue, one.deliveries, one.event?.id]),
      [[stage.name('q'), 3, 'bad']],
    )
  },
  async 'an error that is not retryable makes a dead letter at once'(stage) {
    const queue = await stage.mesh.queue(stage.name('q'))
    await queue.work(() => stage.mesh.subscribe('*bad', async () => undefined))
    await stage.send(queue, stage.event('t'))
    await stage.after(stage.mesh.drain(), 1_000)
    const [letter] = await queue.deadLetters()
    assert.deepEqual([letter?.deliveries, letter?.error.code], [1, 'InputError'])
  },
  async 'a dead letter is delivered again with a new count when it is redriven, or is gone when it is discarded'(
    stage,
  ) {
    const queue = await stage.mesh.queue(stage.name('q'), { deliveriesMax: 1 })
    let isDown = true
    const worker = stage.recorder(() => (isDown ? down() : undefined))
    await queue.work(worker.handler)
    for (const id of ['1', '2']) await stage.send(queue, stage.event('t', id))
    await stage.after(stage.mesh.drain(), 1_000)
    const [first, second] = await queue.deadLetters()
    assert.deepEqual((await queue.deadLetters(1)).length, 1)
    isDown = false
    await stage.after(queue.redrive(first?.id ?? ''))
    await stage.after(queue.discard(second?.id ?? ''))
    await stage.after(stage.mesh.drain(), 1_000)
    assert.deepEqual(
      [worker.ids, worker.attempts],
      [
        ['1', '2', '1'],
        [1, 1, 1],
      ],
    )
    assert.deepEqual(await queue.deadLetters(), [])
    await stage.refused(queue.redrive(first?.id ?? ''), 'NotFoundError')
    await stage.refused(queue.discard('no such'), 'NotFoundError')
    // What was discarded may come again.
    assert.equal(await stage.send(queue, stage.event('t', '2')), 'accepted')
  },
  async 'an event is invisible while it is handled, and comes to another worker after visibilityMs'(
    stage,
  ) {
    const queue = await stage.mesh.queue(stage.name('q'), { visibilityMs: 5_000 })
    const deliveries: WorkDelivery[] = []
    const worker = stage.recorder((_, delivery) => {
      deliveries.push(delivery as WorkDelivery)
      return delivery.attempt === 1 ? new Promise(() => {}) : undefined
    })
    await queue.work(worker.handler, { maxConcurrent: 4 })
    await stage.send(queue, stage.event('t'))
    await stage.advance(4_000)
    assert.deepEqual(worker.attempts, [1])
    await stage.until('the second delivery', () => worker.attempts.length === 2)
    await stage.after(stage.mesh.drain(), 1_000)
    // Somebody else has it: what the first one says now means nothing.
    const [first] = deliveries
    assert.deepEqual(
      [first?.signal.aborted, first?.ack(), first?.nack(), first?.extend(1_000)],
      [true, false, false, false],
    )
    assert.deepEqual(await queue.deadLetters(), [])
  },
  async 'a worker acknowledges before it ends, gives back with a delay, or asks for more time'(
    stage,
  ) {
    const queue = await stage.mesh.queue(stage.name('q'), { visibilityMs: 5_000 })
    const release = Promise.withResolvers<void>()
    const worker = stage.recorder(async ({ id }, delivery) => {
      const { ack, nack } = methods(delivery as WorkDelivery)
      if (id === 'early') {
        assert.deepEqual([ack(), ack(), nack()], [true, false, false])
        await release.promise
        down()
      }
      if (id === 'back' && delivery.attempt === 1) assert.equal(nack({ delayMs: 30_000 }), true)
      if (id === 'long') {
        assert.equal(delivery.extend(60_000), true)
        await release.promise
      }
    })
    await queue.work(worker.handler)
    for (const id of ['early', 'back', 'long']) await stage.send(queue, stage.event('t', id))
    await stage.advance(20_000)
    assert.deepEqual(worker.ids.toSorted(), ['back', 'early', 'long'])
    release.resolve()
    await stage.until('what was given back', () => worker.ids.length === 4)
    await stage.after(stage.mesh.drain(), 60_000)
    assert.deepEqual([worker.ids.at(-1), worker.attempts.at(-1)], ['back', 2])
    assert.deepEqual([worker.ids.length, await queue.deadLetters()], [4, []])
  },
  async 'a repeat by source and id is not added, also after it was handled'(stage) {
    const queue = await stage.mesh.queue(stage.name('q'))
    const worker = stage.recorder()
    const first = stage.event('t', 'same')
    const both = Promise.all([queue.send(first), queue.send({ ...first, data: 2 })])
    assert.deepEqual(await stage.after(both), ['accepted', 'repeated'])
    await queue.work(worker.handler)
    await stage.after(stage.mesh.drain(), 1_000)
    assert.equal(await stage.send(queue, first), 'repeated')
    assert.equal(await stage.send(queue, { ...first, source: 'other' }), 'accepted')
    await stage.until('the other', () => worker.ids.length === 2)
    await stage.after(stage.mesh.drain(), 1_000)
    assert.deepEqual(
      worker.events.map(({ source }) => source),
      ['suite', 'other'],
    )
  },
  async 'events of one key are handled in order, a failed one before those behind it'(stage) {
    const queue = await stage.mesh.queue(stage.name('q'), { deliveriesMax: 2 })
    const worker = stage.recorder(({ id }) => (id === 'a1' ? down() : undefined))
    for (const [id, partitionkey] of [
      ['a1', 'a'],
      ['a2', 'a'],
      ['b1', 'b'],
      ['b2', 'b'],
    ] as const)
      await stage.send(queue, stage.event('t', id, { partitionkey }))
    for (let i = 0; i < 2; i++) await queue.work(worker.handler)
    await stage.after(stage.mesh.drain(), 60_000)
    const of = (key: string) => worker.ids.filter((id) => id.startsWith(key))
    assert.deepEqual(
      [of('a'), of('b')],
      [
        ['a1', 'a1', 'a2'],
        ['b1', 'b2'],
      ],
    )
  },
  async 'what is sent with a delay comes after it'(stage) {
    const queue = await stage.mesh.queue(stage.name('q'))
    const worker = stage.recorder()
    await queue.work(worker.handler)
    await stage.after(queue.send(stage.event('t', 'late'), { delayMs: 10_000 }))
    await stage.send(queue, stage.event('t', 'now'))
    await stage.until('the first', () => worker.ids.length === 1)
    await stage.advance(5_000)
    assert.deepEqual(worker.ids, ['now'])
    await stage.until('the second', () => worker.ids.length === 2)
    await stage.refused(queue.send(stage.event('t', 'x'), { delayMs: -1 }), 'InputError')
  },
  async 'what a stopped worker has not begun waits for another one'(stage) {
    const queue = await stage.mesh.queue(stage.name('q'))
    const release = Promise.withResolvers<void>()
    const first = stage.recorder(() => release.promise)
    const working = await queue.work(first.handler, { maxConcurrent: 1 })
    for (const id of ['1', '2']) await stage.send(queue, stage.event('t', id))
    await stage.until('a delivery', () => first.ids.length > 0)
    let isStopped = false
    const stopping = working.stop().then(() => (isStopped = true))
    await stage.advance(0)
    assert.equal(isStopped, false)
    release.resolve()
    await stage.after(stopping)
    const second = stage.recorder()
    await queue.work(second.handler)
    await stage.until('the rest', () => second.ids.length > 0)
    assert.deepEqual([first.ids, second.ids], [['1'], ['2']])
  },
  async 'a queue tells its depth, what is being handled, its age and what it counted'(stage) {
    const queue = await stage.mesh.queue(stage.name('q'), { deliveriesMax: 2 })
    const release = Promise.withResolvers<void>()
    for (const id of ['1', '2', '3', 'bad']) await stage.send(queue, stage.event('t', id))
    await stage.send(queue, stage.event('t', '1'))
    await stage.advance(5_000)
    const before = queue.reading()
    assert.deepEqual([before.kind, before.name], ['queue', stage.name('q')])
    assert.deepEqual([before.depth, before.inFlight, before.repeats], [4, 0, 1])
    assert.ok(before.oldestAgeMs >= 5_000)
    const worker = stage.recorder(({ id }) => (id === 'bad' ? down() : release.promise))
    await queue.work(worker.handler, { maxConcurrent: 2 })
    await stage.until('two deliveries', () => worker.ids.length === 2)
    assert.deepEqual([queue.reading().depth, queue.reading().inFlight], [2, 2])
    release.resolve()
    await stage.after(stage.mesh.drain(), 60_000)
    const { depth, inFlight, dead, deliveries, redeliveries, deadLetters, oldestAgeMs } =
      queue.reading()
    assert.deepEqual([depth, inFlight, dead, oldestAgeMs], [0, 0, 1, 0])
    assert.deepEqual([deliveries, redeliveries, deadLetters], [5, 1, 1])
    assert.deepEqual(
      stage.mesh.readings().filter(({ name }) => name === stage.name('q')),
      [queue.reading()],
    )
  },
  async 'over depthMax what is sent is refused, and taken again when there is room'(stage) {
    const queue = await stage.mesh.queue(stage.name('q'), { depthMax: 2 })
    for (const id of ['1', '2']) await stage.send(queue, stage.event('t', id))
    const error = await stage.refused(queue.send(stage.event('t', '3')), 'ResourceExhaustionError')
    assert.deepEqual([error.retryable, error.details?.limit], [true, 'queueDepthMax'])
    const worker = stage.recorder()
    await queue.work(worker.handler)
    await stage.after(stage.mesh.drain(), 1_000)
    assert.equal(await stage.send(queue, stage.event('t', '3')), 'accepted')
    assert.equal(queue.reading().refused, 1)
  },
  async 'a queue is opened once, under a name and limits that make sense'(stage) {
    const { mesh } = stage
    const name = stage.name('q')
    assert.equal(await mesh.queue(name, { visibilityMs: 1_000 }), await mesh.queue(name))
    await stage.refused(mesh.queue(name, { visibilityMs: 2_000 }), 'InputError')
    await stage.refused(mesh.queue(''), 'InputError')
    await stage.refused(mesh.queue('q'.repeat(300)), 'InputError')
    for (const bad of [0, -1, 1.5, Number.NaN, limits.meshDeadlineMsMax + 1])
      await stage.refused(mesh.queue(stage.name('r'), { visibilityMs: bad }), 'InputError')
  },
}

function methods(delivery: WorkDelivery) {
  return {
    ack: () => delivery.ack(),
    nack: (options?: { readonly delayMs?: number }) => delivery.nack(options),
  }
}

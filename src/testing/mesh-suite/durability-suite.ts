import assert from 'node:assert/strict'
import { down, type MeshChecks, type MeshStage } from '../mesh-stage.ts'

/** What a queue keeps when its process dies. */
export const durabilityChecks: MeshChecks = {
  async 'what was accepted is there after the process died, in its order, and delivered'(stage) {
    const queue = await stage.mesh.queue(stage.name('q'))
    const events = ['1', '2', '3'].map((id) =>
      stage.event('t', id, { partitionkey: 'k', data: { id }, subject: 's', correlationid: 'c' }),
    )
    for (const event of events) await stage.after(queue.send(event))
    await restart(stage)
    const again = await stage.mesh.queue(stage.name('q'))
    assert.equal(again.reading().depth, 3)
    const worker = stage.recorder()
    await again.work(worker.handler)
    await stage.after(stage.mesh.drain(), 60_000)
    assert.deepEqual(worker.events, events)
    await restart(stage)
    assert.equal((await stage.mesh.queue(stage.name('q'))).reading().depth, 0)
  },
  async 'a delivery that its process did not outlive counts, and after the last it is a dead letter'(
    stage,
  ) {
    const options = { deliveriesMax: 3 }
    for (let life = 1; life <= 3; life++) {
      const queue = await stage.mesh.queue(stage.name('q'), options)
      if (life === 1) await stage.after(queue.send(stage.event('t', 'deadly')))
      const worker = stage.recorder(() => new Promise(() => {}))
      await queue.work(worker.handler)
      await stage.until('the delivery', () => worker.ids.length > 0)
      assert.deepEqual(worker.attempts, [life])
      await restart(stage)
    }
    const queue = await stage.mesh.queue(stage.name('q'), options)
    const worker = stage.recorder()
    await queue.work(worker.handler)
    await stage.after(queue.send(stage.event('t', 'next')))
    await stage.after(stage.mesh.drain(), 60_000)
    assert.deepEqual(worker.ids, ['next'])
    const [letter] = await queue.deadLetters()
    assert.deepEqual(
      [letter?.event?.id, letter?.deliveries, letter?.error.code],
      ['deadly', 3, 'CrashLoopError'],
    )
  },
  async 'a dead letter is kept with its error, and can be redriven after the process died'(stage) {
    const options = { deliveriesMax: 1 }
    const queue = await stage.mesh.queue(stage.name('q'), options)
    await queue.work(down)
    await stage.after(queue.send(stage.event('t')))
    await stage.after(stage.mesh.drain(), 1_000)
    const before = await queue.deadLetters()
    await restart(stage)
    const again = await stage.mesh.queue(stage.name('q'), options)
    assert.deepEqual([await again.deadLetters(), before.length], [before, 1])
    await stage.after(again.redrive(before[0]?.id ?? ''))
    await restart(stage)
    const last = await stage.mesh.queue(stage.name('q'), options)
    const worker = stage.recorder()
    await last.work(worker.handler)
    await stage.after(stage.mesh.drain(), 1_000)
    assert.deepEqual([worker.ids, worker.attempts, await last.deadLetters()], [['t'], [1], []])
  },
  async 'repeats are dropped also after the process died'(stage) {
    const queue = await stage.mesh.queue(stage.name('q'))
    for (const id of ['waits', 'handled']) await stage.after(queue.send(stage.event('t', id)))
    const worker = stage.recorder(({ id }) =>
      id === 'handled' ? undefined : new Promise(() => {}),
    )
    await queue.work(worker.handler)
    await stage.until('one is handled', () => queue.reading().depth + queue.reading().inFlight < 2)
    await stage.advance(0)
    await restart(stage)
    const again = await stage.mesh.queue(stage.name('q'))
    for (const id of ['waits', 'handled'])
      assert.equal(await stage.after(again.send(stage.event('t', id))), 'repeated')
  },
  async 'a delay goes on after the process died'(stage) {
    const queue = await stage.mesh.queue(stage.name('q'))
    await stage.after(queue.send(stage.event('t'), { delayMs: 20_000 }))
    await restart(stage)
    const again = await stage.mesh.queue(stage.name('q'))
    const worker = stage.recorder()
    await again.work(worker.handler)
    await stage.advance(10_000)
    assert.deepEqual(worker.ids, [])
    await stage.until('the delivery', () => worker.ids.length > 0)
  },
}

async function restart({ harness }: MeshStage): Promise<void> {
  if (harness.restart === undefined)
    throw new Error("nothing outlives the process here: declare the gap 'durability'")
  await harness.restart()
}

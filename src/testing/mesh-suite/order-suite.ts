import assert from 'node:assert/strict'
import { limits } from '../../core/limits.ts'
import { down, type MeshChecks } from '../mesh-stage.ts'

/** Events of one key in order, of different keys beside each other. */
export const orderChecks: MeshChecks = {
  async 'events of one key come one after the other, whoever of the group handles them'(stage) {
    const running = new Map<string, number>()
    let together = 0
    const ends: (() => void)[] = []
    const handler = stage.recorder(async ({ partitionkey = '' }) => {
      const now = (running.get(partitionkey) ?? 0) + 1
      running.set(partitionkey, now)
      together = Math.max(together, now)
      await new Promise<void>((end) => ends.push(end))
      running.set(partitionkey, now - 1)
    })
    const group = stage.name('g')
    for (let i = 0; i < 3; i++)
      await stage.mesh.subscribe(stage.name('t'), handler.handler, { group })
    const keys = ['a', 'b', 'c']
    for (let i = 0; i < 6; i++)
      for (const key of keys)
        await stage.mesh.publish(stage.event('t', `${key}${i}`, { partitionkey: key }))
    for (let round = 0; handler.ids.length < 18; round++) {
      assert.ok(round < 100, 'events do not come')
      await stage.until('a delivery', () => ends.length > 0)
      for (const end of ends.splice(0)) end()
      await stage.advance(0)
    }
    for (const end of ends) end()
    assert.equal(together, 1)
    for (const key of keys) {
      const ofKey = handler.ids.filter((id) => id.startsWith(key))
      assert.deepEqual(
        ofKey,
        [0, 1, 2, 3, 4, 5].map((i) => `${key}${i}`),
      )
    }
  },
  async 'a key whose event takes long does not hold up the others'(stage) {
    const release = Promise.withResolvers<void>()
    const handler = stage.recorder(({ partitionkey }) =>
      partitionkey === 'slow' ? release.promise : undefined,
    )
    await stage.mesh.subscribe(stage.name('t'), handler.handler, { maxConcurrent: 2 })
    for (const [id, partitionkey] of [
      ['s1', 'slow'],
      ['s2', 'slow'],
      ['f1', 'fast'],
      ['f2', 'fast'],
    ] as const)
      await stage.mesh.publish(stage.event('t', id, { partitionkey }))
    await stage.until('the fast key', () => handler.ids.includes('f2'))
    // Different keys are in no order among each other.
    assert.deepEqual(handler.ids.toSorted(), ['f1', 'f2', 's1'])
    release.resolve()
    await stage.after(stage.mesh.drain(), 1_000)
    assert.equal(handler.ids.at(-1), 's2')
  },
  async 'an event that fails is delivered again before those behind it, and given up frees its key'(
    stage,
  ) {
    const handler = stage.recorder(({ id }, { attempt }) =>
      id === 'bad' || (id === 'once' && attempt === 1) ? down() : undefined,
    )
    await stage.mesh.subscribe(stage.name('t'), handler.handler)
    for (const id of ['once', 'next', 'bad', 'last'])
      await stage.mesh.publish(stage.event('t', id, { partitionkey: 'k' }))
    await stage.after(stage.mesh.drain(), 60_000)
    const bad = Array.from({ length: limits.meshDeliveriesMax }, () => 'bad')
    assert.deepEqual(handler.ids, ['once', 'once', 'next', ...bad, 'last'])
  },
}

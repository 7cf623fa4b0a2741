import assert from 'node:assert/strict'
import type { CloudEvent } from '../../core/contracts/events.ts'
import type { JsonValue } from '../../core/json.ts'
import { limits } from '../../core/limits.ts'
import { down, type MeshChecks } from '../mesh-stage.ts'

/** Publish and subscribe: patterns, groups, redelivery, repeats, stopping. */
export const topicChecks: MeshChecks = {
  async 'a subscription gets the types that its pattern matches, and no others'(stage) {
    const { mesh } = stage
    const [exact, prefix, all] = [stage.recorder(), stage.recorder(), stage.recorder()]
    await mesh.subscribe(stage.name('a.b'), exact.handler)
    await mesh.subscribe(stage.name('a.*'), prefix.handler)
    await mesh.subscribe('*', all.handler)
    for (const type of ['a.b', 'a.b.c', 'a', 'b', 'a.']) await mesh.publish(stage.event(type))
    const ours = () => all.events.filter(({ type }) => type.startsWith(stage.name('')))
    await stage.until('all events', () => ours().length === 5)
    assert.deepEqual(exact.ids, ['a.b'])
    assert.deepEqual(prefix.ids.toSorted(), ['a.', 'a.b', 'a.b.c'])
    assert.deepEqual(
      ours()
        .map(({ id }) => id)
        .toSorted(),
      ['a', 'a.', 'a.b', 'a.b.c', 'b'],
    )
  },
  async 'a subscription gets what is published after it, also of types that were seen before'(
    stage,
  ) {
    const { mesh } = stage
    await mesh.publish(stage.event('t', 'before'))
    const handler = stage.recorder()
    await mesh.subscribe(stage.name('t'), handler.handler)
    await mesh.publish(stage.event('t', 'after'))
    await stage.until('the event', () => handler.ids.length > 0)
    assert.deepEqual(handler.ids, ['after'])
  },
  async 'each subscription gets each event, a group each once'(stage) {
    const { mesh } = stage
    const alone = [stage.recorder(), stage.recorder()]
    const members = [stage.recorder(), stage.recorder(), stage.recorder()]
    for (const { handler } of alone) await mesh.subscribe(stage.name('t'), handler)
    const group = stage.name('g')
    for (const { handler } of members) await mesh.subscribe(stage.name('t'), handler, { group })
    const ids = Array.from({ length: 30 }, (_, i) => `e${i}`)
    for (const id of ids) await mesh.publish(stage.event('t', id))
    await stage.after(mesh.drain(), 1_000)
    for (const { ids: got } of alone) assert.deepEqual(got.toSorted(), ids.toSorted())
    assert.deepEqual(members.flatMap(({ ids: got }) => got).toSorted(), ids.toSorted())
    for (const { ids: got } of members) assert.ok(got.length > 0, 'a member got nothing')
  },
  async 'an event comes as it was published, whatever publisher and handlers change later'(stage) {
    const seen: JsonValue[] = []
    const spoil = async ({ data }: CloudEvent): Promise<void> => {
      seen.push(structuredClone(data))
      Reflect.set(data as object, 'n', 3)
    }
    for (let i = 0; i < 2; i++) await stage.mesh.subscribe(stage.name('t'), spoil)
    const data = { n: 1 }
    const published = stage.mesh.publish(stage.event('t', 't', { data }))
    data.n = 2
    await published
    await stage.until('both deliveries', () => seen.length === 2)
    assert.deepEqual(seen, [{ n: 1 }, { n: 1 }])
  },
  async 'an event keeps its extension attributes, a trace among them'(stage) {
    const handler = stage.recorder()
    await stage.mesh.subscribe(stage.name('t'), handler.handler)
    const event = stage.event('t', 't', {
      time: '2026-05-01T12:00:00Z',
      subject: 's',
      partitionkey: 'k',
      correlationid: 'c',
      causationid: 'b',
      traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
      tracestate: 'a=b',
    })
    await stage.mesh.publish(event)
    await stage.until('the event', () => handler.ids.length > 0)
    assert.deepEqual(handler.events, [event])
  },
  async 'a repeat by source and id is dropped, the same id of another source is not'(stage) {
    const { mesh } = stage
    const [one, two] = [stage.recorder(), stage.recorder()]
    await mesh.subscribe(stage.name('t'), one.handler)
    await mesh.subscribe(stage.name('t'), two.handler, { group: stage.name('g') })
    for (const data of [1, 2]) await mesh.publish(stage.event('t', 'same', { data }))
    await stage.after(mesh.drain(), 1_000)
    await mesh.publish(stage.event('t', 'same', { source: 'other' }))
    await mesh.publish(stage.event('t', 'same', { data: 3 }))
    await stage.until('the other source', () => one.ids.length > 1 && two.ids.length > 1)
    for (const { events } of [one, two])
      assert.deepEqual(
        events.map(({ source, data }) => [source, data]),
        [
          ['suite', 1],
          ['other', null],
        ],
      )
  },
  async 'a delivery that fails is made again, to this subscription only'(stage) {
    const failing = stage.recorder((_, { attempt }) => (attempt < 3 ? down() : undefined))
    const other = stage.recorder()
    const dead = stage.letters()
    await stage.mesh.subscribe(stage.name('t'), failing.handler)
    await stage.mesh.subscribe(stage.name('t'), other.handler)
    await stage.mesh.publish(stage.event('t'))
    await stage.after(stage.mesh.drain(), 60_000)
    assert.deepEqual([failing.attempts, other.ids, dead], [[1, 2, 3], ['t'], []])
  },
  async 'an event that fails every time is a dead letter, and the next one is handled'(stage) {
    const handler = stage.recorder(({ id }) => (id === 'bad' ? down() : undefined))
    const dead = stage.letters()
    const group = stage.name('g')
    await stage.mesh.subscribe(stage.name('t*'), handler.handler, { group, maxConcurrent: 1 })
    const bad = stage.event('t', 'bad', { data: { n: 1 } })
    await stage.mesh.publish(bad)
    await stage.mesh.publish(stage.event('t', 'good'))
    await stage.after(stage.mesh.drain(), 60_000)
    const tries = handler.ids.filter((id) => id === 'bad').length
    assert.deepEqual([tries, handler.ids.length - tries], [limits.meshDeliveriesMax, 1])
    const [letter] = dead
    assert.deepEqual([dead.length, letter?.event], [1, bad])
    const { pattern, group: of, queue, deliveries } = letter ?? {}
    assert.deepEqual([pattern, of, queue, deliveries], [stage.name('t*'), group, null, tries])
    assert.equal(letter?.error.message, 'down')
  },
  async 'a dead letter that is published again is delivered again'(stage) {
    let isDown = true
    const handler = stage.recorder(() => (isDown ? down() : undefined))
    await stage.mesh.subscribe(stage.name('t'), handler.handler)
    await stage.mesh.publish(stage.event('t'))
    await stage.after(stage.mesh.drain(), 60_000)
    isDown = false
    await stage.mesh.publish(stage.event('t'))
    await stage.after(stage.mesh.drain(), 60_000)
    assert.equal(handler.ids.length, limits.meshDeliveriesMax + 1)
    assert.equal(handler.attempts.at(-1), 1)
  },
  async 'a stopped subscription gets nothing more, and has stopped when its handler has'(stage) {
    const release = Promise.withResolvers<void>()
    const handler = stage.recorder(() => release.promise)
    const subscription = await stage.mesh.subscribe(stage.name('t'), handler.handler)
    await stage.mesh.publish(stage.event('t', 'before'))
    await stage.until('the event', () => handler.ids.length > 0)
    let isStopped = false
    const stopping = subscription.stop().then(() => (isStopped = true))
    await stage.mesh.publish(stage.event('t', 'after'))
    await stage.advance(0)
    assert.equal(isStopped, false)
    release.resolve()
    await stage.after(stopping)
    await stage.after(subscription.stop())
    assert.deepEqual([handler.ids, isStopped], [['before'], true])
  },
  async 'a member that joins a group takes what waits for the others'(stage) {
    const release = Promise.withResolvers<void>()
    const group = stage.name('g')
    const busy = stage.recorder(() => release.promise)
    await stage.mesh.subscribe(stage.name('t'), busy.handler, { group, maxConcurrent: 1 })
    for (const id of ['1', '2', '3']) await stage.mesh.publish(stage.event('t', id))
    await stage.until('the first event', () => busy.ids.length > 0)
    const joined = stage.recorder()
    await stage.mesh.subscribe(stage.name('t'), joined.handler, { group })
    await stage.until('the others', () => joined.ids.length === 2)
    assert.equal(busy.ids.length, 1)
    release.resolve()
  },
  async 'what waits for a member that stops goes to the rest of its group'(stage) {
    const release = Promise.withResolvers<void>()
    const { mesh } = stage
    const group = stage.name('g')
    const busy = stage.recorder(() => release.promise)
    const first = await mesh.subscribe(stage.name('t'), busy.handler, { group, maxConcurrent: 1 })
    for (const id of ['1', '2', '3']) await mesh.publish(stage.event('t', id))
    await stage.until('the first event', () => busy.ids.length > 0)
    const rest = stage.recorder()
    await mesh.subscribe(stage.name('t'), rest.handler, { group })
    const stopping = first.stop()
    release.resolve()
    await stage.after(stopping)
    await stage.after(mesh.drain(), 60_000)
    assert.deepEqual([...busy.ids, ...rest.ids].toSorted(), ['1', '2', '3'])
    assert.ok(rest.ids.length >= 2)
    await stage.refused(mesh.subscribe(stage.name('u'), rest.handler, { group }), 'InputError')
  },
  async 'draining waits for everything that was accepted'(stage) {
    const handler = stage.recorder((_, { attempt }) => (attempt === 1 ? down() : undefined))
    await stage.mesh.subscribe(stage.name('t'), handler.handler)
    await stage.after(stage.mesh.drain())
    for (let i = 0; i < 40; i++) await stage.mesh.publish(stage.event('t', String(i)))
    await stage.after(stage.mesh.drain(), 60_000)
    assert.equal(handler.ids.length, 80)
  },
}

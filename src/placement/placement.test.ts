import { expect, test } from 'vitest'
import type { Clock } from '../core/clock.ts'
import { OrchestrationError } from '../core/errors.ts'
import { silentLogger } from '../core/logger.ts'
import { FakeTime, placementStoreSuite } from '../testing/index.ts'
import { MemoryPlacementStore } from './memory-placement-store.ts'
import { Placement } from './placement.ts'
import type { Beat, PlacementStore, PlacementView } from './placement-store.ts'

for (const { name, run } of placementStoreSuite(async () => {
  const time = new FakeTime()
  const advance = async (ms: number): Promise<void> => time.pass(ms)
  return { store: new MemoryPlacementStore(time.newLife()), advance, close: async () => {} }
}))
  test(`in memory: ${name}`, () => expect(run()).resolves.toBeUndefined())

/** A store that may be out of reach. */
class Away implements PlacementStore {
  isAway = false
  readonly #store: PlacementStore
  constructor(store: PlacementStore) {
    this.#store = store
  }
  async beat(beat: Beat): Promise<PlacementView> {
    if (this.isAway) throw new OrchestrationError('StorageError', 'away', { retryable: true })
    return this.#store.beat(beat)
  }
  async leave(instance: string): Promise<void> {
    if (this.isAway) throw new OrchestrationError('StorageError', 'away', { retryable: true })
    return this.#store.leave(instance)
  }
}

/** The clock of a process that may be stopped: time goes on, and nothing fires until it is woken. */
class Process implements Clock {
  readonly #clock: Clock
  #due: (() => void)[] | null = null
  constructor(clock: Clock) {
    this.#clock = clock
  }
  nowMs = (): number => this.#clock.nowMs()
  monotonicMs = (): number => this.#clock.monotonicMs()
  atTurnEnd = (run: () => void): void => this.#clock.atTurnEnd(run)
  after = (delayMs: number, fire: () => void): (() => void) =>
    this.#clock.after(delayMs, () => (this.#due === null ? fire() : this.#due.push(fire)))
  stop(): void {
    this.#due = []
  }
  wake(): void {
    const due = this.#due ?? []
    this.#due = null
    for (const fire of due) fire()
  }
}

class Site {
  readonly time = new FakeTime()
  readonly shared = new MemoryPlacementStore(this.time.newLife())
  readonly held = new Map<string, readonly number[]>()

  async open(instance: string, store: PlacementStore = this.shared) {
    const life = new Process(this.time.newLife())
    const placement = new Placement({
      store,
      instance,
      shards: 12,
      leaseMs: 1_000,
      clock: life,
      logger: silentLogger,
      onHolds: (shards) => this.held.set(instance, shards),
    })
    await placement.start()
    return { placement, life }
  }

  pass(ms: number): Promise<void> {
    return this.time.advance(ms)
  }

  counts(): readonly number[] {
    return [...this.held.values()].map((shards) => shards.length)
  }

  every(): readonly number[] {
    return [...this.held.values()].flat().toSorted((a, b) => a - b)
  }
}

const all = Array.from({ length: 12 }, (_, shard) => shard)

test('one instance has every shard; the second and the third take their shares', async () => {
  const site = new Site()
  await site.open('a')
  await site.pass(1_000)
  expect(site.held.get('a')).toEqual(all)
  await site.open('b')
  await site.open('c')
  await site.pass(2_000)
  expect(site.counts()).toEqual([4, 4, 4])
  expect(site.every()).toEqual(all)
})

test('the shards of an instance that stops go to the others', async () => {
  const site = new Site()
  const { placement } = await site.open('a')
  await site.open('b')
  await site.pass(2_000)
  const [shard = -1] = site.held.get('a') ?? []
  await placement.stop()
  expect(await placement.mayBegin(shard)).toBe(true) // what it has begun it may finish
  await site.pass(1_000)
  expect(site.held.get('a')).toEqual([])
  expect(site.held.get('b')).toEqual(all)
})

test('an instance that stood still begins nothing for what others have taken meanwhile', async () => {
  const site = new Site()
  const { placement: stale, life } = await site.open('a')
  await site.open('b')
  await site.pass(2_000)
  const [shard = -1] = site.held.get('a') ?? []
  expect(await stale.mayBegin(shard)).toBe(true)
  life.stop()
  await site.pass(3_000)
  expect(site.held.get('b')).toEqual(all)
  const answer = stale.mayBegin(shard)
  life.wake()
  await site.pass(500)
  expect(await answer).toBe(false)
  await site.pass(2_000)
  expect(site.counts()).toEqual([6, 6])
})

test('while the store is away nothing new begins, and afterwards all find what was theirs', async () => {
  const site = new Site()
  const away = new Away(site.shared)
  const { placement } = await site.open('a', away)
  await site.open('b', away)
  await site.open('c', away)
  await site.pass(3_000)
  const before = new Map(site.held)
  away.isAway = true
  await site.pass(5_000)
  expect(placement.isCurrent).toBe(false)
  const answer = placement.mayBegin(before.get('a')?.[0] ?? -1)
  away.isAway = false
  await site.pass(3_000)
  expect(await answer).toBe(true)
  expect(site.held).toEqual(before)
})

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { placeShards } from './place-shards.ts'
import { shardOf } from './shard.ts'

const names = fc.uniqueArray(fc.stringMatching(/^[a-z0-9-]{1,12}$/), {
  minLength: 1,
  maxLength: 9,
})
const shardCounts = fc.integer({ min: 1, max: 40 })

function holdersOf(placed: readonly string[]): ReadonlyMap<number, string> {
  return new Map(placed.map((member, shard) => [shard, member]))
}

function counts(placed: readonly string[], members: readonly string[]): readonly number[] {
  return members.map((member) => placed.filter((holder) => holder === member).length)
}

/** A placement as a history of joining and leaving leaves it. */
const histories = fc.record({
  shards: shardCounts,
  all: names,
  moves: fc.array(fc.nat(), { maxLength: 12 }),
})

function play({ shards, all, moves }: { shards: number; all: string[]; moves: number[] }): {
  readonly members: readonly string[]
  readonly placed: readonly string[]
} {
  let members = [all[0] as string]
  let placed = placeShards(shards, members, new Map())
  for (const move of moves) {
    const one = all[move % all.length] as string
    const next = members.includes(one) ? members.filter((name) => name !== one) : [...members, one]
    if (next.length === 0) continue
    members = next
    placed = placeShards(shards, members, holdersOf(placed))
  }
  return { members, placed }
}

test('whoever joined and left before, nobody has more than one shard more than another', () => {
  fc.assert(
    fc.property(histories, (history) => {
      const { members, placed } = play(history)
      const held = counts(placed, members)
      expect(placed).toHaveLength(history.shards)
      expect(Math.max(...held) - Math.min(...held)).toBeLessThanOrEqual(1)
    }),
  )
})

test('a member that joins takes its share, and no other shard moves', () => {
  fc.assert(
    fc.property(histories, (history) => {
      const { members, placed } = play(history)
      const after = placeShards(history.shards, [...members, 'NEW'], holdersOf(placed))
      const moved = after.filter((member, shard) => member !== placed[shard])
      expect(new Set(moved).size).toBeLessThanOrEqual(1)
      expect(moved.every((member) => member === 'NEW')).toBe(true)
      expect(moved.length).toBeLessThanOrEqual(Math.ceil(history.shards / (members.length + 1)))
    }),
  )
})

test('of a member that leaves only its own shards move', () => {
  fc.assert(
    fc.property(histories, fc.nat(), (history, pick) => {
      const { members, placed } = play(history)
      fc.pre(members.length > 1)
      const leaving = members[pick % members.length] as string
      const rest = members.filter((member) => member !== leaving)
      const after = placeShards(history.shards, rest, holdersOf(placed))
      const stayed = placed.map((member, shard) => (member === leaving ? member : after[shard]))
      expect(stayed).toEqual(placed)
    }),
  )
})

test('all instances decide the same, and a settled placement stays', () => {
  fc.assert(
    fc.property(histories, (history) => {
      const { members, placed } = play(history)
      const again = placeShards(history.shards, members.toReversed(), holdersOf(placed))
      expect(again).toEqual(placed)
    }),
  )
})

test('10,000 executions spread within 10 %; a fourth instance moves less than 30 %, a removed one its own', () => {
  const names = fc.uniqueArray(fc.uuid(), { minLength: 4, maxLength: 4 })
  fc.assert(
    fc.property(names, fc.string({ unit: 'grapheme', maxLength: 30 }), (instances, prefix) => {
      const ids = Array.from({ length: 10_000 }, (_, n) => `${prefix}-${n}`)
      const three = instances.slice(0, 3)
      const before = placeShards(12, three, new Map())
      const after = placeShards(12, instances, holdersOf(before))
      const without = placeShards(12, instances.slice(1), holdersOf(after))
      const ownerIn = (placed: readonly string[], id: string): string =>
        placed[shardOf(id, 12)] as string
      for (const [members, placed] of [
        [three, before],
        [instances, after],
        [instances.slice(1), without],
      ] as const) {
        const fair = ids.length / members.length
        for (const member of members) {
          const share = ids.filter((id) => ownerIn(placed, id) === member).length
          expect(Math.abs(share - fair) / fair).toBeLessThan(0.1)
        }
      }
      const moved = ids.filter((id) => ownerIn(before, id) !== ownerIn(after, id))
      expect(moved.length).toBeLessThan(3_000)
      for (const id of ids)
        if (ownerIn(after, id) !== instances[0])
          expect(ownerIn(without, id)).toBe(ownerIn(after, id))
    }),
    { numRuns: 5 },
  )
})

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { rendezvous, rendezvousOrder } from './rendezvous.ts'

const members = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 12 }), {
  minLength: 2,
  maxLength: 12,
})
const keys = fc.array(fc.string(), { minLength: 1, maxLength: 60 })

test('without a member that leaves, only its own keys belong to others', () => {
  fc.assert(
    fc.property(members, keys, fc.nat(), (all, asked, pick) => {
      const leaving = all[pick % all.length] as string
      const rest = all.filter((member) => member !== leaving)
      for (const key of asked) {
        const before = rendezvous(key, all)
        const after = rendezvous(key, rest)
        if (before === leaving) expect(rest).toContain(after)
        else expect(after).toBe(before)
      }
    }),
  )
})

test('a member that joins takes keys, and no other moves', () => {
  fc.assert(
    fc.property(members, keys, ([newcomer = '', ...before], asked) => {
      for (const key of asked) {
        const after = rendezvous(key, [...before, newcomer])
        expect([rendezvous(key, before), newcomer]).toContain(after)
      }
    }),
  )
})

test('the order of the members does not matter', () => {
  fc.assert(
    fc.property(members, keys, (all, asked) => {
      for (const key of asked) expect(rendezvous(key, all)).toBe(rendezvous(key, all.toReversed()))
    }),
  )
})

test.each([2, 5, 10])('20,000 keys spread over %i members within 10 %%', (count) => {
  const all = Array.from({ length: count }, (_, i) => `agent-${i}`)
  const shares = new Map<string, number>()
  for (let key = 0; key < 20_000; key++) {
    const member = rendezvous(`tenant-${key}`, all) as string
    shares.set(member, (shares.get(member) ?? 0) + 1)
  }
  const fair = 20_000 / count
  expect(shares.size).toBe(count)
  for (const share of shares.values()) expect(Math.abs(share - fair) / fair).toBeLessThan(0.1)
})

test('without members nobody has the key', () => {
  expect(rendezvous('a', [])).toBeUndefined()
})

test('the order begins with whoever has the key, and goes on with who would have it next', () => {
  fc.assert(
    fc.property(members, fc.string(), (all, key) => {
      const order = rendezvousOrder(key, all)
      expect(order.map((_, place) => rendezvous(key, order.slice(place)))).toEqual(order)
      expect(order.toSorted()).toEqual(all.toSorted())
    }),
  )
})

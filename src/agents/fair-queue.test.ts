import fc from 'fast-check'
import { expect, test } from 'vitest'
import { FairQueue } from './fair-queue.ts'

test('owners are served in turn, and each owner first come first served', () => {
  const queue = new FairQueue<string>()
  for (const value of ['a1', 'a2', 'a3', 'b1', 'c1', 'c2']) queue.push(value.charCodeAt(0), value)
  const served = Array.from({ length: 7 }, () => queue.shift())
  expect(served).toEqual(['a1', 'b1', 'c1', 'a2', 'c2', 'a3', undefined])
})

test('the oldest owner can be served first, whoever came first', () => {
  const queue = new FairQueue<string>()
  for (const [value, owner] of [
    ['c1', 3],
    ['a1', 1],
    ['b1', 2],
    ['a2', 1],
  ] as const)
    queue.push(owner, value)
  expect([queue.shiftOldest(), queue.shift(), queue.shiftOldest()]).toEqual(['a1', 'c1', 'a2'])
  expect([queue.shiftOldest(), queue.shiftOldest()]).toEqual(['b1', undefined])
})

test('the same value cannot wait twice', () => {
  const queue = new FairQueue<string>()
  queue.push(1, 'x')
  expect(() => queue.push(2, 'x')).toThrow('waits twice')
})

test('whatever comes and goes, nothing is lost, order within an owner is kept and nobody is passed over twice', () => {
  const step = fc.record({
    kind: fc.constantFrom('push', 'push', 'shift', 'remove'),
    owner: fc.constantFrom(1, 2, 3),
    pick: fc.nat(1_000),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const queue = new FairQueue<number>()
      const waiting: { readonly owner: number; readonly value: number }[] = []
      // How often others were served since an owner that waits was.
      const passed = new Map<number, number[]>()
      for (const [value, { kind, owner, pick }] of steps.entries()) {
        if (kind === 'push') {
          if (!waiting.some((one) => one.owner === owner)) passed.set(owner, [])
          queue.push(owner, value)
          waiting.push({ owner, value })
        } else if (kind === 'remove') {
          const [gone] = waiting.splice(pick % Math.max(1, waiting.length), 1)
          expect(queue.remove(gone?.value ?? -1)).toBe(gone !== undefined)
        } else {
          const served = queue.shift()
          const place = waiting.findIndex((one) => one.value === served)
          expect(place < 0).toBe(waiting.length === 0)
          if (served === undefined) continue
          const [{ owner: of }] = waiting.splice(place, 1) as [{ owner: number; value: number }]
          expect(waiting.slice(0, place).some((one) => one.owner === of)).toBe(false)
          for (const [other, by] of passed) if (other !== of) by.push(of)
          passed.set(of, [])
          for (const [other, by] of passed) {
            if (!waiting.some((one) => one.owner === other)) passed.delete(other)
            else expect(new Set(by).size).toBe(by.length)
          }
        }
        expect(queue.size).toBe(waiting.length)
      }
    }),
  )
})

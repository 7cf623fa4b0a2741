import fc from 'fast-check'
import { expect, test } from 'vitest'
import { FairQueue, type Turn } from './fair-queue.ts'

const turnOf = (owner: string, age = 0): Turn => ({ owner, age })

test('owners are served in turn, and each owner first come first served', () => {
  const queue = new FairQueue<string>()
  for (const value of ['a1', 'a2', 'a3', 'b1', 'c1', 'c2'])
    queue.push(turnOf(value.charAt(0)), value)
  const served = Array.from({ length: 7 }, () => queue.shift())
  expect(served).toEqual(['a1', 'b1', 'c1', 'a2', 'c2', 'a3', undefined])
})

test('the oldest can be served first, whoever came first and whoever has it', () => {
  const queue = new FairQueue<string>()
  const push = (value: string, age: number): void => queue.push(turnOf(value.charAt(0), age), value)
  for (const [value, age] of [
    ['c3', 3],
    ['a1', 1],
    ['b2', 2],
    ['b1', 1],
    ['a2', 2],
  ] as const)
    push(value, age)
  expect([queue.shiftOldest(), queue.shiftOldest()]).toEqual(['a1', 'b1'])
  push('d1', 1)
  push('d2', 2)
  queue.remove('b2')
  expect([queue.shiftOldest(), queue.shiftOldest(), queue.shift()]).toEqual(['d1', 'a2', 'c3'])
  expect([queue.shiftOldest(), queue.shiftOldest()]).toEqual(['d2', undefined])
})

test('the same value cannot wait twice', () => {
  const queue = new FairQueue<string>()
  queue.push(turnOf('a'), 'x')
  expect(() => queue.push(turnOf('b'), 'x')).toThrow('waits twice')
})

test('whatever comes and goes, nothing is lost, order within an owner is kept and nobody is passed over twice', () => {
  const step = fc.record({
    kind: fc.constantFrom('push', 'push', 'shift', 'remove'),
    owner: fc.constantFrom('a', 'b', 'c'),
    pick: fc.nat(1_000),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const queue = new FairQueue<number>()
      const waiting: { readonly owner: string; readonly value: number }[] = []
      // How often others were served since an owner that waits was.
      const passed = new Map<string, string[]>()
      for (const [value, { kind, owner, pick }] of steps.entries()) {
        if (kind === 'push') {
          if (!waiting.some((one) => one.owner === owner)) passed.set(owner, [])
          queue.push(turnOf(owner), value)
          waiting.push({ owner, value })
        } else if (kind === 'remove') {
          const [gone] = waiting.splice(pick % Math.max(1, waiting.length), 1)
          expect(queue.remove(gone?.value ?? -1)).toBe(gone !== undefined)
        } else {
          const served = queue.shift()
          const place = waiting.findIndex((one) => one.value === served)
          expect(place < 0).toBe(waiting.length === 0)
          if (served === undefined) continue
          const [{ owner: of }] = waiting.splice(place, 1) as [{ owner: string; value: number }]
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

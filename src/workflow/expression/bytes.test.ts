import fc from 'fast-check'
import { expect, test } from 'vitest'
import { base64, compareBytes } from './bytes.ts'

test('bytes become the base64 text that Node makes of them', () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      expect(base64(bytes)).toBe(Buffer.from(bytes).toString('base64'))
    }),
  )
})

test('bytes are ordered as Node orders them', () => {
  fc.assert(
    fc.property(fc.uint8Array({ max: 2 }), fc.uint8Array({ max: 2 }), (a, b) => {
      expect(Math.sign(compareBytes(a, b))).toBe(Buffer.compare(a, b))
    }),
  )
})

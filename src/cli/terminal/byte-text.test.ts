import { describe, expect, it } from 'vitest'
import { byteText } from './byte-text.ts'

describe('byteText', () => {
  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [1_000, '1.0 KB'],
    [9_949, '9.9 KB'],
    [9_950, '10 KB'],
    [999_499, '999 KB'],
    [999_500, '1.0 MB'],
    [1_260_000_000, '1.3 GB'],
    [5e15, '5000 TB'],
  ])('writes %i bytes as %s', (bytes, text) => {
    expect(byteText(bytes)).toBe(text)
  })
})

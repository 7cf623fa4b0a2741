import { describe, expect, it } from 'vitest'
import { StateConsistencyError } from '../core/errors.ts'
import { decodePayload } from './codec.ts'
import { isDuplicate, storageErrorOf } from './storage-error.ts'

describe('storageErrorOf', () => {
  it.each([
    ['SQLITE_FULL', { errcode: 13 }, true, /disk is full/],
    ['SQLITE_READONLY', { errcode: 8 }, true, /read-only/],
    ['SQLITE_READONLY_DIRECTORY', { errcode: 1544 }, true, /read-only/],
    ['SQLITE_IOERR_WRITE', { errcode: 778 }, true, /input or output/],
    ['SQLITE_BUSY', { errcode: 5 }, true, /locked/],
    ['SQLITE_CORRUPT', { errcode: 11 }, false, /damaged/],
    ['ENOSPC', { code: 'ENOSPC', syscall: 'write' }, true, /disk is full/],
    ['EROFS', { code: 'EROFS', syscall: 'open' }, true, /read-only/],
    ['EACCES', { code: 'EACCES', syscall: 'open' }, true, /not accessible/],
    ['an unknown code of SQLite', { errcode: 20 }, false, /storage failed/],
  ])('explains %s', (_, fields, retryable, message) => {
    const cause = Object.assign(new Error('raw words'), fields)
    const mapped = storageErrorOf(cause, '/data/aura.db')
    expect(mapped).toMatchObject({ code: 'StorageError', retryable, cause })
    expect((mapped as Error).message).toMatch(message)
    expect((mapped as Error).message).toContain('/data/aura.db')
    expect((mapped as Error).message).toContain('raw words')
  })

  it('leaves other errors as they are', () => {
    const ours = new StateConsistencyError('stale')
    const bug = new TypeError('x is not a function')
    expect(storageErrorOf(ours, 'p')).toBe(ours)
    expect(storageErrorOf(bug, 'p')).toBe(bug)
    expect(storageErrorOf('text', 'p')).toBe('text')
  })
})

describe('isDuplicate', () => {
  it('is true for a unique key in use and for no other constraint', () => {
    expect([2067, 1555, 3091, 1299, 5].map((code) => isDuplicate(violation(code)))).toEqual([
      true,
      true,
      false,
      false,
      false,
    ])
  })
})

describe('decodePayload', () => {
  it('gives plain text back and refuses any other codec', () => {
    expect(decodePayload(0, '{}')).toBe('{}')
    expect(() => decodePayload(1, '{}')).toThrow(expect.objectContaining({ code: 'StorageError' }))
    expect(() => decodePayload(0, new Uint8Array(1))).toThrow(
      expect.objectContaining({ code: 'StorageError' }),
    )
  })
})

function violation(errcode: number): Error {
  return Object.assign(new Error('constraint failed'), { errcode })
}

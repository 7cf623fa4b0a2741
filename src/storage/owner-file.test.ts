import { readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { readOwnerFile, removeOwnerFile, writeOwnerFile } from './owner-file.ts'
import { Sandbox } from './sandbox.ts'

const sandbox = new Sandbox()
afterEach(() => sandbox.clear())

const owner = { pid: 7, port: 4711, token: 'secret', kind: 'run', startedAtMs: 5 } as const

describe('the owner file', () => {
  it('is read back as it was written, private, with no draft left behind', () => {
    const path = sandbox.path()
    writeFileSync(`${path}.owner.7`, 'a draft of a process that died', { mode: 0o644 })
    writeOwnerFile(path, owner)
    expect(readOwnerFile(path)).toEqual(owner)
    expect(statSync(`${path}.owner`).mode & 0o777).toBe(0o600)
    expect(readdirSync(join(path, '..'))).toEqual(['aura.db.owner'])
  })

  it('counts as nothing when it is absent', () => {
    expect(readOwnerFile(sandbox.path())).toBeNull()
  })

  it.each([
    ['no JSON', '{"pid":'],
    ['no object', '[1]'],
    ['a port out of range', JSON.stringify({ ...owner, port: 70_000 })],
    ['a pid that is no count', JSON.stringify({ ...owner, pid: -1 })],
    ['no token', JSON.stringify({ ...owner, token: '' })],
    ['an unknown kind', JSON.stringify({ ...owner, kind: 'walk' })],
    ['no start', JSON.stringify({ ...owner, startedAtMs: null })],
  ])('counts as nothing with %s', (_, text) => {
    const path = sandbox.path()
    writeFileSync(`${path}.owner`, text)
    expect(readOwnerFile(path)).toBeNull()
  })

  it('is removed with a token only when it is that owner’s', () => {
    const path = sandbox.path()
    writeOwnerFile(path, owner)
    removeOwnerFile(path, 'another')
    expect(readOwnerFile(path)).toEqual(owner)
    removeOwnerFile(path, owner.token)
    expect(readOwnerFile(path)).toBeNull()
    removeOwnerFile(path)
  })

  it('that cannot be written is a StorageError', () => {
    const path = join(sandbox.directory(), 'missing', 'aura.db')
    expect(() => writeOwnerFile(path, owner)).toThrow(
      expect.objectContaining({ code: 'StorageError' }),
    )
  })
})

import { readFileSync, writeFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, describe, expect, it } from 'vitest'
import type { OrchestrationError } from '../core/errors.ts'
import { Database } from './database.ts'
import { checkBeside } from './integrity-watch.ts'
import { openReader } from './reader.ts'
import { Sandbox } from './sandbox.ts'

const sandbox = new Sandbox()
afterEach(() => sandbox.clear())

const refusal = expect.objectContaining({
  code: 'StorageError',
  retryable: false,
  message: expect.stringContaining('damaged'),
  hint: expect.stringContaining('aura recover'),
})

describe('opening a damaged file', () => {
  it('is refused when an index says something else than its table', () => {
    const path = filledFile()
    alteredRow(path)
    expect(() => Database.open({ path })).toThrow(refusal)
    expect(() => openReader(path)).toThrow(refusal)
  })

  it('is refused when a table is not as it was made', () => {
    const path = filledFile()
    altered(path, 'kernel_version', 'kernel_versiom')
    expect(() => Database.open({ path })).toThrow(refusal)
    expect(() => openReader(path)).toThrow(refusal)
  })

  it('is refused when the header gives it no schema, or one before the first', () => {
    for (const version of [0, -5]) {
      const path = filledFile()
      const connection = new DatabaseSync(path)
      connection.exec(`PRAGMA user_version = ${version}`)
      connection.close()
      expect(() => Database.open({ path })).toThrow(refusal)
      expect(() => openReader(path)).toThrow(refusal)
    }
  })

  it('writes nothing to it', () => {
    const path = filledFile()
    alteredRow(path)
    const before = readFileSync(path)
    expect(() => Database.open({ path })).toThrow(refusal)
    expect(readFileSync(path).equals(before)).toBe(true)
  })
})

describe('the check beside the work', () => {
  it('tells of damage', async () => {
    const path = filledFile()
    alteredRow(path)
    const damage = await new Promise<OrchestrationError>((resolve) => checkBeside(path, resolve))
    expect(damage).toEqual(refusal)
    expect(damage.details?.['faults']).toContainEqual(expect.stringContaining('missing from index'))
  })

  it('says so when it could not come to an end', async () => {
    const path = sandbox.path()
    const damage = await new Promise<OrchestrationError>((resolve) => checkBeside(path, resolve))
    expect(damage.code).toBe('StorageError')
  })
})

/** Closed, with 20 executions. */
function filledFile(): string {
  const path = sandbox.path()
  const database = sandbox.open({ path })
  const insert = database.prepare(
    `INSERT INTO executions (namespace, execution_id, definition, start_hash, status, started_at_ms,
       ended_at_ms) VALUES (0, ?, 1, 'hash', 6, 1, 2)`,
  )
  database.commit(() => {
    for (let i = 0; i < 20; i++) insert.run(`execution-${String(i).padStart(2, '0')}`)
  })
  database.close()
  return path
}

/** Changes the text wherever it is: a page also keeps what it held before. */
function altered(path: string, from: string, to: string): void {
  const bytes = readFileSync(path)
  let place = bytes.indexOf(from)
  expect(place).toBeGreaterThan(0)
  for (; place >= 0; place = bytes.indexOf(from, place + 1)) bytes.write(to, place)
  writeFileSync(path, bytes)
}

/** The row of the execution says another id than its index. */
function alteredRow(path: string): void {
  const bytes = readFileSync(path)
  bytes.write('execution-77', bytes.lastIndexOf('execution-07'))
  writeFileSync(path, bytes)
}

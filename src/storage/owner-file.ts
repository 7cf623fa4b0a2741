import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { isJsonObject } from '../core/json.ts'
import { storageErrorOf } from './storage-error.ts'

/** Where the owner of a file listens, as published in `<path>.owner`. */
export interface OwnerInfo {
  readonly pid: number
  /** On 127.0.0.1. */
  readonly port: number
  /** Secret that a request to the owner must carry. */
  readonly token: string
  readonly kind: 'run' | 'serve'
  readonly startedAtMs: number
}

/**
 * Publishes the owner, readable by this user only and never half-written.
 *
 * @throws StorageError
 */
export function writeOwnerFile(path: string, owner: OwnerInfo): void {
  const ownerPath = `${path}.owner`
  const draft = `${ownerPath}.${owner.pid}`
  try {
    // A draft left by an earlier process of the same pid may have other permissions.
    rmSync(draft, { force: true })
    writeFileSync(draft, JSON.stringify(owner), { mode: 0o600 })
    renameSync(draft, ownerPath)
  } catch (thrown) {
    throw storageErrorOf(thrown, ownerPath)
  }
}

/** What `<path>.owner` says, true or stale; null when it is absent, unreadable or no such record. */
export function readOwnerFile(path: string): OwnerInfo | null {
  let value: unknown
  try {
    value = JSON.parse(readFileSync(`${path}.owner`, 'utf8'))
  } catch {
    return null // no owner is published; the lock alone says whether there is one
  }
  if (!isJsonObject(value)) return null
  const { pid, port, token, kind, startedAtMs } = value
  if (!isCount(pid) || !isCount(port) || port > 65_535 || !isCount(startedAtMs)) return null
  if (typeof token !== 'string' || token === '' || (kind !== 'run' && kind !== 'serve')) return null
  return { pid, port, token, kind, startedAtMs }
}

/**
 * Withdraws what is published: anything, or with `token` only that owner's record. Only the holder of
 * the lock may.
 *
 * @throws StorageError
 */
export function removeOwnerFile(path: string, token?: string): void {
  if (token !== undefined && readOwnerFile(path)?.token !== token) return
  try {
    rmSync(`${path}.owner`, { force: true })
  } catch (thrown) {
    throw storageErrorOf(thrown, `${path}.owner`)
  }
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

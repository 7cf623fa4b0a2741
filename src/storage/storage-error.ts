import type { JsonObject } from '../core/json.ts'
import { isOrchestrationError, messageOf, OrchestrationError } from '../core/errors.ts'

interface Cause {
  readonly what: string
  readonly hint: string
  readonly retryable: boolean
}

/** What to do with a damaged file. */
export const recoveryHint = 'keep a copy of it and salvage what is readable with `aura recover`'

const diskFull: Cause = {
  what: 'the disk is full',
  hint: 'free some space; nothing of the refused write was recorded and it can be tried again',
  retryable: true,
}
const readOnly: Cause = {
  what: 'the file or its directory is read-only',
  hint: 'make the file and its directory writable for this user',
  retryable: true,
}
const notAccessible: Cause = {
  what: 'the file or its directory is not accessible',
  hint: 'check that the path names a file, that the directory exists and that this user may read and write both',
  retryable: true,
}

/** SQLite's primary result codes (sqlite.org/rescode.html) that have a cause worth its own words. */
const causesBySqliteCode: Readonly<Record<number, Cause>> = {
  1: {
    what: 'the file does not hold what this version of Aura expects',
    hint: `if it is damaged, ${recoveryHint}`,
    retryable: false,
  },
  3: notAccessible,
  5: {
    what: 'another process kept the file locked',
    hint: 'find out which other program holds the file open, then try again',
    retryable: true,
  },
  7: { what: 'memory ran out', hint: 'give the process more memory', retryable: true },
  8: readOnly,
  10: {
    what: 'the disk reported an input or output error',
    hint: `look at the disk and at the system log, then try again; if the file is damaged, ${recoveryHint}`,
    retryable: true,
  },
  11: {
    what: 'the file is damaged',
    hint: recoveryHint,
    retryable: false,
  },
  13: diskFull,
  14: notAccessible,
  26: {
    what: 'the file is not a database',
    hint: `name another file with --db; if it was Aura's, ${recoveryHint}`,
    retryable: false,
  },
}

const causesBySystemCode: Readonly<Record<string, Cause>> = {
  ENOSPC: diskFull,
  EDQUOT: diskFull,
  EROFS: readOnly,
  EACCES: notAccessible,
  EPERM: notAccessible,
  ENOENT: notAccessible,
  ENOTDIR: notAccessible,
  EISDIR: notAccessible,
  EEXIST: notAccessible,
}

/**
 * The discovery that a file is not what was recorded.
 *
 * @param what follows the path in the message
 */
export function damaged(
  path: string,
  what: string,
  options: { readonly hint?: string; readonly details?: JsonObject } = {},
): OrchestrationError {
  return new OrchestrationError('StorageError', `${path}: ${what}`, {
    hint: options.hint ?? recoveryHint,
    details: { path, ...options.details },
  })
}

/** True when SQLite refused a row because its unique key is in use. */
export function isDuplicate(thrown: unknown): boolean {
  const code = sqliteCode(thrown)
  return code === 1555 || code === 2067
}

/** True when SQLite gave up waiting for somebody else's lock. */
export function isBusy(thrown: unknown): boolean {
  return primaryCode(thrown) === 5
}

/**
 * True when SQLite could not write beside the file: it is in a read-only place, or out of reach.
 */
export function isUnwritable(thrown: unknown): boolean {
  const code = primaryCode(thrown)
  return code === 8 || code === 14
}

/**
 * What a failure of SQLite or of the file system means, as an error to throw: `StorageError`, retryable
 * when the cause lies outside the file (full or read-only disk, another program's lock). Aura's own
 * errors, and anything that is no storage failure, come back unchanged.
 */
export function storageErrorOf(thrown: unknown, path: string): unknown {
  if (isOrchestrationError(thrown)) return thrown
  const code = sqliteCode(thrown)
  const system = systemCode(thrown)
  if (code === undefined && system === undefined) return thrown
  const cause =
    code === undefined ? causesBySystemCode[system as string] : causesBySqliteCode[code & 0xff]
  return new OrchestrationError(
    'StorageError',
    `${path}: ${cause?.what ?? 'storage failed'} (${messageOf(thrown)})`,
    {
      retryable: cause?.retryable ?? false,
      details: { path, sqliteCode: code ?? null, systemCode: system ?? null },
      cause: thrown,
      ...(cause === undefined ? {} : { hint: cause.hint }),
    },
  )
}

function primaryCode(thrown: unknown): number | undefined {
  const code = sqliteCode(thrown)
  return code === undefined ? undefined : code & 0xff
}

function sqliteCode(thrown: unknown): number | undefined {
  if (!(thrown instanceof Error) || !('errcode' in thrown)) return undefined
  return typeof thrown.errcode === 'number' ? thrown.errcode : undefined
}

function systemCode(thrown: unknown): string | undefined {
  if (!(thrown instanceof Error) || !('code' in thrown) || !('syscall' in thrown)) return undefined
  return typeof thrown.code === 'string' ? thrown.code : undefined
}

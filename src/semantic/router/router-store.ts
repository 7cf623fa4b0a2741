import { createHash } from 'node:crypto'
import { StateConsistencyError } from '../../core/errors.ts'
import {
  outcomeChecksum,
  plainCodec,
  routerChecksum,
  type Database,
  type DatabaseReader,
} from '../../storage/index.ts'
import type { AgentProfile } from './agent-profile.ts'
import { decodeModel, encodeModel } from './model-codec.ts'
import type { AcceptedOutcome } from './route-decision.ts'
import type { RoutingModel } from './routing-model.ts'

const namespace = 0
/** Versions of a router that are kept. */
const versionsMax = 3

/** A router as it was stored. */
export interface StoredRouter {
  /** Counts the trainings from 1. */
  readonly version: number
  /** What it was trained from: see `profilesHash`. */
  readonly profilesHash: string
  readonly trainedAtMs: number
  readonly model: RoutingModel
}

/** Names what a router is trained from; with another embedder it is another router. */
export function profilesHash(
  profiles: readonly AgentProfile[],
  embedderId: string | null = null,
): string {
  return createHash('sha256')
    .update(JSON.stringify([embedderId, profiles]))
    .digest('hex')
}

/**
 * The newest version of a router; null when none was stored.
 *
 * @throws StateConsistencyError when it is damaged; StorageError
 */
export function loadRouter(file: DatabaseReader, name: string): StoredRouter | null {
  return file.read(() => {
    const row = file
      .prepare(
        `SELECT name, version, profiles_hash AS profilesHash, trained_at_ms AS trainedAtMs, checksum,
           codec, payload FROM routers
         WHERE namespace = ? AND name = ? ORDER BY version DESC LIMIT 1`,
      )
      .get(namespace, name)
    if (row === undefined) return null
    if (routerChecksum(row as never) !== row['checksum']) {
      throw new StateConsistencyError(`the stored router '${name}' does not match its checksum`, {
        hint: 'it is trained anew when `aura serve` starts',
      })
    }
    return {
      version: Number(row['version']),
      profilesHash: String(row['profilesHash']),
      trainedAtMs: Number(row['trainedAtMs']),
      model: decodeModel(row['payload'] as Uint8Array),
    }
  })
}

/**
 * Stores a router as its next version, and drops all but the newest three.
 *
 * @returns the version
 * @throws StateConsistencyError, StorageError
 */
export function saveRouter(
  database: Database,
  name: string,
  router: Omit<StoredRouter, 'version'>,
): number {
  const payload = encodeModel(router.model)
  return database.commit(() => {
    const newest = database
      .prepare('SELECT max(version) AS version FROM routers WHERE namespace = ? AND name = ?')
      .get(namespace, name)
    const version = Number(newest?.['version'] ?? 0) + 1
    const { profilesHash, trainedAtMs } = router
    const row = { name, version, profilesHash, trainedAtMs, codec: plainCodec, payload }
    database
      .prepare('INSERT INTO routers VALUES (?, ?, ?, ?, ?, ?, ?, ?)')
      .run(
        namespace,
        name,
        version,
        profilesHash,
        trainedAtMs,
        routerChecksum(row),
        plainCodec,
        payload,
      )
    database
      .prepare('DELETE FROM routers WHERE namespace = ? AND name = ? AND version <= ?')
      .run(namespace, name, version - versionsMax)
    return version
  })
}

/**
 * Records an accepted outcome, durable when this returns.
 *
 * @throws StateConsistencyError, StorageError
 */
export function appendOutcome(
  database: Database,
  name: string,
  accepted: { readonly outcome: AcceptedOutcome; readonly atMs: number },
): void {
  const payload = JSON.stringify(accepted.outcome)
  const { atMs } = accepted
  const checksum = outcomeChecksum({ name, atMs, codec: plainCodec, payload })
  database.commit(() => {
    database
      .prepare(
        `INSERT INTO routing_outcomes (namespace, name, at_ms, checksum, codec, payload)
         VALUES (?, ?, ?, ?, ?, ?)`,
      )
      .run(namespace, name, atMs, checksum, plainCodec, payload)
  })
}

/**
 * The accepted outcomes of a router, oldest first, at most the newest `atMost`.
 *
 * @throws StateConsistencyError when one is damaged; StorageError
 */
export function readOutcomes(
  file: DatabaseReader,
  name: string,
  atMost = 10_000,
): readonly AcceptedOutcome[] {
  return file.read(() =>
    file
      .prepare(
        `SELECT outcome, name, at_ms AS atMs, checksum, codec, payload FROM routing_outcomes
         WHERE namespace = ? AND name = ? ORDER BY outcome DESC LIMIT ?`,
      )
      .all(namespace, name, atMost)
      .toReversed()
      .map((row) => {
        if (outcomeChecksum(row as never) === row['checksum'])
          return JSON.parse(String(row['payload'])) as AcceptedOutcome
        throw new StateConsistencyError(
          `the accepted outcome ${String(row['outcome'])} of the router '${name}' does not match its checksum`,
          { hint: 'restore the file from a backup, or save what is intact with `aura recover`' },
        )
      }),
  )
}

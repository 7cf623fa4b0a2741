import type { StateWrite } from '../core/contracts/state.ts'
import { OrchestrationError, ResourceExhaustionError } from '../core/errors.ts'
import { executionId } from '../core/ids.ts'
import { limits } from '../core/limits.ts'
import { stateKey } from '../core/state-key.ts'
import type { StateBatch, StateGuard, StateImage } from './state-store.ts'

/** What a store keeps of an entry, as text; for a deleted one the empty text. */
export function storedText({ value, metadata }: Pick<StateWrite, 'value' | 'metadata'>): string {
  return value === undefined ? '' : JSON.stringify([value, metadata ?? {}])
}

/** Checks what reaches a store of state, whichever it is. @throws InputError; ResourceExhaustionError over a limit */
export function checkBatch(workflowId: string, { batchId, writes }: StateBatch): void {
  executionId(workflowId)
  if (batchId !== null) checkName('batch', batchId)
  checkLength(writes.length)
  for (const write of writes) checkWrite(write)
}

/** @throws as `checkBatch` */
export function checkImage(workflowId: string, { revision, entries }: StateImage): void {
  executionId(workflowId)
  checkCount('revision', revision, 1)
  checkLength(entries.length)
  for (const entry of entries) {
    const { key, version, atMs, expiresAtMs } = entry
    checkWrite({ key, ...(entry.value === undefined ? {} : { value: entry.value }) })
    checkCount('version', version, 1)
    checkCount('atMs', atMs, 0)
    if (expiresAtMs !== null) checkCount('expiresAtMs', expiresAtMs, 0)
  }
}

function checkLength(writes: number): void {
  if (writes <= limits.stateBatchWritesMax) return
  throw new ResourceExhaustionError(
    `a batch has ${writes} writes, more than ${limits.stateBatchWritesMax} (stateBatchWritesMax)`,
    { hint: 'divide it' },
  )
}

/** @throws InputError */
export function checkGuard({ knownRevision, fence }: StateGuard): void {
  if (knownRevision !== undefined) checkCount('knownRevision', knownRevision, 0)
  if (fence === undefined) return
  checkCount('token', fence.token, 1)
  checkName('holder', fence.holder)
}

function checkWrite(write: StateWrite): void {
  stateKey(write.key)
  if (write.expectedVersion !== undefined) checkCount('expectedVersion', write.expectedVersion, 0)
  if (write.ttlMs !== undefined) checkCount('ttlMs', write.ttlMs, 1)
  const bytes = Buffer.byteLength(storedText(write))
  if (bytes <= limits.payloadBytesMax) return
  throw new ResourceExhaustionError(
    `state '${write.key}' takes ${bytes} bytes, more than ${limits.payloadBytesMax} (payloadBytesMax)`,
    { hint: 'keep a large value elsewhere and write where it is' },
  )
}

/** @throws InputError unless it is a whole number of at least `least` */
export function checkCount(what: string, value: number, least: number): number {
  if (Number.isSafeInteger(value) && value >= least) return value
  throw new OrchestrationError(
    'InputError',
    `${what} must be a whole number of at least ${least}, not ${value}`,
  )
}

/** The name of a batch, a checkpoint, a lease or a holder. @throws InputError unless it has 1 to 1,000 characters, none of them a control character */
export function checkName(what: string, name: string): string {
  if (/^[^\p{Cc}]{1,1000}$/u.test(name)) return name
  throw new OrchestrationError('InputError', `'${name.slice(0, 320)}' is no name of a ${what}`, {
    hint: 'use 1 to 1,000 characters without control characters',
  })
}

import type { Payload, PayloadCodec } from '@temporalio/common'
import { systemClock } from '../../core/clock.ts'
import { isOrchestrationError, OrchestrationError } from '../../core/errors.ts'
import { limits } from '../../core/limits.ts'
import type { BlobStore } from '../../state/index.ts'
import { encodingOf, fromBytes, toBytes } from './payload-bytes.ts'
import { configureStore, temporalPayloadBytesMax, tooLarge } from './payload-size.ts'
import { answerMark } from './wire.ts'

/** Where payloads lie that are too large for Temporal. */
export interface PayloadStore {
  readonly blobs: BlobStore
  /**
   * How long from when it was last written, at least. It has to be longer than any execution is open and its
   * history is kept: an execution whose payload is gone cannot go on. Default null: for ever.
   */
  readonly keepMs?: number | null
}

/**
 * From here on a payload goes to the store. One message to Temporal, at most 4 MB, has the inputs of all calls that
 * start together: of this size more than a hundred fit, and an execution over it is terminated.
 */
const storedBytesMin = 32_768
/** An answer to a question travels alone and is read at once. */
const answerBytesMin = 524_288
const answerKeepMs = 600_000
/** Bytes of one blob, which are a third more as base64. */
const pieceBytes = Math.floor(limits.payloadBytesMax / 4) * 3
const encoding = 'json/aura-blobs'
const mark = Buffer.from(answerMark)
/** Within the time after which Temporal takes a worker for dead that says nothing. */
const triesMax = 16
const tryEveryMs = 500

/**
 * Keeps payloads of 32 KiB and more in a blob store; Temporal has the hashes of their pieces. Clients and workers of
 * a task queue need the same store. Answers to questions go there from 512 KiB on, for 10 minutes.
 *
 * @param store null keeps nothing: larger payloads are refused, and those of others cannot be read
 * @param sealing seals what is stored; it also has to come after this codec, for what is not. Null: nothing is sealed
 * @throws from `encode` ResourceExhaustionError for a payload over Temporal's 2 MB without a store; from `decode`
 *   StorageError when a blob is gone, or there is no store; as `BlobStore`
 */
export function largePayloads(
  store: PayloadStore | null,
  sealing: PayloadCodec | null,
): PayloadCodec {
  return {
    encode: (payloads) => Promise.all(payloads.map((payload) => stow(payload, store, sealing))),
    decode: (payloads) => Promise.all(payloads.map((payload) => fetched(payload, store, sealing))),
  }
}

async function stow(
  payload: Payload,
  store: PayloadStore | null,
  sealing: PayloadCodec | null,
): Promise<Payload> {
  const size = payload.data?.length ?? 0
  if (store === null) {
    if (size > temporalPayloadBytesMax) throw tooLarge(size)
    return payload
  }
  if (size < storedBytesMin) return payload
  const isAnswer = Buffer.from((payload.data ?? []).slice(0, answerMark.length)).equals(mark)
  if (isAnswer && size < answerBytesMin) return payload
  const keepMs = isAnswer ? answerKeepMs : (store.keepMs ?? null)
  const [kept = payload] = sealing === null ? [payload] : await sealing.encode([payload])
  const bytes = toBytes(kept)
  const hashes: string[] = []
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    const text = bytes.toString('base64', at, at + pieceBytes)
    hashes.push(await patiently(() => store.blobs.put(text, keepMs)))
  }
  return {
    metadata: { encoding: Buffer.from(encoding) },
    data: Buffer.from(JSON.stringify(hashes)),
  }
}

/** A store that does not answer for a moment is asked again: an outcome that is not told is lost. */
async function patiently<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
  for (let tries = 1; ; tries++) {
    try {
      return await ask()
    } catch (thrown) {
      if (tries >= triesMax || !isOrchestrationError(thrown) || !thrown.retryable) throw thrown
    }
    await new Promise<void>((resolve) => systemClock.after(tryEveryMs, resolve))
  }
}

async function fetched(
  payload: Payload,
  store: PayloadStore | null,
  sealing: PayloadCodec | null,
): Promise<Payload> {
  if (encodingOf(payload) !== encoding) return payload
  const hashes = JSON.parse(Buffer.from(payload.data ?? []).toString()) as readonly string[]
  if (store === null) throw noStore()
  const pieces: Buffer[] = []
  for (const hash of hashes) {
    const text = await patiently(() => store.blobs.get(hash))
    if (text === null) throw gone(hash)
    pieces.push(Buffer.from(text, 'base64'))
  }
  const kept = fromBytes(Buffer.concat(pieces))
  const [opened = kept] = sealing === null ? [kept] : await sealing.decode([kept])
  return opened
}

function noStore(): OrchestrationError {
  return new OrchestrationError(
    'StorageError',
    'a payload lies in a blob store, and this process has none',
    { hint: configureStore },
  )
}

function gone(hash: string): OrchestrationError {
  return new OrchestrationError(
    'StorageError',
    `a payload is not in the blob store any more: piece ${hash}`,
    {
      hint: 'its time has passed (keepMs) or another store is meant; what it belongs to cannot go on without it',
      details: { hash },
    },
  )
}

import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import type { Payload, PayloadCodec } from '@temporalio/common'
import { OrchestrationError } from '../../core/errors.ts'
import { encodingOf, fromBytes, toBytes } from './payload-bytes.ts'

/** The keys of one Temporal namespace. */
export interface PayloadKeys {
  /** The id of the key that new payloads are sealed with. */
  readonly current: string
  /** All keys by their ids, each of 32 bytes. A key must stay here as long as a history sealed with it is kept. */
  readonly keys: ReadonlyMap<string, Uint8Array>
}

const algorithm = 'aes-256-gcm'
const keyBytes = 32
const ivBytes = 12
const tagBytes = 16
const sealed = 'binary/encrypted'
const keyIdField = 'encryption-key-id'

/**
 * Encrypts what Temporal stores of an execution, inputs, outputs and its document, with AES-256-GCM (NIST SP
 * 800-38D): Temporal sees bytes and the id of their key. Clients and workers of a task queue need the same keys.
 * Ids of executions, types, search attributes and the messages of failures are not payloads and stay readable.
 *
 * A sealed payload is IV (12 bytes), tag (16) and ciphertext; within is the payload as `toBytes` makes it. The key's id is authenticated with it. A payload that is not sealed passes as it is, so
 * that executions from before the keys go on: this hides payloads from Temporal, and does not prove who wrote them.
 *
 * @throws UsageError when the current key is missing or a key has not 32 bytes; StorageError from `decode` when
 * the key of a payload is missing, or the payload was changed
 *
 * @example
 * const codec = aesGcmCodec({ current: '2026', keys: new Map([['2026', key]]) })
 * const dataConverter = { payloadCodecs: [codec] }
 */
export function aesGcmCodec(keys: PayloadKeys): PayloadCodec {
  checkKeys(keys)
  return {
    encode: async (payloads) => payloads.map((payload) => seal(payload, keys)),
    decode: async (payloads) => payloads.map((payload) => open(payload, keys)),
  }
}

function checkKeys({ current, keys }: PayloadKeys): void {
  if (!keys.has(current))
    throw new OrchestrationError('UsageError', `the current payload key '${current}' is missing`, {
      hint: 'add it to the keys, or name one of them',
    })
  for (const [id, { length }] of keys)
    if (length !== keyBytes)
      throw new OrchestrationError(
        'UsageError',
        `payload key '${id}' has ${length} bytes; AES-256 needs ${keyBytes}`,
      )
}

function seal(payload: Payload, { current, keys }: PayloadKeys): Payload {
  const id = Buffer.from(current)
  // A fresh nonce from the system: a seeded source would repeat it, and GCM breaks where a nonce repeats.
  const iv = randomBytes(ivBytes)
  const cipher = createCipheriv(algorithm, keyOf(current, keys), iv).setAAD(id)
  const secret = Buffer.concat([cipher.update(toBytes(payload)), cipher.final()])
  return {
    metadata: { encoding: Buffer.from(sealed), [keyIdField]: id },
    data: Buffer.concat([iv, cipher.getAuthTag(), secret]),
  }
}

function open(payload: Payload, { keys }: PayloadKeys): Payload {
  if (encodingOf(payload) !== sealed) return payload
  const id = text(payload.metadata?.[keyIdField])
  const key = keyOf(id, keys)
  const data = payload.data ?? Buffer.alloc(0)
  try {
    const decipher = createDecipheriv(algorithm, key, data.subarray(0, ivBytes), {
      authTagLength: tagBytes,
    })
    decipher.setAAD(Buffer.from(id)).setAuthTag(data.subarray(ivBytes, ivBytes + tagBytes))
    const start = decipher.update(data.subarray(ivBytes + tagBytes))
    return fromBytes(Buffer.concat([start, decipher.final()]))
  } catch (cause) {
    throw new OrchestrationError(
      'StorageError',
      `a payload sealed with key '${id}' cannot be opened: it was changed, or the key is another one`,
      { cause, hint: 'compare the keys of this process with those of the one that wrote it' },
    )
  }
}

function keyOf(id: string, keys: PayloadKeys['keys']): Uint8Array {
  const key = keys.get(id)
  if (key !== undefined) return key
  throw new OrchestrationError('StorageError', `the payload key '${id}' is missing`, {
    hint: 'keep old keys until no history that was sealed with them is left',
    details: { keyId: id },
  })
}

function text(bytes: Uint8Array | undefined): string {
  return Buffer.from(bytes ?? []).toString()
}

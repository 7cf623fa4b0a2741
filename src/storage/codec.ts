import { OrchestrationError } from '../core/errors.ts'

/** The codec byte of a payload that is stored as plain text. */
export const plainCodec = 0

/** The codec byte of a payload whose large values lie in `blobs`; `blob-text.ts` says how. */
export const blobCodec = 1

/**
 * The text of a stored payload.
 *
 * @throws StorageError for a codec that this version cannot read, or cannot read here.
 */
export function decodePayload(codec: number, payload: unknown): string {
  if (codec === plainCodec && typeof payload === 'string') return payload
  throw new OrchestrationError(
    'StorageError',
    `a payload has codec ${codec}, which this version cannot read`,
    {
      hint: 'open the file with the version of Aura and the keys that wrote it',
      details: { codec },
    },
  )
}

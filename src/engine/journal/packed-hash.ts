const packable = /^(?:[0-9a-f]{2})+$/

/** A hash as it is stored: hexadecimal text in half its bytes, any other text as it is. */
export function packHash(hash: string): Uint8Array | string {
  return packable.test(hash) ? Buffer.from(hash, 'hex') : hash
}

/** The text that was packed. */
export function unpackHash(stored: Uint8Array | string): string {
  return typeof stored === 'string' ? stored : Buffer.from(stored).toString('hex')
}

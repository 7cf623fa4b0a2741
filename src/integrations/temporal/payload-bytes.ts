import type { Payload } from '@temporalio/common'

const newline = 0x0a

/** A payload as bytes: its metadata as one line of JSON in base64, then its data. */
export function toBytes({ metadata, data }: Payload): Buffer {
  const fields = Object.entries(metadata ?? {}).map(([name, value]) => [
    name,
    Buffer.from(value).toString('base64'),
  ])
  return Buffer.concat([Buffer.from(`${JSON.stringify(fields)}\n`), data ?? Buffer.alloc(0)])
}

/** What `toBytes` was given. */
export function fromBytes(bytes: Buffer): Payload {
  const end = bytes.indexOf(newline)
  const fields = JSON.parse(bytes.toString('utf8', 0, end)) as readonly [string, string][]
  return {
    metadata: Object.fromEntries(
      fields.map(([name, value]) => [name, Buffer.from(value, 'base64')]),
    ),
    data: bytes.subarray(end + 1),
  }
}

/** The encoding of a payload, as its metadata says. */
export function encodingOf({ metadata }: Payload): string {
  return Buffer.from(metadata?.['encoding'] ?? []).toString()
}

import { pageBytes } from './log-frames.ts'

/**
 * Reading the rows of one page; the format is that of sqlite.org/fileformat2.html, sections
 * 1.6 and 2.1. Everything may be damaged: what cannot be read is left out, and nothing is believed
 * that its row's checksum does not confirm.
 */

export type ColumnValue = null | number | bigint | string | Uint8Array

/** A row as it is stored: the column that is the row number itself is null in `values`. */
export interface StoredRow {
  /** Null for a row of an index, or of a table that is one (`WITHOUT ROWID`). */
  readonly rowid: number | null
  readonly values: readonly ColumnValue[]
}

const branchOfTable = 0x05
const leafOfTable = 0x0d
const leafOfIndex = 0x0a
const branchOfIndex = 0x02

/** At most so many bytes of a row lie in its cell, the others on pages of their own. */
const localOfTableMax = pageBytes - 35
const localOfIndexMax = Math.floor(((pageBytes - 12) * 64) / 255) - 23
const localMin = Math.floor(((pageBytes - 12) * 32) / 255) - 23
const overflowBytes = pageBytes - 4
/** A longer row was never written: the largest payload has 4 MiB. */
const rowBytesMax = 64 * 1_048_576

/** Gives the bytes of another page. */
type ReadPage = (page: number) => Buffer

/** How many rows a page holds by its head, of which some may be damaged; null when it is no page of a table or index. */
export function cellCount(page: number, bytes: Buffer): number | null {
  const start = page === 1 ? 100 : 0
  switch (bytes.readUInt8(start)) {
    case leafOfTable:
    case leafOfIndex:
    case branchOfIndex:
      return bytes.readUInt16BE(start + 3)
    case branchOfTable:
      return 0
    default:
      return null
  }
}

/** The rows of a page that holds any: of a table's leaf, or of an index. */
export function* rowsOfPage(page: number, bytes: Buffer, read: ReadPage): Generator<StoredRow> {
  // The first page begins with the file's own header.
  const start = page === 1 ? 100 : 0
  const type = bytes.readUInt8(start)
  if (type === branchOfTable || type === 0) return
  // A type that there is not was another once, most likely this one: the rows themselves will say.
  const isIndex = type === leafOfIndex || type === branchOfIndex
  const head = type === branchOfIndex ? 12 : 8
  const count = Math.min(bytes.readUInt16BE(start + 3), (pageBytes - start - head) / 2)
  for (let i = 0; i < count; i++) {
    const offset = bytes.readUInt16BE(start + head + 2 * i)
    // A cell of a branch begins with the page below it.
    const at = type === branchOfIndex ? offset + 4 : offset
    const row = rowAt(bytes, at, { isIndex, read })
    if (row !== null) yield row
  }
}

function rowAt(
  bytes: Buffer,
  offset: number,
  of: { readonly isIndex: boolean; readonly read: ReadPage },
): StoredRow | null {
  const { isIndex, read } = of
  try {
    const length = varint(bytes, offset)
    const rowid = isIndex ? { value: null, next: length.next } : varint(bytes, length.next)
    if (length.value > rowBytesMax) return null
    const localMax = isIndex ? localOfIndexMax : localOfTableMax
    const record = recordBytes(bytes, rowid.next, { length: length.value, localMax, read })
    return { rowid: rowid.value, values: valuesOf(record) }
  } catch (thrown) {
    if (thrown instanceof RangeError) return null // it points past the end: no cell is there
    throw thrown
  }
}

function recordBytes(
  bytes: Buffer,
  start: number,
  of: { readonly length: number; readonly localMax: number; readonly read: ReadPage },
): Buffer {
  const { length, localMax, read } = of
  if (length <= localMax) return slice(bytes, start, length)
  const fitting = localMin + ((length - localMin) % overflowBytes)
  const local = fitting <= localMax ? fitting : localMin
  const parts = [slice(bytes, start, local)]
  let next = bytes.readUInt32BE(start + local)
  for (let left = length - local; left > 0; left -= overflowBytes) {
    if (next === 0) throw new RangeError('the row ends too early')
    const page = read(next)
    parts.push(slice(page, 4, Math.min(left, overflowBytes)))
    next = page.readUInt32BE(0)
  }
  return Buffer.concat(parts)
}

function valuesOf(record: Buffer): readonly ColumnValue[] {
  const head = varint(record, 0)
  const values: ColumnValue[] = []
  let at = head.next
  let body = head.value
  while (at < head.value) {
    const type = varint(record, at)
    at = type.next
    const { value, length } = valueAt(record, body, type.value)
    values.push(value)
    body += length
  }
  if (body !== record.length) throw new RangeError('the row has another length than its columns')
  return values
}

const integerBytes: readonly number[] = [0, 1, 2, 3, 4, 6, 8]

function valueAt(
  record: Buffer,
  at: number,
  type: number,
): { readonly value: ColumnValue; readonly length: number } {
  if (type === 0) return { value: null, length: 0 }
  if (type === 8 || type === 9) return { value: type - 8, length: 0 }
  if (type === 7) return { value: record.readDoubleBE(at), length: 8 }
  if (type === 6) {
    const whole = record.readBigInt64BE(at)
    const number = Number(whole)
    return { value: Number.isSafeInteger(number) ? number : whole, length: 8 }
  }
  if (type < 6) {
    const length = integerBytes[type] as number
    return { value: record.readIntBE(at, length), length }
  }
  if (type < 12) throw new RangeError('there is no such column type')
  const length = (type - (type % 2 === 0 ? 12 : 13)) / 2
  const content = slice(record, at, length)
  return { value: type % 2 === 0 ? content : content.toString('utf8'), length }
}

function slice(bytes: Buffer, start: number, length: number): Buffer {
  if (start + length > bytes.length) throw new RangeError('it ends past the page')
  return bytes.subarray(start, start + length)
}

/** At most nine bytes, seven bits in each but the ninth. A negative or huge number is no length and no row of ours. */
function varint(bytes: Buffer, start: number): { readonly value: number; readonly next: number } {
  let value = 0
  for (let i = 0; i < 8; i++) {
    const byte = bytes.readUInt8(start + i)
    value = value * 128 + (byte & 0x7f)
    if (byte < 0x80) {
      if (!Number.isSafeInteger(value)) break
      return { value, next: start + i + 1 }
    }
  }
  throw new RangeError('there is no such number')
}

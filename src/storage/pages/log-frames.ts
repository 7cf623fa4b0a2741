/**
 * Reading a write-ahead log whose owner may have died and whose bytes may be damaged; the format is
 * that of sqlite.org/fileformat2.html, section 4.
 */

export const pageBytes = 4_096
const headerBytes = 32
const frameHeadBytes = 24
const frameBytes = frameHeadBytes + pageBytes
const magic = 0x377f0682

/** Reads `length` bytes at `offset`; fewer at the end of the file. */
export type ReadBytes = (offset: number, length: number) => Buffer

/** One page as a committed transaction left it. */
export interface LogFrame {
  readonly page: number
  /** Where the page's bytes begin in the log. */
  readonly offset: number
  /** False when the frame does not match its checksum: its page number may be wrong too. */
  readonly isIntact: boolean
}

type Sums = readonly [number, number]

/**
 * The frames of the log's present generation up to its last commit, in order. SQLite stops at the first
 * frame that is broken; here it is left out alone, since each frame's checksum continues the one that
 * is stored in the frame before it.
 */
export function logFrames(read: ReadBytes): readonly LogFrame[] {
  const header = read(0, headerBytes)
  if (header.length < headerBytes) return []
  const isBigEndian = header.readUInt32BE(0) === magic + 1
  const isWhole =
    (isBigEndian || header.readUInt32BE(0) === magic) &&
    isSame(checksum([0, 0], header.subarray(0, 24), isBigEndian), storedSums(header, 24))
  // The first frame carries the salts of its generation too.
  const salts = isWhole ? header.subarray(16, 24) : read(headerBytes + 8, 8)
  const frames: LogFrame[] = []
  let committed = 0
  let before = storedSums(header, 24)
  for (let offset = headerBytes; ; offset += frameBytes) {
    const frame = read(offset, frameBytes)
    if (frame.length < frameBytes) break
    const sums = storedSums(frame, 16)
    const isOfGeneration = frame.subarray(8, 16).equals(salts)
    const head = checksum(before, frame.subarray(0, 8), isBigEndian)
    const isIntact =
      isOfGeneration && isSame(checksum(head, frame.subarray(frameHeadBytes), isBigEndian), sums)
    before = sums
    frames.push({ page: frame.readUInt32BE(0), offset: offset + frameHeadBytes, isIntact })
    // The last frame of a transaction carries the size of the file, all others 0.
    if (isIntact && frame.readUInt32BE(4) > 0) committed = frames.length
  }
  return frames.slice(0, committed)
}

function storedSums(bytes: Buffer, offset: number): Sums {
  return [bytes.readUInt32BE(offset), bytes.readUInt32BE(offset + 4)]
}

function isSame(a: Sums, b: Sums): boolean {
  return a[0] === b[0] && a[1] === b[1]
}

function checksum(seed: Sums, bytes: Buffer, isBigEndian: boolean): Sums {
  let [first, second] = seed
  for (let at = 0; at < bytes.length; at += 8) {
    const a = isBigEndian ? bytes.readUInt32BE(at) : bytes.readUInt32LE(at)
    const b = isBigEndian ? bytes.readUInt32BE(at + 4) : bytes.readUInt32LE(at + 4)
    first = (first + a + second) >>> 0
    second = (second + b + first) >>> 0
  }
  return [first, second]
}

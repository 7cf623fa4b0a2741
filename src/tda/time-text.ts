const pattern =
  /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?\s*(Z|UTC|[+-]\d{2}:?\d{2})?)?$/i

/**
 * Milliseconds since the epoch of a date text, or null when it is none. Takes ISO 8601 and `YYYY-MM-DD HH:MM:SS`
 * with or without a fraction; without a zone it is UTC.
 */
export function parseTimeText(text: string): number | null {
  const match = pattern.exec(text.trim())
  if (match === null) return null
  const part = (index: number): number => Number(match[index] ?? 0)
  const [month, day] = [part(2), part(3)]
  const atMs = Date.UTC(part(1), month - 1, day, part(4), part(5), part(6))
  const read = new Date(atMs)
  const isReal = read.getUTCMonth() === month - 1 && read.getUTCDate() === day
  if (!isReal || part(4) > 23 || part(5) > 59 || part(6) > 59) return null
  return atMs + Number(`0.${match[7] ?? '0'}`) * 1_000 - zoneMs(match[8])
}

function zoneMs(zone: string | undefined): number {
  if (zone === undefined || !/^[+-]/.test(zone)) return 0
  const digits = zone.slice(1).replace(':', '')
  const minutes = Number(digits.slice(0, 2)) * 60 + Number(digits.slice(2))
  return (zone.startsWith('-') ? -1 : 1) * minutes * 60_000
}

/**
 * What an epoch number of this size must be multiplied by to be milliseconds: seconds below 10^11, then
 * milliseconds, microseconds below 10^17 and nanoseconds above.
 */
export function epochScaleMs(value: number): number {
  const size = Math.abs(value)
  if (size < 1e11) return 1_000
  if (size < 1e14) return 1
  return size < 1e17 ? 1e-3 : 1e-6
}

/** Fields that say which machine and process did something, or where code lay: a replay does not read them. */
const places: ReadonlySet<string> = new Set(['identity', 'stackTrace', 'binaryChecksum'])

/** A history without what belongs to the machine that recorded it. */
export function withoutPlace(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutPlace)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name]) => !places.has(name))
      .map(([name, inner]) => [name, withoutPlace(inner)]),
  )
}

const dayMs = 86_400_000

/**
 * Milliseconds that a `Retry-After` header asks for (RFC 9110 §10.2.3: seconds or an HTTP date), 0 to one day;
 * undefined when it is absent or neither.
 */
export function retryAfterMs(header: string | null, nowMs: number): number | undefined {
  if (header === null) return undefined
  const text = header.trim()
  const askedMs = /^\d{1,9}$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - nowMs
  return Number.isFinite(askedMs) ? Math.min(dayMs, Math.max(0, Math.round(askedMs))) : undefined
}

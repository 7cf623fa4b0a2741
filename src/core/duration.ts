const pattern = /^(\d+)(ms|s|m|h|d)$/
const unitMs: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
}

/** Longest duration: 100 years. */
export const durationMsMax = 36_525 * 86_400_000

/** Milliseconds of `500ms`, `30s`, `5m`, `2h` or `7d`; undefined when the text is no duration or is over 100 years. */
export function parseDuration(text: string): number | undefined {
  const match = pattern.exec(text)
  if (match === null) return undefined
  const valueMs = Number(match[1]) * (unitMs[match[2] as string] as number)
  return valueMs <= durationMsMax ? valueMs : undefined
}

/** The shortest exact duration text: 90_000 gives `90s`, 120_000 gives `2m`. */
export function formatDuration(valueMs: number): string {
  const whole = Math.max(0, Math.round(valueMs))
  for (const unit of ['d', 'h', 'm', 's'] as const) {
    const size = unitMs[unit] as number
    if (whole >= size && whole % size === 0) return `${whole / size}${unit}`
  }
  return `${whole}ms`
}

const units = ['KB', 'MB', 'GB', 'TB'] as const

/** A size as a person reads it in passing, in steps of 1,000: `812 B`, `4.1 KB`, `1.3 GB`. */
export function byteText(bytes: number): string {
  if (bytes < 1_000) return `${Math.round(bytes)} B`
  let size = bytes / 1_000
  let unit = 0
  while (size >= 999.5 && unit < units.length - 1) {
    size /= 1_000
    unit++
  }
  return `${size < 9.95 ? size.toFixed(1) : Math.round(size)} ${units[unit] ?? ''}`
}

/** A length of time as a person reads it in passing: `84 ms`, `2.4 s`, `3 min 5 s`, `2 h 10 min`, `3 d 4 h`. */
export function durationText(valueMs: number): string {
  const ms = Math.max(0, valueMs)
  if (ms < 999.5) return `${Math.round(ms)} ms`
  if (ms < 59_950) return `${(ms / 1_000).toFixed(1)} s`
  const seconds = Math.round(ms / 1_000)
  if (seconds < 3_600) return join([Math.floor(seconds / 60), 'min'], [seconds % 60, 's'])
  const minutes = Math.round(seconds / 60)
  if (minutes < 1_440) return join([Math.floor(minutes / 60), 'h'], [minutes % 60, 'min'])
  const hours = Math.round(minutes / 60)
  return join([Math.floor(hours / 24), 'd'], [hours % 24, 'h'])
}

function join(large: readonly [number, string], small: readonly [number, string]): string {
  const first = `${large[0]} ${large[1]}`
  return small[0] === 0 ? first : `${first} ${small[0]} ${small[1]}`
}

/** A moment as `2026-11-22 15:04:05` in the reader's own time zone. */
export function momentText(atMs: number): string {
  const at = new Date(atMs)
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`
  return `${day} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`
}

function two(value: number): string {
  return String(value).padStart(2, '0')
}

/** The time of day of a moment as `15:04:05.123` in the reader's own time zone. */
export function timeOfDayText(atMs: number): string {
  return `${momentText(atMs).slice(11)}.${String(new Date(atMs).getMilliseconds()).padStart(3, '0')}`
}

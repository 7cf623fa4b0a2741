const nanosPerSecond = 1_000_000_000n
const nanosPerMs = 1_000_000n

/** An instant, in nanoseconds since 1970-01-01T00:00:00Z, from year 1 to 9999. */
export class Timestamp {
  readonly nanos: bigint

  constructor(nanos: bigint) {
    this.nanos = nanos
  }
}

/** A length of time in nanoseconds; negative ones count backwards. At most 10,000 years. */
export class Duration {
  readonly nanos: bigint

  constructor(nanos: bigint) {
    this.nanos = nanos
  }
}

const nanosMin = BigInt(Date.UTC(2000, 0, 1) - 63_082_281_600_000) * nanosPerMs
const nanosEnd = 253_402_300_800n * nanosPerSecond
const durationNanosMax = 315_576_000_000n * nanosPerSecond

/** The instant, or undefined outside the years 1 to 9999. */
export function timestampOf(nanos: bigint): Timestamp | undefined {
  return nanos >= nanosMin && nanos < nanosEnd ? new Timestamp(nanos) : undefined
}

/** The duration, or undefined beyond 10,000 years. */
export function durationOf(nanos: bigint): Duration | undefined {
  return nanos >= -durationNanosMax && nanos <= durationNanosMax ? new Duration(nanos) : undefined
}

const timestampPattern =
  /^(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:[Zz]|([+-])(\d\d):(\d\d))$/

/** The instant that an RFC 3339 text names; undefined for any other text. */
export function parseTimestamp(text: string): Timestamp | undefined {
  const match = timestampPattern.exec(text)
  if (match === null) return undefined
  const wholeSeconds = `${text.slice(0, 10)}T${text.slice(11, 19)}.000Z`
  const ms = Date.parse(wholeSeconds)
  // A day such as 30 February is moved by the parser, so it does not come back as it went in.
  if (Number.isNaN(ms) || new Date(ms).toISOString() !== wholeSeconds) return undefined
  const hours = Number(match[9] ?? 0)
  const minutes = Number(match[10] ?? 0)
  if (hours > 23 || minutes > 59) return undefined
  const offsetMs = (hours * 60 + minutes) * 60_000 * (match[8] === '-' ? -1 : 1)
  return timestampOf(BigInt(ms - offsetMs) * nanosPerMs + BigInt((match[7] ?? '').padEnd(9, '0')))
}

/** RFC 3339 text in UTC, with as many groups of three decimals as are needed. */
export function timestampText(value: Timestamp): string {
  const seconds = floorDivide(value.nanos, nanosPerSecond)
  const text = new Date(Number(seconds) * 1000).toISOString().slice(0, 19)
  return `${text}${decimals(value.nanos - seconds * nanosPerSecond, 3)}Z`
}

/** Milliseconds since 1970, rounded down. */
export function timestampMs(value: Timestamp): number {
  return Number(floorDivide(value.nanos, nanosPerMs))
}

const durationPattern = /(\d+(?:\.\d*)?|\.\d+)(ms|us|µs|ns|h|m|s|d)/y
const unitNanos: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1_000n,
  µs: 1_000n,
  ms: nanosPerMs,
  s: nanosPerSecond,
  m: 60n * nanosPerSecond,
  h: 3_600n * nanosPerSecond,
  d: 86_400n * nanosPerSecond,
}

/**
 * The duration that a text such as `5s`, `1h30m`, `-1.5s` or `250ms` names; undefined for any other text.
 * Beside CEL's units it reads `d` (24 hours), which documents know too.
 */
export function parseDurationText(text: string): Duration | undefined {
  if (text.length > 100) return undefined
  const sign = text.startsWith('-') ? -1n : 1n
  let position = /^[+-]/.test(text) ? 1 : 0
  if (position === text.length) return undefined
  if (text.slice(position) === '0') return new Duration(0n)
  let nanos = 0n
  while (position < text.length) {
    durationPattern.lastIndex = position
    const match = durationPattern.exec(text)
    if (match === null) return undefined
    const [whole = '', fraction = ''] = (match[1] as string).split('.')
    const unit = unitNanos[match[2] as string] as bigint
    const scale = 10n ** BigInt(fraction.length)
    nanos += (BigInt(`${whole}${fraction}` || '0') * unit) / scale
    position = durationPattern.lastIndex
  }
  return durationOf(sign * nanos)
}

/** CEL's text of a duration: seconds with the decimals that are needed, such as `5s` or `1.5s`. */
export function durationSecondsText(value: Duration): string {
  const positive = value.nanos < 0n ? -value.nanos : value.nanos
  const rest = decimals(positive % nanosPerSecond, 1)
  return `${value.nanos < 0n ? '-' : ''}${positive / nanosPerSecond}${rest}s`
}

/**
 * The text of a duration in JSON: whole seconds as `5s`, else whole milliseconds as `1500ms` (which a
 * document takes as a duration), else decimal seconds.
 */
export function durationText(value: Duration): string {
  const wholeMs = value.nanos % nanosPerSecond !== 0n && value.nanos % nanosPerMs === 0n
  return wholeMs ? `${value.nanos / nanosPerMs}ms` : durationSecondsText(value)
}

function decimals(nanos: bigint, group: number): string {
  if (nanos === 0n) return ''
  const digits = nanos.toString().padStart(9, '0').replace(/0+$/, '')
  return `.${digits.padEnd(Math.ceil(digits.length / group) * group, '0')}`
}

/** Division that rounds towards minus infinity, so that instants before 1970 fall into the right second. */
export function floorDivide(a: bigint, b: bigint): bigint {
  const quotient = a / b
  return a % b < 0n ? quotient - 1n : quotient
}

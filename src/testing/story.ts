import { formatDuration } from '../core/duration.ts'
import { isJsonObject } from '../core/json.ts'
import type { LogEntry } from '../engine/index.ts'
import type { StoryLine } from './chronicle.ts'

/** Lines of a story that are shown; the first ones are left out. */
const linesMax = 300
/** Characters of an event's details that are shown. */
const detailsMax = 200
/** What no reader of a test wants to know. */
const dull = new Set(['kind', 'executionId', 'kernelVersion', 'contract', 'lookup', 'token'])

/** What happened, one line an event, with virtual time since the beginning. */
export function storyText(lines: readonly StoryLine[]): string {
  const ids = new Set(lines.flatMap((line) => ('entry' in line ? [line.entry.executionId] : [])))
  const shown = lines.slice(-linesMax)
  const text = shown.map((line) => {
    const at = `+${elapsedText(line.sinceMs)}`.padStart(16)
    return 'note' in line
      ? `${at}  -- ${line.note}`
      : `${at}  ${eventText(line.entry, ids.size > 1)}`
  })
  const left = lines.length - shown.length
  return [...(left > 0 ? [`(${left} lines before)`] : []), ...text].join('\n')
}

/** As `3d 5m 0.242s`. */
function elapsedText(ms: number): string {
  const units = [
    ['d', 86_400_000],
    ['h', 3_600_000],
    ['m', 60_000],
  ] as const
  let left = ms
  let text = ''
  for (const [unit, size] of units) {
    if (left >= size) text += `${Math.floor(left / size)}${unit} `
    left %= size
  }
  return `${text}${(left / 1_000).toFixed(3)}s`
}

function eventText({ executionId, seq, atMs, event }: LogEntry, isOneOfMany: boolean): string {
  const { step, index, undo, ...rest } = event as Readonly<Record<string, unknown>>
  const item = typeof index === 'number' ? `[${index}]` : ''
  const label =
    typeof step === 'string' ? ` ${step}${item}${undo === undefined ? '' : '/compensate'}` : ''
  const details = detailsText(rest, atMs)
  const cut = details.length > detailsMax ? `${details.slice(0, detailsMax)}…` : details
  const where = isOneOfMany ? `${executionId} ` : ''
  return `${where}${String(seq).padStart(3)} ${event.kind}${label}${cut === '' ? '' : `  ${cut}`}`
}

function detailsText(event: Readonly<Record<string, unknown>>, atMs: number): string {
  return Object.entries(event)
    .filter(([key]) => !dull.has(key))
    .map(([key, value]) => {
      if (key === 'call' && isJsonObject(value)) return detailsText(value, atMs)
      if (key === 'dueAtMs' && typeof value === 'number')
        return `due in ${formatDuration(value - atMs)}`
      if (key.endsWith('Ms') && typeof value === 'number')
        return `${key.slice(0, -2)} ${formatDuration(value)}`
      return `${key} ${valueText(value)}`
    })
    .filter((text) => text !== '')
    .join(', ')
}

/** An error by its code and message, anything else as JSON. */
function valueText(value: unknown): string {
  if (!isJsonObject(value)) return JSON.stringify(value)
  const { code, message } = value
  const isError = typeof code === 'string' && typeof message === 'string'
  return isError ? `${code}: ${message}` : JSON.stringify(value)
}

/** Adds the story to the message of what was thrown, so that a test that fails shows it. */
export function withStory(thrown: unknown, story: string): unknown {
  const heading = '\nThe story of the workflow:\n'
  if (!(thrown instanceof Error)) return new Error(`${String(thrown)}\n${heading}${story}\n`)
  if (story === '' || thrown.message.includes(heading)) return thrown
  const { message, stack = '' } = thrown
  const told = `${message}\n${heading}${story}\n`
  const property = { configurable: true, writable: true, enumerable: false }
  Object.defineProperty(thrown, 'message', { ...property, value: told })
  // Most test runners print the stack, which begins with the message of old.
  Object.defineProperty(thrown, 'stack', { ...property, value: stack.replace(message, () => told) })
  return thrown
}

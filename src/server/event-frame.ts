import type { LogEntry } from '../engine/index.ts'

/** One server-sent event; `data` must hold no line break, which JSON never does. */
export function frame(event: string, data: string, id: number | null = null): string {
  return `${id === null ? '' : `id: ${id}\n`}event: ${event}\ndata: ${data}\n\n`
}

/** A recorded event, with the line that `aura logs --json` prints. */
export function entryFrame(entry: LogEntry, hasId: boolean): string {
  return frame(entry.event.kind, JSON.stringify(entry), hasId ? entry.seq : null)
}

import type { LogEntry } from '../../engine/index.ts'
import { decodeRow, encodeRow } from '../../workflow/index.ts'

/** Events of an execution as its runs hand them on. */
export function entriesOf(executionId: string, rows: readonly string[]): readonly LogEntry[] {
  let seq = 0
  return rows.flatMap((row) => {
    const { atMs, events } = decodeRow(row)
    return events.map((event) => ({ executionId, seq: ++seq, atMs, event }))
  })
}

/** Events of one time are one row. */
export function rowsOf(entries: readonly LogEntry[]): readonly string[] {
  const rows: string[] = []
  for (let from = 0; from < entries.length;) {
    const atMs = entries[from]?.atMs ?? 0
    let to = from
    while (entries[to]?.atMs === atMs) to++
    rows.push(
      encodeRow(
        atMs,
        entries.slice(from, to).map(({ event }) => event),
      ),
    )
    from = to
  }
  return rows
}

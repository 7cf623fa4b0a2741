import { brokenSequence } from './batch-refusal.ts'
import type { JournalRow } from './journal.ts'

/**
 * The rows that hold events after `afterSeq`, of `rows` in order of sequence.
 *
 * @throws StateConsistencyError when the first begins later than right after `afterSeq`, or one does
 *   not begin where the one before it ended.
 */
export function rowsAfter(rows: readonly JournalRow[], afterSeq: number): readonly JournalRow[] {
  const wanted = rows.filter((row) => row.seq + row.count > afterSeq + 1)
  const first = wanted[0]
  if (first === undefined) return []
  let expectedSeq = Math.min(first.seq, afterSeq + 1)
  for (const row of wanted) {
    if (row.seq !== expectedSeq) throw brokenSequence(row, expectedSeq)
    expectedSeq = row.seq + row.count
  }
  return wanted
}

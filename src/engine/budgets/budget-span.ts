import type { BudgetLimit } from '../../core/contracts/budget.ts'

const hourMs = 3_600_000
const dayMs = 24 * hourMs

/** When the calendar span (UTC) began in which a moment lies; 0 for `total`. */
export function spanStart(per: BudgetLimit['per'], atMs: number): number {
  if (per === 'total') return 0
  if (per === 'hour') return atMs - (atMs % hourMs)
  if (per === 'day') return atMs - (atMs % dayMs)
  const at = new Date(atMs)
  return Date.UTC(at.getUTCFullYear(), at.getUTCMonth(), 1)
}

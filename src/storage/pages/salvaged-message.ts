import { messageChecksum, outboxChecksum } from '../checksum.ts'
import type { ColumnValue } from './table-cells.ts'

/** A message of a work queue that is what was recorded, column for column. */
export interface SalvagedMessage {
  readonly kind: 'message'
  readonly columns: readonly (string | number | null)[]
}

/** A published event that is what was recorded, column for column. It may have been sent since. */
export interface SalvagedPublished {
  readonly kind: 'published'
  readonly columns: readonly (string | number | null)[]
}

const doneStatus = 1

/** Of 13 columns. One that was handled has no event any more, and no checksum of it. */
export function messageRow(
  position: number,
  values: readonly ColumnValue[],
): SalvagedMessage | null {
  const [, , queue, repeatKey, , status, , , , , checksum, codec, payload] = values
  if (typeof queue !== 'string' || typeof repeatKey !== 'string') return null
  const isIntact =
    payload === null
      ? status === doneStatus
      : typeof payload === 'string' &&
        typeof codec === 'number' &&
        checksum === messageChecksum({ position, queue, repeatKey, codec, payload })
  const columns = isIntact ? columnsOf(position, values) : null
  return columns === null ? null : { kind: 'message', columns }
}

/** Of 9 columns. */
export function publishedRow(
  position: number,
  values: readonly ColumnValue[],
): SalvagedPublished | null {
  const columns = columnsOf(position, values)
  const [, , execution, seq, place, atMs, checksum, codec, payload] = columns ?? []
  if (typeof payload !== 'string') return null
  const row = { execution, seq, place, atMs, codec }
  if (Object.values(row).some((value) => typeof value !== 'number')) return null
  if (checksum !== outboxChecksum({ ...(row as Numbers), payload })) return null
  return columns === null ? null : { kind: 'published', columns }
}

type Numbers = Readonly<Record<'execution' | 'seq' | 'place' | 'atMs' | 'codec', number>>

/** Null when a column has a type that none of these tables has. */
function columnsOf(
  position: number,
  [, ...values]: readonly ColumnValue[],
): readonly (string | number | null)[] | null {
  const columns: (string | number | null)[] = [position]
  for (const value of values) {
    if (value !== null && typeof value !== 'string' && typeof value !== 'number') return null
    columns.push(value)
  }
  return columns
}

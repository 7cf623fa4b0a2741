import { type ColumnType, type KeptColumns, type KeptTable, keptTables } from './kept-tables.ts'
import type { KeptValue } from './kept-tables.ts'
import type { ColumnValue, StoredRow } from './table-cells.ts'

/** A row that is what was recorded. */
export interface KeptRow {
  readonly kind: 'kept'
  readonly table: string
  /** Tells the row from the others of its table. */
  readonly key: string
  readonly name: string
  /** Number of the thread of checkpoints that it belongs to; null for none. */
  readonly parent: number | null
  /** In their order in the file. */
  readonly columns: readonly KeptValue[]
}

/** A row, or a page of rows, that is not what was recorded. */
export interface LostKeptRow {
  readonly kind: 'lost'
  readonly table: string
  readonly key: string
  readonly name: string
  readonly parent: number | null
  readonly reason: string
}

const damagedRow = 'it is damaged'

const byLength = Map.groupBy(keptTables, ({ columns }) => columns.length)
const byName = new Map(keptTables.map((kept) => [kept.table, kept]))
const byIndex = new Map(
  keptTables.flatMap((kept) =>
    kept.index === undefined ? [] : [[kept.index.name, kept] as const],
  ),
)

/** Whether rows of a table are salvaged as they are. */
export function isKeptTable(table: string | undefined): table is string {
  return table !== undefined && byName.has(table)
}

/**
 * What a stored row is among the tables that are salvaged as they are; null when it is of none.
 *
 * @param table where its page belongs to; undefined when that is not known
 */
export function keptRow(row: StoredRow, table: string | undefined): KeptRow | LostKeptRow | null {
  for (const kept of byLength.get(row.values.length) ?? []) {
    const columns = columnsOf(row, kept)
    if (columns !== null && kept.isIntact(columns)) {
      return { kind: 'kept', ...called(kept, row, columns), columns: Object.values(columns) }
    }
  }
  if (table === undefined) return null
  const own = byName.get(table)
  if (own !== undefined) {
    return { kind: 'lost', ...called(own, row, columnsOf(row, own)), reason: damagedRow }
  }
  const indexed = byIndex.get(table)
  return indexed === undefined ? null : namedByIndex(row, indexed)
}

/** A page of one of these tables of which not all can be read. */
export function lostPage(table: string, page: number, reason: string): LostKeptRow {
  const name = `page ${page}`
  return { kind: 'lost', table, key: name, name, parent: null, reason }
}

/** An index names every row that there was; the rows that are found are crossed out later. */
function namedByIndex({ values }: StoredRow, kept: KeptTable): LostKeptRow | null {
  const names = kept.index?.columns ?? []
  const number = values.at(-1)
  if (values.length !== names.length + 1 || typeof number !== 'number') return null
  const types = new Map(kept.columns)
  const columns: Record<string, KeptValue> = {}
  for (const [at, name] of names.entries()) {
    const value = values[at]
    if (!isOfType(value, types.get(name) ?? 'text')) return null
    columns[name] = value
  }
  const { table } = kept
  const key = String(number)
  const parent = kept.parentOf?.(columns) ?? null
  return {
    kind: 'lost',
    table,
    key,
    name: kept.nameOf(textsOf(columns), key),
    parent,
    reason: damagedRow,
  }
}

function called(
  kept: KeptTable,
  row: StoredRow,
  columns: KeptColumns | null,
): Pick<KeptRow, 'table' | 'key' | 'name' | 'parent'> {
  const { table } = kept
  const number = row.rowid === null ? null : String(row.rowid)
  const name =
    columns === null ? `row ${number ?? ''}`.trim() : kept.nameOf(textsOf(columns), number ?? '')
  const parent = columns === null ? null : (kept.parentOf?.(columns) ?? null)
  return { table, key: number ?? name, name, parent }
}

function textsOf(columns: KeptColumns): (column: string) => string {
  return (column) => String(columns[column] ?? '')
}

/** Null when the row cannot be one of that table. */
function columnsOf({ rowid, values }: StoredRow, kept: KeptTable): KeptColumns | null {
  if (values.length !== kept.columns.length || (rowid === null) !== (kept.number === 'none'))
    return null
  const columns: Record<string, KeptValue> = {}
  for (const [at, [name, type]] of kept.columns.entries()) {
    const isNumber = at === 0 && kept.number === 'column'
    if (isNumber && values[at] !== null) return null
    const value = isNumber ? rowid : values[at]
    if (!isOfType(value, type)) return null
    columns[name] = value
  }
  // The namespace, which is always 0.
  return values[kept.number === 'column' ? 1 : 0] === 0 ? columns : null
}

function isOfType(value: ColumnValue | undefined, type: ColumnType): value is KeptValue {
  switch (type) {
    case 'integer':
      return Number.isSafeInteger(value)
    case 'text':
      return typeof value === 'string'
    case 'payload':
      return typeof value === 'string' || value instanceof Uint8Array
    default:
      return value === null || isOfType(value, type.slice(0, -1) as ColumnType)
  }
}

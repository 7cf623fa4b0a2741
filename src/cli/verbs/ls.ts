import { isOrchestrationError } from '../../core/errors.ts'
import type { ExecutionRow } from '../../engine/index.ts'
import type { CommandContext } from '../command-context.ts'
import { exitCodes } from '../exit-code.ts'
import { openJournal } from '../journal-file.ts'
import { splitPair } from '../option-values.ts'
import { askOwner } from '../owner-client.ts'
import { ownerWithoutFile } from '../owner-view.ts'
import type { ListedRow as ApiRow } from '../../server/index.ts'
import type { OwnerInfo } from '../../storage/index.ts'
import { statusMark } from '../status-mark.ts'
import { listOnTemporal } from '../temporal/list-on-temporal.ts'
import { tableLines } from '../terminal/table.ts'
import { durationText, momentText } from '../terminal/duration-text.ts'

export interface LsOptions {
  readonly status?: string
  readonly workflow?: string
  readonly meta?: readonly string[]
}

/** `aura ls`: executions, newest first; a file that is not there has none. */
export async function ls(context: CommandContext, options: LsOptions): Promise<number> {
  const rows = await rowsOf(context, options)
  if (context.isJson) context.json({ executions: rows.map(listed) })
  else if (rows.length === 0) context.note('no executions')
  else context.say(table(context, rows))
  return exitCodes.done
}

async function rowsOf(context: CommandContext, options: LsOptions): Promise<readonly ListedRow[]> {
  if (context.temporal !== null) return listOnTemporal(context, options)
  const owner = ownerWithoutFile(context)
  return owner === null ? readRows(context, options) : askRows(owner, options)
}

function readRows(context: CommandContext, options: LsOptions): readonly ExecutionRow[] {
  const pairs = options.meta ?? []
  const metadata = Object.fromEntries(pairs.map((pair) => splitPair('--meta', pair)))
  const filter = {
    ...(options.status === undefined ? {} : { status: options.status }),
    ...(options.workflow === undefined ? {} : { workflow: options.workflow }),
    ...(pairs.length === 0 ? {} : { metadata }),
  }
  try {
    using opened = openJournal(context.databasePath)
    return opened.journal.list(filter)
  } catch (thrown) {
    if (!isOrchestrationError(thrown) || thrown.code !== 'NotFoundError') throw thrown
    context.note(`${context.databasePath} is not there yet`)
    return []
  }
}

/** The newest page of an owner whose executions are elsewhere. */
async function askRows(owner: OwnerInfo, options: LsOptions): Promise<readonly ListedRow[]> {
  const { status, workflow, meta = [] } = options
  const query = new URLSearchParams()
  if (status !== undefined) query.set('status', status)
  if (workflow !== undefined) query.set('workflow', workflow)
  for (const pair of meta) {
    const [key, value] = splitPair('--meta', pair)
    query.set(`meta.${key}`, value)
  }
  const answer = await askOwner(owner, {
    method: 'GET',
    path: `/v1/executions?${query.toString()}`,
  })
  return (answer as unknown as { readonly executions: readonly ListedRow[] }).executions
}

/** What is shown of an execution. */
type ListedRow = Omit<ApiRow, 'execution'>

function listed(row: ListedRow): object {
  const { executionId, workflow, version, status, metadata, startedAtMs, endedAtMs } = row
  return { executionId, workflow, version, status, metadata, startedAtMs, endedAtMs }
}

function table(context: CommandContext, rows: readonly ListedRow[]): string {
  const paint = context.paintOut
  const nowMs = context.clock.nowMs()
  const cells = rows.map((row) => [
    `${statusMark(row.status, paint)} ${row.status}`,
    row.executionId,
    `${row.workflow} ${row.version}`,
    momentText(row.startedAtMs),
    durationText((row.endedAtMs ?? nowMs) - row.startedAtMs),
  ])
  const head = ['  STATUS', 'EXECUTION', 'WORKFLOW', 'STARTED', 'TOOK']
  return tableLines([head.map((title) => paint.dim(title)), ...cells], context.stdout).join('\n')
}

import { isOrchestrationError, OrchestrationError } from '../../core/errors.ts'
import type { ExecutionRow } from '../../engine/index.ts'
import type { CommandContext } from '../command-context.ts'
import { checkEngineName } from '../engine-name.ts'
import { exitCodes } from '../exit-code.ts'
import { openJournal } from '../journal-file.ts'
import { splitPair } from '../option-values.ts'
import { statusMark } from '../status-mark.ts'
import { type TemporalFlags, temporalPlace } from '../temporal/place.ts'
import { tableLines } from '../terminal/table.ts'
import { durationText, momentText } from '../terminal/duration-text.ts'

export interface LsOptions extends TemporalFlags {
  /** Default `embedded`. */
  readonly engine?: string
  readonly status?: string
  readonly workflow?: string
  readonly meta?: readonly string[]
}

/** `aura ls`: executions, newest first; a file that is not there has none. */
export async function ls(context: CommandContext, options: LsOptions): Promise<number> {
  checkEngineName(options.engine ?? 'embedded')
  const rows =
    options.engine === 'temporal'
      ? await listTemporal(context, options)
      : readRows(context, options).map(listed)
  if (context.isJson) context.json({ executions: rows })
  else if (rows.length === 0) context.note('no executions')
  else context.say(table(context, rows))
  return exitCodes.done
}

/** @throws UsageError for `--meta`: Temporal has not indexed it */
async function listTemporal(
  context: CommandContext,
  { meta = [], status, workflow, ...flags }: LsOptions,
): Promise<readonly Omit<Listed, 'metadata'>[]> {
  if (meta.length > 0)
    throw new OrchestrationError('UsageError', 'executions on Temporal are not found by --meta', {
      hint: 'use --workflow or --status',
    })
  const { openTemporalEngine } = await import('../../integrations/temporal/index.ts')
  const engine = await openTemporalEngine(temporalPlace(context, flags))
  try {
    return await engine.list({
      ...(status === undefined ? {} : { status }),
      ...(workflow === undefined ? {} : { workflow }),
    })
  } finally {
    await engine.close()
  }
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

type Listed = ReturnType<typeof listed>

function listed(row: ExecutionRow) {
  const { executionId, workflow, version, status, metadata, startedAtMs, endedAtMs } = row
  return { executionId, workflow, version, status, metadata, startedAtMs, endedAtMs }
}

function table(context: CommandContext, rows: readonly Omit<Listed, 'metadata'>[]): string {
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

import { parseDuration } from '../../core/duration.ts'
// Its part of the engine alone, as in `ls.ts`.
import { type DiskUse, diskUse } from '../../engine/index.ts'
import type { CommandContext } from '../command-context.ts'
import { exitCodes } from '../exit-code.ts'
import { readSettings } from '../serve/settings.ts'
import { byteText } from '../terminal/byte-text.ts'
import { tableLines } from '../terminal/table.ts'
import { plainText } from '../terminal/width.ts'

type Paint = CommandContext['paintOut']

/** `aura du`: what the file takes, by table and execution, and what retention would give back. */
export async function du(context: CommandContext): Promise<number> {
  const { retention } = await readSettings(context)
  const nowMs = context.clock.nowMs()
  const before = (age: string | null): number | null =>
    age === null ? null : nowMs - (parseDuration(age) ?? 0)
  const use = diskUse(context.databasePath, {
    endedBeforeMs: before(retention.finishedFor),
    endedMax: retention.finishedMax,
    deadLetterEndedBeforeMs: before(retention.deadLettersFor),
  })
  if (context.isJson) context.json({ ...use, retention: { ...retention, ...use.retention } })
  else context.say(lines(context.paintOut, use).join('\n'))
  return exitCodes.done
}

function lines(paint: Paint, use: DiskUse): readonly string[] {
  const { executions, blobs, retention } = use
  const sizes = [
    `file ${byteText(use.fileBytes)}`,
    `log ${byteText(use.walBytes)}`,
    `free inside ${byteText(use.freeBytes)}`,
  ]
  return [
    `${paint.bold(plainText(use.path))}  ${sizes.join(', ')}`,
    `executions: ${executions.open} open, ${executions.ended} ended, ${executions.tombstones} pruned; ` +
      `${use.deadLetters} dead letters; ${blobs.count} large values`,
    `retention would free about ${byteText(retention.bytes)} now (${retention.executions} executions)`,
    '',
    ...tableLines([
      ['TABLE', 'ROWS', 'SIZE'].map((title) => paint.dim(title)),
      ...use.tables
        .filter(({ rows }) => rows > 0)
        .map(({ name, rows, bytes }) => [name, String(rows), byteText(bytes)]),
    ]),
    ...largestLines(paint, use),
  ]
}

function largestLines(paint: Paint, { largest, isSampled }: DiskUse): readonly string[] {
  if (largest.length === 0) return []
  const title = isSampled ? 'LARGEST JOURNALS (found in a sample)' : 'LARGEST JOURNALS'
  return [
    '',
    ...tableLines([
      [title, 'WORKFLOW', 'STATUS', 'ROWS', 'SIZE'].map((text) => paint.dim(text)),
      ...largest.map(({ executionId, workflow, status, journalRows, journalBytes }) => [
        plainText(executionId),
        plainText(workflow),
        status,
        String(journalRows),
        byteText(journalBytes),
      ]),
    ]),
  ]
}

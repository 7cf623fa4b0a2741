import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
// Its part of the engine alone, as in `ls.ts`.
import {
  type LostPart,
  type LostRow,
  recover as recoverFile,
  type Recovery,
} from '../../engine/index.ts'
import type { CommandContext } from '../command-context.ts'
import { exitCodes } from '../exit-code.ts'
import { shellCommand } from '../shell-quote.ts'
import { tableLines } from '../terminal/table.ts'
import { plainText } from '../terminal/width.ts'

const lostLinesMax = 50

/**
 * `aura recover [TARGET]`: saves into a new file what a damaged one still holds, and lists what is lost
 * and why. Exit 0 also when something is.
 *
 * @param target default `<db>.recovered`
 */
export async function recover(context: CommandContext, target?: string): Promise<number> {
  const recovery = await recoverFile({
    path: context.databasePath,
    ...(target === undefined ? {} : { target: resolve(context.cwd, target) }),
    nowMs: context.clock.nowMs(),
  })
  if (context.isJson) context.json(recovery)
  else context.say(lines(context, recovery).join('\n'))
  return exitCodes.done
}

function lines(context: CommandContext, recovery: Recovery): readonly string[] {
  const paint = context.paintOut
  const { path, recovered, lost, missingRows, lostWorkflows, lostRows } = recovery
  const isWhole = [lost.length, missingRows, lostWorkflows, lostRows.length].every((n) => n === 0)
  const all = [`${paint.green('✔')} ${count(recovered, 'execution')} saved in ${plainText(path)}`]
  if (isWhole) all.push('nothing is lost')
  if (missingRows > 0) {
    all.push(
      paint.yellow(
        `! ${count(missingRows, 'journal row')} of unknown executions ${missingRows === 1 ? 'is' : 'are'} missing`,
      ),
    )
  }
  if (lostWorkflows > 0) {
    all.push(
      paint.yellow(`! ${count(lostWorkflows, 'registered workflow')} lost: register them again`),
    )
  }
  if (lost.length > 0) all.push('', ...lostLines(context, lost))
  if (lostRows.length > 0) all.push('', ...lostRowLines(context, lostRows))
  return [...all, '', ...nextLines(context, recovery)]
}

function lostLines(context: CommandContext, lost: readonly LostPart[]): readonly string[] {
  const paint = context.paintOut
  const cells = lost
    .slice(0, lostLinesMax)
    .map(({ executionId, seq, reason }) => [
      seq === null ? `${paint.red('✘')} lost` : `${paint.yellow('!')} saved to ${seq}`,
      plainText(executionId),
      plainText(reason),
    ])
  return shortTable(context, ['  EVENTS', 'EXECUTION', 'WHY'], { cells, all: lost.length })
}

/** What belongs to no execution: budgets, routers, checkpoints of graphs, memories, events. */
function lostRowLines(context: CommandContext, lost: readonly LostRow[]): readonly string[] {
  const mark = context.paintOut.red('✘')
  const cells = lost
    .slice(0, lostLinesMax)
    .map(({ table, row, reason }) => [`${mark} ${table}`, plainText(row), plainText(reason)])
  return shortTable(context, ['  TABLE', 'ROW', 'WHY'], { cells, all: lost.length })
}

function shortTable(
  context: CommandContext,
  titles: readonly string[],
  of: { readonly cells: readonly (readonly string[])[]; readonly all: number },
): readonly string[] {
  const paint = context.paintOut
  const more = of.all - of.cells.length
  return [
    ...tableLines([titles.map((title) => paint.dim(title)), ...of.cells]),
    ...(more > 0 ? [paint.dim(`… and ${more} more; --json lists all`)] : []),
  ]
}

/** An old log beside a new file would be taken for its own, and an old mark too. */
function nextLines(context: CommandContext, { path, lost }: Recovery): readonly string[] {
  const paint = context.paintOut
  const old = context.databasePath
  const aside = `${old}.damaged`
  const beside = ['', '-wal', '-shm', '.mark'].map((suffix) => `${old}${suffix}`).filter(existsSync)
  const commands = [
    ['mkdir', aside],
    ['mv', ...beside, aside],
    ['mv', path, old],
    ['mv', `${path}.mark`, `${old}.mark`],
  ]
  const cutShort = lost.some(({ seq }) => seq !== null)
  return [
    ...(cutShort
      ? ['Open executions of this list are paused: look at each, then `aura resume` or cancel it.']
      : []),
    `${paint.cyan('look at it:')} ${shellCommand([context.commandName, '--db', path, 'ls'])}`,
    paint.cyan('put it in place:'),
    ...commands.map((words) => `  ${shellCommand(words)}`),
  ]
}

function count(number: number, one: string): string {
  return `${number} ${one}${number === 1 ? '' : 's'}`
}

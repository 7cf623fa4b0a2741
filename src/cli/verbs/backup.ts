import { resolve } from 'node:path'
import { backupDatabase } from '../../storage/index.ts'
import type { CommandContext } from '../command-context.ts'
import { exitCodes } from '../exit-code.ts'
import { byteText } from '../terminal/byte-text.ts'
import { plainText } from '../terminal/width.ts'

/**
 * `aura backup [TARGET]`: copies the file as it is at one moment, owner or not, and checks the copy.
 *
 * @param target default `<db>.backup-<time in UTC>`
 */
export async function backup(context: CommandContext, target?: string): Promise<number> {
  const time = new Date(context.clock.nowMs()).toISOString().replaceAll(/[-:]|\.\d+/g, '')
  const whole =
    target === undefined ? `${context.databasePath}.backup-${time}` : resolve(context.cwd, target)
  const { path, bytes } = await backupDatabase(context.databasePath, whole)
  if (context.isJson) context.json({ path, bytes })
  else {
    const mark = context.paintOut.green('✔')
    context.say(`${mark} ${plainText(path)}  ${byteText(bytes)}, every page and row checked`)
  }
  return exitCodes.done
}

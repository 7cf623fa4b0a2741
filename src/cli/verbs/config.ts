import type { CommandContext } from '../command-context.ts'
import { redactText } from '../../observability/index.ts'
import { exitCodes } from '../exit-code.ts'
import { configKeys } from '../serve/config-keys.ts'
import { readSettings } from '../serve/settings.ts'
import type { ServeOptions, Setting } from '../serve/settings.ts'
import { tableLines } from '../terminal/table.ts'
import { plainText } from '../terminal/width.ts'

/** `aura config [--config F]`: the configuration that `aura serve` would obey, with where each value comes from. */
export async function config(context: CommandContext, options: ServeOptions): Promise<number> {
  const list = (await readSettings(context, options)).list.map(shown)
  if (context.isJson) {
    context.json({ settings: list })
    return exitCodes.done
  }
  const paint = context.paintOut
  const rows = list.map(({ key, value, source, from }) => [
    paint.bold(key),
    plainText(valueText(value)),
    source === 'default' ? paint.dim(source) : source,
    paint.dim(plainText(from ?? '')),
  ])
  const head = ['KEY', 'VALUE', 'FROM', ''].map((title) => paint.dim(title))
  context.say(tableLines([head, ...rows], context.stdout).join('\n'))
  return exitCodes.done
}

/** Without what is secret. */
function shown(setting: Setting): Setting {
  const isSecret = configKeys.find(({ key }) => key === setting.key)?.isSecret === true
  const { value } = setting
  if (!isSecret || typeof value !== 'string') return setting
  return { ...setting, value: value.includes('://') ? redactText(value) : '[redacted]' }
}

function valueText(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? 'none' : value.join(', ')
  if (value === null) return 'none'
  return typeof value === 'string' ? value : JSON.stringify(value)
}

import type { CommandContext } from './command-context.ts'
import { shellCommand } from './shell-quote.ts'

/**
 * The two ways to go on with an execution that nobody drives, for copying.
 *
 * @param workflow its name and version, where they are known
 */
export function driveCommands(
  context: CommandContext,
  executionId: string,
  workflow?: string,
): readonly { readonly command: string; readonly what: string }[] {
  const { commandName, placeArgument } = context
  const command = (...words: string[]): string =>
    `${shellCommand([commandName, ...words])}${placeArgument}`
  return [
    { command: command('serve'), what: 'drives everything that is open' },
    {
      command: command('run', 'DOCUMENT', '--id', executionId),
      what: `drives this one; DOCUMENT is the file of ${workflow ?? 'its workflow'}`,
    },
  ]
}

/** The same as lines of advice. */
export function driveAdvice(context: CommandContext, executionId: string): string {
  const lines = driveCommands(context, executionId).map(
    ({ command, what }) => `  ${command}  ${context.paintErr.dim(`# ${what}`)}`,
  )
  return ['Go on with one of:', ...lines].join('\n')
}

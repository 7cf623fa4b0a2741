import { Command, CommanderError, Help, Option } from 'commander'
import { nearestHint } from '../core/nearest.ts'
import { OrchestrationError } from '../core/errors.ts'
import type { CommandContext } from './command-context.ts'
import { laterVerbs, notYet } from './not-yet.ts'
import { addLookingVerbs } from './verbs/looking.ts'
import { addOperatingVerbs } from './verbs/operating.ts'
import { addSteeringVerbs } from './verbs/steering.ts'
import { addWorkingVerbs } from './verbs/working.ts'
import type { VerbHost } from './verb-host.ts'

/** Options that every verb takes. */
export interface GlobalOptions {
  readonly db?: string
  readonly json?: boolean
}

/** Makes the world of a verb from the options that every verb takes. */
export type ContextOf = (options: GlobalOptions) => CommandContext

/** What a command line came to. */
export interface ProgramResult {
  readonly code: number
}

/**
 * Reads a command line and does its verb. What the verb throws is thrown; help and version are
 * printed to `write`.
 *
 * @throws UsageError for a wrong command line, RefusedError for a verb of a later release
 */
export async function runProgram(
  words: readonly string[],
  parts: {
    readonly contextOf: ContextOf
    readonly version: () => string
    readonly write: (text: string) => void
  },
): Promise<ProgramResult> {
  let code = 0
  const program = newProgram(parts.write)
  program.version(parts.version(), '--version', 'prints the version')
  const host: VerbHost = {
    program,
    run: async (work) => {
      code = await work(parts.contextOf(program.opts<GlobalOptions>()))
    },
  }
  const groups = [
    ['Work:', addWorkingVerbs],
    ['Look:', addLookingVerbs],
    ['Steer:', addSteeringVerbs],
    ['Operate:', addOperatingVerbs],
  ] as const
  for (const [heading, add] of groups) {
    program.commandsGroup(heading)
    add(host)
  }
  addLaterVerbs(program)
  try {
    await program.parseAsync(words, { from: 'user' })
  } catch (thrown) {
    if (thrown instanceof CommanderError) return { code: endOf(thrown, words, program) }
    throw thrown
  }
  return { code }
}

function newProgram(write: (text: string) => void): Command {
  return (
    new Command('aura')
      .description(
        'Durable multi-agent workflows: executions survive kill -9 and go on where they were.',
      )
      .addOption(new Option('--db <path>', 'database file (default: $AURA_DB, else .aura/aura.db)'))
      .addOption(
        new Option('--json', 'exactly one JSON document on stdout; progress goes to stderr'),
      )
      .helpOption('-h, --help', 'prints help')
      .helpCommand('help [verb]', 'prints help of a verb')
      .configureOutput({ writeOut: write, writeErr: () => {} })
      // Set before the verbs are added, which inherit it.
      .configureHelp({ showGlobalOptions: true })
      .showSuggestionAfterError(false)
      .exitOverride()
      .addHelpText('after', () => `\nLater releases: ${[...laterVerbs.keys()].join(', ')}.`)
  )
}

function addLaterVerbs(program: Command): void {
  for (const [verb, what] of laterVerbs) {
    program
      .command(verb, { hidden: true })
      .description(`${what} (not yet)`)
      .argument('[words...]')
      .allowUnknownOption()
      .helpOption(false)
      .action(() => {
        throw notYet(`'aura ${verb}'`)
      })
  }
}

/** The exit code of what Commander ended by itself. @throws UsageError for everything but help and version */
function endOf(ended: CommanderError, words: readonly string[], program: Command): number {
  if (ended.exitCode === 0) return 0
  const asked = words[0] === 'help' ? words[1] : undefined
  if (ended.code === 'commander.help' && asked !== undefined) {
    throw new OrchestrationError('UsageError', `there is no verb '${asked}'`, {
      hint: nearestVerb(asked, program),
    })
  }
  if (ended.code === 'commander.help') {
    throw new OrchestrationError('UsageError', 'a verb is missing', {
      hint: 'aura --help lists the verbs',
    })
  }
  const message = ended.message.replace(/^error: /, '')
  throw new OrchestrationError('UsageError', message, { hint: hintFor(ended, words, program) })
}

function hintFor(ended: CommanderError, words: readonly string[], program: Command): string {
  const wrong = /'([^']+)'/.exec(ended.message)?.[1] ?? ''
  const command = commandOf(words, program)
  if (ended.code === 'commander.unknownCommand') return nearestVerb(wrong, command)
  const help = `${pathOf(command)} --help shows what it takes`
  if (ended.code !== 'commander.unknownOption') return help
  const options = [...command.options, ...program.options].flatMap((option) => option.long ?? [])
  return nearestHint(wrong, options) ?? help
}

function nearestVerb(wrong: string, command: Command): string {
  const known = command.commands.map((child) => child.name())
  const visible = new Help().visibleCommands(command).map((child) => child.name())
  return nearestHint(wrong, [...known, 'help']) ?? `the verbs: ${visible.join(', ')}`
}

function commandOf(words: readonly string[], program: Command): Command {
  let command = program
  for (const word of words) {
    command = command.commands.find((child) => child.name() === word) ?? command
  }
  return command
}

function pathOf(command: Command): string {
  return command.parent === null ? command.name() : `${pathOf(command.parent)} ${command.name()}`
}

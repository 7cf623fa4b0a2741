import type { Command } from 'commander'
import { OrchestrationError } from '../core/errors.ts'
import type { CommandContext } from './command-context.ts'
import { shellCommand } from './shell-quote.ts'
import type { TemporalFlags } from './temporal/place.ts'
import { nonEmpty } from './verb-host.ts'

/** Which engine has the executions of a verb. */
export interface EngineFlags extends TemporalFlags {
  /** Default `embedded`. */
  readonly engine?: string
}

const places = [
  ['address', '--address'],
  ['namespace', '--namespace'],
  ['taskQueue', '--task-queue'],
] as const

/** Adds the options that say which engine has the executions, and where. */
export function engineOptions(command: Command): Command {
  return temporalOptions(
    command.option('--engine <engine>', 'embedded or temporal (default: embedded)'),
  )
}

/** Adds the options that say where Temporal is. */
export function temporalOptions(command: Command): Command {
  return command
    .option('--address <host:port>', 'of Temporal (default: $TEMPORAL_ADDRESS)', nonEmpty)
    .option('--namespace <name>', 'of Temporal (default: $TEMPORAL_NAMESPACE, else default)')
    .option('--task-queue <name>', 'of Temporal (default: aura)', nonEmpty)
}

/** The context of a verb with these options. @throws UsageError for an engine that there is not, or a place of one that is not meant */
export function onEngine(
  context: CommandContext,
  { engine = 'embedded', ...flags }: EngineFlags,
): CommandContext {
  checkEngineName(engine)
  const given = places.filter(([name]) => flags[name] !== undefined)
  if (engine === 'temporal') {
    const words = given.flatMap(([name, flag]) => [flag, flags[name] ?? ''])
    const placeArgument = ` ${shellCommand(['--engine', 'temporal', ...words])}`
    return { ...context, temporal: flags, placeArgument }
  }
  if (given.length === 0) return context
  throw new OrchestrationError(
    'UsageError',
    `${given.map(([, flag]) => flag).join(', ')} says where Temporal is, and the engine is embedded`,
    { hint: 'add --engine temporal' },
  )
}

/** The options of a verb but for these. */
export function withoutEngine<Options extends EngineFlags>({
  engine: _engine,
  address: _address,
  namespace: _namespace,
  taskQueue: _taskQueue,
  ...options
}: Options): Omit<Options, keyof EngineFlags> {
  return options
}

/** @throws UsageError for an engine that there is not */
function checkEngineName(engine: string): void {
  if (engine === 'embedded' || engine === 'temporal') return
  throw new OrchestrationError('UsageError', `there is no engine '${engine}'`, {
    hint: 'the engines are embedded and temporal',
  })
}

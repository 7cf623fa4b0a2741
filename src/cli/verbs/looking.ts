import { Option } from 'commander'
import { type EngineFlags, engineOptions, onEngine } from '../engine-place.ts'
import { repeatable, nonEmpty } from '../verb-host.ts'
import type { VerbHost } from '../verb-host.ts'
import type { LsOptions } from './ls.ts'

const statuses = ['pending', 'running', 'waiting', 'paused', 'completed', 'failed', 'cancelled']

/** Adds `ls`, `show`, `logs`, `top`, `doctor`, which only look. Their code loads when they are called. */
export function addLookingVerbs({ program, run }: VerbHost): void {
  engineOptions(program.command('ls'))
    .summary('lists executions')
    .description('Lists executions, the newest first, at most 1,000.')
    .addOption(new Option('--status <status>', 'only those with this status').choices(statuses))
    .option('--workflow <name>', 'only those of this workflow')
    .addOption(
      repeatable(
        '--meta <key=value>',
        "only those with this in the document's metadata (repeatable)",
      ),
    )
    .action((options: LsOptions & EngineFlags) =>
      run(async (context) => (await import('./ls.ts')).ls(onEngine(context, options), options)),
    )
  engineOptions(program.command('show'))
    .summary('shows an execution')
    .description('Shows how an execution stands: steps, attempts, errors, output, what to do next.')
    .argument('<id>', 'execution id', nonEmpty)
    .action((id: string, flags: EngineFlags) =>
      run(async (context) => (await import('./show.ts')).show(onEngine(context, flags), id)),
    )
  engineOptions(program.command('logs'))
    .summary('prints the recorded events of an execution')
    .description('Prints the recorded events of an execution.')
    .argument('<id>', 'execution id', nonEmpty)
    .option('-f, --follow', 'goes on until the execution has ended')
    .action((id: string, { follow, ...flags }: EngineFlags & { follow?: boolean }) =>
      run(async (context) =>
        (await import('./logs.ts')).logs(onEngine(context, flags), id, follow === true),
      ),
    )
  program
    .command('top')
    .summary('shows what is open, live')
    .description(
      'Shows every open execution: status, steps, what it waits for, age; every second until q. Without a terminal and with --json: as they stand now.',
    )
    .action(() => run(async (context) => (await import('./top.ts')).top(context)))
  program
    .command('doctor')
    .summary('checks that everything needed is in reach')
    .description('Checks Node, SQLite, the file, its owner, the disk and configured services.')
    .action(() => run(async (context) => (await import('./doctor.ts')).doctor(context)))
}

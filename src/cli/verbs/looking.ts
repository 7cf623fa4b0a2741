import { Option } from 'commander'
import { repeatable, nonEmpty } from '../verb-host.ts'
import type { VerbHost } from '../verb-host.ts'
import type { LsOptions } from './ls.ts'

const statuses = ['pending', 'running', 'waiting', 'paused', 'completed', 'failed', 'cancelled']

/** Adds `ls`, `show`, `logs`, `top`, `doctor`, which only look. Their code loads when they are called. */
export function addLookingVerbs({ program, run }: VerbHost): void {
  program
    .command('ls')
    .summary('lists executions')
    .description('Lists executions, the newest first, at most 1,000.')
    .addOption(new Option('--status <status>', 'only those with this status').choices(statuses))
    .option('--workflow <name>', 'only those of this workflow')
    .option('--engine <engine>', 'embedded or temporal', 'embedded')
    .option('--address <host:port>', 'of Temporal (default: $TEMPORAL_ADDRESS)', nonEmpty)
    .option('--namespace <name>', 'of Temporal (default: $TEMPORAL_NAMESPACE, else default)')
    .option('--task-queue <name>', 'of Temporal (default: aura)', nonEmpty)
    .addOption(
      repeatable(
        '--meta <key=value>',
        "only those with this in the document's metadata (repeatable)",
      ),
    )
    .action((options: LsOptions) =>
      run(async (context) => (await import('./ls.ts')).ls(context, options)),
    )
  program
    .command('show')
    .summary('shows an execution')
    .description('Shows how an execution stands: steps, attempts, errors, output, what to do next.')
    .argument('<id>', 'execution id', nonEmpty)
    .action((id: string) => run(async (context) => (await import('./show.ts')).show(context, id)))
  program
    .command('logs')
    .summary('prints the recorded events of an execution')
    .description('Prints the recorded events of an execution.')
    .argument('<id>', 'execution id', nonEmpty)
    .option('-f, --follow', 'goes on until the execution has ended')
    .action((id: string, options: { follow?: boolean }) =>
      run(async (context) =>
        (await import('./logs.ts')).logs(context, id, options.follow === true),
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

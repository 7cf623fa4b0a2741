import { Option } from 'commander'
import { type EngineFlags, engineOptions, onEngine } from '../engine-place.ts'
import { repeatable, nonEmpty } from '../verb-host.ts'
import type { VerbHost } from '../verb-host.ts'
import type { QuarantineOptions } from './agents-quarantine.ts'
import type { RouteOptions } from './route.ts'
import type { RunOptions } from './run.ts'
import type { ScanVerbOptions } from './tda-scan.ts'
import type { WatchOptions } from './tda-watch.ts'

const agentsOption = () =>
  repeatable('--agents <module>', 'module with agents, .ts or .js (repeatable)')

/** Adds `validate`, `graph`, `run`, `agents`, `route`, `tda`. Their code loads when they are called. */
export function addWorkingVerbs({ program, run }: VerbHost): void {
  engineOptions(program.command('run'))
    .summary('runs a workflow, or goes on with an execution')
    .description(
      'Runs a workflow document with live progress. Kill it at any moment: `--id` goes on where it was. Where `aura serve` owns the file it is submitted to that, and watched: Ctrl-C only detaches.',
    )
    .argument('<document>', 'workflow document, YAML or JSON', nonEmpty)
    .addOption(
      repeatable(
        '--input <key=value>',
        "one value of the input, read as the schema's type (repeatable)",
      ),
    )
    .option('--input-file <file>', 'JSON object with the input; --input goes over it')
    .option('--id <id>', 'id of the execution; one that exists is continued')
    .option('--detach', 'records the start, or submits it to `aura serve`, and returns')
    .addOption(agentsOption())
    .action((file: string, options: RunOptions & EngineFlags) =>
      run(async (context) =>
        (await import('./run.ts')).run(onEngine(context, options), file, options),
      ),
    )
  program
    .command('validate')
    .summary('checks documents')
    .description(
      'Reports everything that is wrong with documents, each with file, line and column.',
    )
    .argument('<documents...>', 'workflow documents')
    .addOption(agentsOption())
    .action((files: string[], options: { agents?: string[] }) =>
      run(async (context) =>
        (await import('./validate.ts')).validate(context, files, options.agents ?? []),
      ),
    )
  program
    .command('graph')
    .summary('draws a document')
    .description('Draws the steps of a document and what needs what.')
    .argument('<document>', 'workflow document', nonEmpty)
    .addOption(
      new Option('--format <format>', 'how').choices(['ascii', 'mermaid', 'svg']).default('ascii'),
    )
    .action((file: string, options: { format: 'ascii' | 'mermaid' | 'svg' }) =>
      run(async (context) => (await import('./graph.ts')).graph(context, file, options.format)),
    )
  addAgentVerbs(program, run)
  addTaskVerbs(program, run)
}

function addAgentVerbs(program: VerbHost['program'], run: VerbHost['run']): void {
  const agents = program
    .command('agents')
    .summary('agents ls, quarantine, release: agents, their actions, load and health')
    .description('Agents.')
  agents
    .command('quarantine')
    .summary('keeps new work from an agent of `aura serve`')
    .description(
      'Keeps new work from an agent where another one of its type can do it. What runs goes on.',
    )
    .argument('<agent>', 'its id', nonEmpty)
    .requiredOption('--reason <text>', 'why', nonEmpty)
    .option('--for <duration>', 'how long; then it is observed first (default: until release)')
    .action((agentId: string, options: QuarantineOptions) =>
      run(async (context) =>
        (await import('./agents-quarantine.ts')).agentsQuarantine(context, agentId, options),
      ),
    )
  agents
    .command('release')
    .summary('ends the quarantine of an agent')
    .description('Ends the quarantine of an agent, whatever its cause.')
    .argument('<agent>', 'its id', nonEmpty)
    .action((agentId: string) =>
      run(async (context) =>
        (await import('./agents-quarantine.ts')).agentsRelease(context, agentId),
      ),
    )
  agents
    .command('ls')
    .summary('lists agents and their actions')
    .description(
      'Lists the agents of the owner of the file with their circuit breakers; without one, or with --agents, the built-in ones and those of the modules. With actions and effects.',
    )
    .addOption(agentsOption())
    .action((options: { agents?: string[] }) =>
      run(async (context) => (await import('./agents.ts')).agentsLs(context, options.agents ?? [])),
    )
}

function addTaskVerbs(program: VerbHost['program'], run: VerbHost['run']): void {
  program
    .command('route')
    .summary('says which agent a task is for')
    .description(
      'Says which agent a task is for, by what is known of the agents: names, descriptions, capabilities, examples, and the outcomes that were accepted.',
    )
    .argument('<text>', 'the task, in one argument')
    .option('--explain', 'evidence, and what would change the choice')
    .option('--accept <agent>', 'learns and records that the task was for this agent')
    .addOption(repeatable('--candidate <agent>', 'chooses among these agents only (repeatable)'))
    .addOption(agentsOption())
    .action((text: string, options: RouteOptions) =>
      run(async (context) => (await import('./route.ts')).route(context, text, options)),
    )
  const tda = program
    .command('tda')
    .summary('tda scan, tda watch: finds anomalies in series')
    .description('Topological data analysis of metric series.')
  tda
    .command('scan')
    .summary('finds anomalies in a CSV file')
    .description('Finds anomalies in one column of a CSV file, draws and lists them.')
    .argument('<csv>', 'file with a column of numbers, and one of times if there is one', nonEmpty)
    .option('--column <name>', 'default: the first column of numbers')
    .option('--together', 'all columns, by how they move with each other')
    .option('--report <page>', 'writes an HTML page with score, persistence diagrams and barcodes')
    .action((file: string, options: ScanVerbOptions) =>
      run(async (context) => (await import('./tda-scan.ts')).tdaScan(context, file, options)),
    )
  tda
    .command('watch')
    .summary('watches a series while it is written')
    .description(
      'Watches a CSV file that grows, standard input (-), or without either the metrics of its own process, and tells each anomaly when it begins and ends, until Ctrl-C. With --json one object a line.',
    )
    .argument('[csv]', 'file to follow, or - for standard input')
    .option('--column <name>', 'default: the first column of numbers')
    .option('--every <duration>', 'how often the own metrics are taken', '1s')
    .option('--publish', 'publishes anomalies (not yet)')
    .action((file: string | undefined, options: WatchOptions) =>
      run(async (context) => (await import('./tda-watch.ts')).tdaWatch(context, file, options)),
    )
}

import type { LetterFilter } from '../dead-letters.ts'
import { type EngineFlags, engineOptions, onEngine, temporalOptions } from '../engine-place.ts'
import type { ServeOptions } from '../serve/settings.ts'
import { nonEmpty, repeatable } from '../verb-host.ts'
import type { VerbHost } from '../verb-host.ts'
import type { AgentHostOptions } from './agent-host.ts'
import type { ActOptions } from './dlq.ts'
import type { EventOptions } from './event.ts'
import type { McpOptions } from './mcp.ts'
import type { PolicyTestOptions } from './policy-test.ts'
import type { WorkerOptions } from './worker.ts'

const agentsOption = () =>
  repeatable('--agents <module>', 'module with agents, .ts or .js (repeatable)')

/** Adds the verbs of whoever operates Aura. Their code loads when they are called. */
export function addOperatingVerbs(host: VerbHost): void {
  addServe(host)
  addMcp(host)
  addDeadLetters(host)
  addWorker(host)
  const { program, run } = host
  program
    .command('agent-host')
    .summary('serves agents to other processes')
    .description(
      'Serves the agents of modules over Kafka (KAFKA_BROKERS) to processes that declare them with the transport `mesh`, until a signal.',
    )
    .addOption(agentsOption())
    .action((options: AgentHostOptions) =>
      run(async (context) => (await import('./agent-host.ts')).agentHost(context, options)),
    )
  program
    .command('event')
    .summary('hands an event to the triggers')
    .description(
      'Hands an event (CloudEvents 1.0) to the triggers of every known workflow and prints the ids of what it starts. A repeat, by source and id, starts nothing.',
    )
    .argument('<type>', 'its type, such as tda.anomaly.detected', nonEmpty)
    .option('--data <json>', 'what it carries (default: null)')
    .option('--source <source>', 'who sends it (default: aura-cli)', nonEmpty)
    .option('--id <id>', 'names it together with the source (default: a new one)', nonEmpty)
    .option('--subject <subject>', 'what it is about', nonEmpty)
    .action((type: string, options: EventOptions) =>
      run(async (context) => (await import('./event.ts')).event(context, type, options)),
    )
  program
    .command('check')
    .summary('gate: would a deploy break open executions?')
    .description(
      'Checks documents, and the agents of the modules against everything that is open in the file: missing agents and actions, changed contracts, triggers whose input does not fit. Exit 1 when something would break.',
    )
    .argument('[documents...]', 'workflow documents that are to be deployed')
    .addOption(agentsOption())
    .action((files: string[], options: { agents?: string[] }) =>
      run(async (context) =>
        (await import('./check.ts')).check(context, files, options.agents ?? []),
      ),
    )
  program
    .command('policy')
    .summary('policy test: what a policy decides, and by which rule')
    .description('Policies: rules that executions obey.')
    .command('test')
    .summary('runs the cases of a policy')
    .description(
      'Checks a policy and decides the cases under its `tests`: what each rule says, and which one decides. Exit 1 when a case is not as it expects, 2 when the policy is not valid.',
    )
    .argument('<file>', 'policy, YAML or JSON', nonEmpty)
    .option(
      '--event <json>',
      'decides about an execution that this CloudEvent started instead',
      nonEmpty,
    )
    .addOption(agentsOption())
    .action((file: string, options: PolicyTestOptions) =>
      run(async (context) => (await import('./policy-test.ts')).policyTest(context, file, options)),
    )
  program
    .command('init')
    .summary('makes a runnable project')
    .description('Makes a project with a workflow, an agent and a test, in an empty folder.')
    .argument('[dir]', 'folder, made when it is missing (default: this one)', '.')
    .action((dir: string) => run(async (context) => (await import('./init.ts')).init(context, dir)))
  addFileVerbs(host)
}

function addServe({ program, run }: VerbHost): void {
  const withSettings = (verb: string) =>
    engineOptions(program.command(verb))
      .option('--port <port>', 'port of the API; 0 takes a free one (default: 8080)')
      .option('--host <host>', 'address that the API listens on (default: 127.0.0.1)', nonEmpty)
      .option(
        '--config <file>',
        'configuration, YAML or a module (default: aura.config.* in this folder)',
        nonEmpty,
      )
      .option(
        '--policy <file>',
        'policy that executions obey, read again when it changes',
        nonEmpty,
      )
      .addOption(agentsOption())
      .addOption(
        repeatable('--workflows <path>', 'document, or folder of them, to register (repeatable)'),
      )
  withSettings('serve')
    .summary('owns the file: API, triggers, recovery')
    .description(
      'Owns the file until a signal: registers documents, takes up everything that is open, arms triggers and serves the API. `run` submits to it. SIGTERM and Ctrl-C let running attempts finish; a second one stops at once.',
    )
    .action((options: ServeOptions) =>
      run(async (context) => (await import('./serve.ts')).serve(context, options)),
    )
  withSettings('config')
    .summary('prints the configuration in force')
    .description(
      'Prints every setting that `aura serve` would obey, and whether it comes from a flag, the environment, the file or the default.',
    )
    .action((options: ServeOptions) =>
      run(async (context) => (await import('./config.ts')).config(context, options)),
    )
}

function addMcp({ program, run }: VerbHost): void {
  program
    .command('mcp')
    .summary('serves workflows as tools of MCP')
    .description(
      'Speaks MCP on standard input and output until the other side closes them: each registered workflow, or each of --workflows, is a tool; aura_… tools look at executions and steer them. It goes to the `aura serve` that owns the file, and without one owns the file itself.',
    )
    .option('--wait <duration>', 'how long a call waits for the end of its execution', '50s')
    .option(
      '--config <file>',
      'configuration, YAML or a module (default: aura.config.* in this folder)',
      nonEmpty,
    )
    .addOption(agentsOption())
    .addOption(
      repeatable('--workflows <path>', 'document, or folder of them, to register (repeatable)'),
    )
    .action((options: McpOptions) =>
      run(async (context) => (await import('./mcp.ts')).mcp(context, options)),
    )
}

function addWorker({ program, run }: VerbHost): void {
  temporalOptions(program.command('worker'))
    .summary('drives executions on Temporal')
    .description(
      'Drives executions of one task queue of Temporal and calls their agents, until Ctrl-C. All workers of a queue have the same agents.',
    )
    .option(
      '--deployment <name>',
      'executions stay with workers of the code they began with',
      nonEmpty,
    )
    .addOption(agentsOption())
    .action((options: WorkerOptions) =>
      run(async (context) => (await import('./worker.ts')).worker(context, options)),
    )
}

function addDeadLetters({ program, run }: VerbHost): void {
  const dlq = program
    .command('dlq')
    .summary('dead letters: dlq ls, show, redrive, discard')
    .description('Dead letters: what failed and nobody tries again by itself.')
  engineOptions(dlq.command('ls'))
    .summary('lists open dead letters')
    .description('Lists open dead letters, oldest first.')
    .option('--workflow <name>', 'only those of this workflow')
    .action((options: LetterFilter & EngineFlags) =>
      run(async (context) => (await import('./dlq.ts')).dlqLs(onEngine(context, options), options)),
    )
  engineOptions(dlq.command('show'))
    .summary('shows a dead letter')
    .description('Shows a dead letter with the errors that led to it.')
    .argument('<id>', 'dead letter', nonEmpty)
    .action((id: string, flags: EngineFlags) =>
      run(async (context) => (await import('./dlq-show.ts')).dlqShow(onEngine(context, flags), id)),
    )
  for (const [act, what] of [
    ['redrive', 'tries again: what failed goes on where it failed'],
    ['discard', 'closes without doing anything'],
  ] as const) {
    engineOptions(dlq.command(act))
      .summary(what)
      .description(`Dead letters: ${what}.`)
      .argument('[ids...]', 'dead letters, or executions for their own')
      .option('--all', 'every open one')
      .option('--workflow <name>', 'with --all: only those of this workflow')
      .action((ids: string[], options: ActOptions & EngineFlags) =>
        run(async (context) =>
          (await import('./dlq.ts')).actOnDeadLetters(onEngine(context, options), act, {
            ids,
            options,
          }),
        ),
      )
  }
}

/** `du`, `backup` and `recover` look after the file itself. */
function addFileVerbs({ program, run }: VerbHost): void {
  program
    .command('du')
    .summary('shows what the file takes, and what retention would free')
    .description(
      'Shows the size of the file by table and by execution, and what retention would free. Works beside an owner and without one.',
    )
    .action(() => run(async (context) => (await import('./du.ts')).du(context)))
  program
    .command('backup')
    .summary('copies the file, also while it is in use')
    .description(
      'Copies the file as it is at one moment, owned or not, and checks every page and row of the copy.',
    )
    .argument('[target]', 'file of the copy, which must not be there (default: <db>.backup-<time>)')
    .action((target: string | undefined) =>
      run(async (context) => (await import('./backup.ts')).backup(context, target)),
    )
  program
    .command('recover')
    .summary('salvages a damaged file into a new one')
    .description(
      'Saves every intact execution of a damaged file into a new one, and lists what was lost and why. The damaged file is left alone.',
    )
    .argument('[target]', 'the new file, which must not be there (default: <db>.recovered)')
    .action((target: string | undefined) =>
      run(async (context) => (await import('./recover.ts')).recover(context, target)),
    )
}

import { nonEmpty } from '../verb-host.ts'
import type { VerbHost } from '../verb-host.ts'
import type { ResolveOptions } from './steer.ts'

const changes = [
  ['pause', 'withholds starts; what runs finishes'],
  ['resume', 'goes on after a pause'],
  ['cancel', 'stops an execution for good'],
] as const

/** Adds `pause`, `resume`, `cancel`, `signal`, `resolve`. Their code loads when they are called. */
export function addSteeringVerbs({ program, run }: VerbHost): void {
  for (const [verb, what] of changes) {
    program
      .command(verb)
      .description(what)
      .argument('<id>', 'execution id', nonEmpty)
      .action((id: string) =>
        run(async (context) => (await import('./steer.ts')).changeStatus(context, verb, id)),
      )
  }
  program
    .command('signal')
    .summary('hands a signal to an execution')
    .description('Hands a signal to whoever waits for it in an execution; an early one is kept.')
    .argument('<id>', 'execution id', nonEmpty)
    .argument('<name>', 'name of the signal', nonEmpty)
    .option('--data <json>', 'what it carries (default: null)')
    .action((executionId: string, name: string, options: { data?: string }) =>
      run(async (context) =>
        (await import('./steer.ts')).signal(context, { executionId, name, data: options.data }),
      ),
    )
  program
    .command('resolve')
    .summary('settles a step whose outcome nobody knows')
    .description('Settles a call whose outcome nobody knows, after somebody has found out.')
    .argument('<id>', 'execution id', nonEmpty)
    .argument('<step>', 'step id, or step[index] of an item', nonEmpty)
    .option('--retry', 'it never happened: call again with the same key')
    .option('--succeed <json>', 'it happened, with this output')
    .option('--fail', 'it failed')
    .action((executionId: string, step: string, options: ResolveOptions) =>
      run(async (context) =>
        (await import('./steer.ts')).resolve(context, { executionId, step, options }),
      ),
    )
}

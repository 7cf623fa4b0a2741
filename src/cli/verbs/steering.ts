import { type EngineFlags, engineOptions, onEngine, withoutEngine } from '../engine-place.ts'
import { nonEmpty, wholeNumber } from '../verb-host.ts'
import type { VerbHost } from '../verb-host.ts'
import type { AdaptOptions } from './adapt.ts'
import type { ForkVerbOptions, ResolveOptions } from './steer.ts'

const changes = [
  ['pause', 'withholds starts; what runs finishes'],
  ['resume', 'goes on after a pause'],
  ['cancel', 'stops an execution for good'],
] as const

const positions = 'a checkpoint: its id, its label, a step id, lastCheckpoint, lastHealthy or start'

/**
 * Adds the verbs that change one execution. Their code loads when they are called. Each works through
 * the owner of the file, or on the file itself when nobody owns it.
 */
export function addSteeringVerbs(host: VerbHost): void {
  const { program, run } = host
  addAdapt(host)
  for (const [verb, what] of changes) {
    engineOptions(program.command(verb))
      .description(what)
      .argument('<id>', 'execution id', nonEmpty)
      .action((id: string, flags: EngineFlags) =>
        run(async (context) =>
          (await import('./steer.ts')).changeStatus(onEngine(context, flags), verb, id),
        ),
      )
  }
  engineOptions(program.command('signal'))
    .summary('hands a signal to an execution')
    .description('Hands a signal to whoever waits for it in an execution; an early one is kept.')
    .argument('<id>', 'execution id', nonEmpty)
    .argument('<name>', 'name of the signal', nonEmpty)
    .option('--data <json>', 'what it carries (default: null)')
    .action(
      (executionId: string, name: string, { data, ...flags }: EngineFlags & { data?: string }) =>
        run(async (context) =>
          (await import('./steer.ts')).signal(onEngine(context, flags), {
            executionId,
            name,
            data,
          }),
        ),
    )
  engineOptions(program.command('resolve'))
    .summary('settles a step whose outcome nobody knows')
    .description('Settles a call whose outcome nobody knows, after somebody has found out.')
    .argument('<id>', 'execution id', nonEmpty)
    .argument('<step>', 'step id, or step[index] of an item', nonEmpty)
    .option('--retry', 'it never happened: call again with the same key')
    .option('--succeed <json>', 'it happened, with this output')
    .option('--fail', 'it failed')
    .action((executionId: string, step: string, options: ResolveOptions & EngineFlags) =>
      run(async (context) =>
        (await import('./steer.ts')).resolve(onEngine(context, options), {
          executionId,
          step,
          options,
        }),
      ),
    )
  addCheckpointVerbs(host)
}

function addCheckpointVerbs({ program, run }: VerbHost): void {
  engineOptions(program.command('checkpoint'))
    .summary('takes a checkpoint of an execution')
    .description(
      'Takes a checkpoint at the present position. `show --json` lists all checkpoints; every completed step is one.',
    )
    .argument('<id>', 'execution id', nonEmpty)
    .option('--label <label>', 'a name to go back to', nonEmpty)
    .action((id: string, { label, ...flags }: EngineFlags & { label?: string }) =>
      run(async (context) =>
        (await import('./steer.ts')).checkpoint(onEngine(context, flags), id, label),
      ),
    )
  engineOptions(program.command('rollback'))
    .summary('goes back to a checkpoint')
    .description(
      'Goes back: what completed after the checkpoint is compensated, last first, its state is restored, and the steps run again. Refused while effects would remain that nothing undoes.',
    )
    .argument('<id>', 'execution id', nonEmpty)
    .requiredOption('--to <checkpoint>', positions, nonEmpty)
    .option('--accept-effects', 'goes back although effects remain; recorded')
    .action((id: string, options: EngineFlags & { to: string; acceptEffects?: boolean }) =>
      run(async (context) =>
        (await import('./steer.ts')).rollback(onEngine(context, options), id, options),
      ),
    )
  engineOptions(program.command('fork'))
    .summary('starts a new execution from a checkpoint')
    .description(
      'Starts a new execution with the completed steps and the state that another one had at a checkpoint. The other one is left alone.',
    )
    .argument('<id>', 'execution id', nonEmpty)
    .requiredOption('--from <checkpoint>', positions, nonEmpty)
    .option('--document <file>', 'a corrected document with the same completed steps', nonEmpty)
    .option('--id <new-id>', 'id of the new execution', nonEmpty)
    .action((id: string, options: ForkVerbOptions & EngineFlags) =>
      run(async (context) =>
        (await import('./steer.ts')).fork(onEngine(context, options), id, options),
      ),
    )
}

function addAdapt({ program, run }: VerbHost): void {
  engineOptions(program.command('adapt'))
    .summary('changes a running execution within the bounds of its document')
    .description(
      'Changes what has not started in a running execution, within what its document says under `adaptation`. Recorded with its reason; `show` lists it, `--revert` takes it back.',
    )
    .argument('<id>', 'execution id', nonEmpty)
    .requiredOption('--because <text>', 'the reason, recorded with it', nonEmpty)
    .option('--step <step>', 'the step it concerns; default every one that it fits', nonEmpty)
    .option('--pattern <pattern>', 'pipeline, fanOut, consensus or hierarchical', nonEmpty)
    .option('--options <json>', 'options of that pattern', nonEmpty)
    .option('--max-parallel <n>', 'items of a forEach that run at the same time', wholeNumber)
    .option('--agent <agent>', 'who does the work of the step', nonEmpty)
    .option('--approval [signal]', 'wait for a signal before the step; default approve-<step>')
    .option('--pause', 'pause the execution')
    .option('--id <adaptation>', 'names it: the same id twice is one adaptation', nonEmpty)
    .option('--revert <adaptation>', 'take that one back', nonEmpty)
    .action((id: string, options: AdaptOptions & EngineFlags) =>
      run(async (context) =>
        (await import('./adapt.ts')).adapt(onEngine(context, options), id, withoutEngine(options)),
      ),
    )
}

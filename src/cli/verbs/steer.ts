import { OrchestrationError } from '../../core/errors.ts'
import type { JsonObject } from '../../core/json.ts'
import type { CommandContext } from '../command-context.ts'
import { exitCodes } from '../exit-code.ts'
import { parseJsonOption } from '../option-values.ts'
import { reportSteering, steerExecution } from '../steering.ts'

async function steer(
  context: CommandContext,
  asked: { readonly executionId: string; readonly verb: string; readonly body: JsonObject },
): Promise<number> {
  reportSteering(context, await steerExecution(context, asked))
  return exitCodes.done
}

/** `aura pause|resume|cancel ID`: one that changes nothing prints the status all the same. */
export function changeStatus(
  context: CommandContext,
  verb: 'pause' | 'resume' | 'cancel',
  executionId: string,
): Promise<number> {
  return steer(context, { executionId, verb, body: {} })
}

/** `aura signal ID NAME [--data JSON]`; the data defaults to null. */
export async function signal(
  context: CommandContext,
  asked: { readonly executionId: string; readonly name: string; readonly data: string | undefined },
): Promise<number> {
  const data = asked.data === undefined ? null : parseJsonOption('--data', asked.data)
  return steer(context, {
    executionId: asked.executionId,
    verb: 'signal',
    body: { name: asked.name, data },
  })
}

export interface ResolveOptions {
  readonly retry?: boolean
  readonly succeed?: string
  readonly fail?: boolean
}

/** `aura resolve ID STEP --retry | --succeed JSON | --fail` settles a call whose outcome nobody knows. */
export async function resolve(
  context: CommandContext,
  asked: { readonly executionId: string; readonly step: string; readonly options: ResolveOptions },
): Promise<number> {
  const { retry, succeed, fail } = asked.options
  const given = [retry === true, succeed !== undefined, fail === true].filter(Boolean).length
  if (given !== 1) {
    throw new OrchestrationError(
      'UsageError',
      'resolve takes exactly one of --retry, --succeed JSON, --fail',
      {
        hint: '--retry: it never happened, call again; --succeed JSON: it happened with this output; --fail: it failed',
      },
    )
  }
  const resolution: JsonObject =
    succeed !== undefined
      ? { resolution: 'succeed', output: parseJsonOption('--succeed', succeed) }
      : { resolution: retry === true ? 'retry' : 'fail' }
  const body = { step: asked.step, ...resolution }
  return steer(context, { executionId: asked.executionId, verb: 'resolve', body })
}

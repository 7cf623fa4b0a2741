import { OrchestrationError } from '../../core/errors.ts'
import { isJsonObject, type JsonObject } from '../../core/json.ts'
import type { AdaptationRequest } from '../../engine/index.ts'
import type { CommandContext } from '../command-context.ts'
import { exitCodes } from '../exit-code.ts'
import { parseJsonOption } from '../option-values.ts'
import { reportSteering, steerExecution } from '../steering.ts'

export interface AdaptOptions {
  readonly because: string
  readonly revert?: string
  readonly id?: string
  readonly step?: string
  readonly pattern?: string
  readonly options?: string
  readonly maxParallel?: number
  readonly agent?: string
  readonly approval?: true | string
  readonly pause?: true
}

/** `aura adapt ID --because TEXT …`: changes a running execution within the bounds of its document, or takes that back. */
export async function adapt(
  context: CommandContext,
  executionId: string,
  { revert, ...asked }: AdaptOptions,
): Promise<number> {
  const { because, ...others } = asked
  if (revert !== undefined) {
    refuseBeside(Object.keys(others))
    const steered = await steerExecution(context, {
      executionId,
      verb: 'revert',
      body: { adaptationId: revert, because },
      async work(engine) {
        await engine.revertAdaptation(executionId, revert, because)
      },
    })
    reportSteering(context, steered)
    return exitCodes.done
  }
  const request = requestOf(asked)
  const steered = await steerExecution(context, {
    executionId,
    verb: 'adapt',
    body: request,
    async work(engine) {
      // The engine checks what was typed.
      const adaptation = await engine.adapt(executionId, request as unknown as AdaptationRequest)
      return { adaptation: adaptation as unknown as JsonObject }
    },
  })
  if (context.isJson) context.json(steered.answer)
  else reportSteering(context, steered)
  return exitCodes.done
}

function requestOf({ options, ...rest }: Omit<AdaptOptions, 'revert'>): JsonObject {
  if (options === undefined) return { ...rest }
  const value = parseJsonOption('--options', options)
  if (isJsonObject(value)) return { ...rest, options: value }
  throw new OrchestrationError('UsageError', '--options takes a JSON object', {
    hint: `for instance --options '{"quorum": 2}'`,
  })
}

function refuseBeside(others: readonly string[]): void {
  if (others.length === 0) return
  throw new OrchestrationError(
    'UsageError',
    `--revert goes with --because alone, not with ${others.join(', ')}`,
  )
}

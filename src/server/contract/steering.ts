import { z } from 'zod'
import { component, jsonObject, jsonValue } from './components.ts'
import { adaptationRequest } from '../../engine/index.ts'
import { limits } from '../../core/limits.ts'
import { adaptation, executionStatuses } from './executions.ts'

const name = z.string().min(1)

/** The body of a verb that takes none. */
export const noBody = component('NoBody', z.strictObject({}))

export const signalBody = component(
  'SignalRequest',
  z.strictObject({ name, data: jsonValue.optional().describe('Default null.') }),
)

export const resolveBody = component(
  'ResolveRequest',
  z.strictObject({
    step: name.describe('The uncertain step, or one item of it as `step[3]`.'),
    resolution: z
      .enum(['retry', 'succeed', 'fail'])
      .describe(
        'Call it again with the same key; take it as done with `output`; take it as failed.',
      ),
    output: jsonValue.optional().describe('With `succeed`. Default null.'),
  }),
)

export const checkpointBody = component(
  'CheckpointRequest',
  z.strictObject({ label: name.optional() }),
)

export const rollbackBody = component(
  'RollbackRequest',
  z.strictObject({
    to: name.describe(
      'A checkpoint id, a label, a step id, `lastCheckpoint`, `lastHealthy` or `start`.',
    ),
    acceptEffects: z
      .boolean()
      .optional()
      .describe('Goes back although effects remain that nothing undoes. Default false.'),
  }),
)

export const adaptBody = component('AdaptRequest', adaptationRequest)

export const revertBody = component(
  'RevertRequest',
  z.strictObject({
    adaptationId: name,
    because: name.max(limits.reasonCharactersMax),
  }),
)

export const forkBody = component(
  'ForkRequest',
  z.strictObject({
    from: name.describe('As `to` of a rollback.'),
    document: jsonObject.optional().describe('A corrected document. Default: the same one.'),
    executionId: name.optional().describe('Default a new one.'),
  }),
)

export const steered = component(
  'Steered',
  z.object({
    executionId: z.string(),
    status: z.string().describe(executionStatuses.join(' | ')),
  }),
)

export const checkpointed = component('Checkpointed', steered.extend({ checkpointId: z.string() }))

export const adapted = component('Adapted', steered.extend({ adaptation }))

export const forked = component('Forked', z.object({ executionId: z.string() }))

import type { z } from 'zod'
import { OrchestrationError } from '../core/errors.ts'
import type { JsonObject } from '../core/json.ts'
import { nearestOrAll } from '../core/nearest.ts'
import type { AdaptationRequest, AdaptationView, WorkflowEngine } from '../engine/index.ts'
import type { WorkflowData } from '../workflow/index.ts'
import { checked } from './checked-input.ts'
import {
  adaptBody,
  checkpointBody,
  forkBody,
  noBody,
  resolveBody,
  revertBody,
  rollbackBody,
  signalBody,
} from './contract/steering.ts'

/** What a verb over HTTP answers; the shape of `aura pause --json`. */
export interface SteerAnswer {
  readonly executionId: string
  readonly status: string
  /** Of `checkpoint` only. */
  readonly checkpointId?: string
  /** Of `adapt` only. */
  readonly adaptation?: AdaptationView
}

/** What happens to an execution by a verb; what is given back is added to the answer. */
type Act<Body> = (
  engine: WorkflowEngine,
  executionId: string,
  body: Body,
) => Promise<Pick<SteerAnswer, 'checkpointId' | 'adaptation'>>

/** A verb under `/v1/executions/{id}/` that changes the execution. */
export interface Verb {
  readonly summary: string
  readonly body: z.ZodType
  readonly act: Act<unknown>
}

function verb<Body>(summary: string, body: z.ZodType<Body>, act: Act<Body>): Verb {
  // `steer` hands over what this very schema has read.
  return { summary, body, act: act as Act<unknown> }
}

/** The verbs that answer how the execution stands then. */
export const verbs: ReadonlyMap<string, Verb> = new Map([
  [
    'pause',
    verb('Withholds starts; what runs finishes', noBody, async (engine, id) => {
      await engine.pauseWorkflow(id)
      return {}
    }),
  ],
  [
    'resume',
    verb('Goes on after a pause', noBody, async (engine, id) => {
      await engine.resumeWorkflow(id)
      return {}
    }),
  ],
  [
    'cancel',
    verb('Aborts what runs and ends the execution', noBody, async (engine, id) => {
      await engine.cancelWorkflow(id)
      return {}
    }),
  ],
  [
    'signal',
    verb('Hands a signal to whoever waits for it', signalBody, async (engine, id, body) => {
      await engine.signal(id, body.name, body.data ?? null)
      return {}
    }),
  ],
  [
    'resolve',
    verb('Decides what became of an uncertain step', resolveBody, async (engine, id, body) => {
      const { resolution, output = null } = body
      await engine.resolve(
        id,
        body.step,
        resolution === 'succeed' ? { kind: resolution, output } : { kind: resolution },
      )
      return {}
    }),
  ],
  [
    'checkpoint',
    verb('Takes a checkpoint', checkpointBody, async (engine, id, { label }) => ({
      checkpointId: (await engine.checkpoint(id, label)).checkpointId,
    })),
  ],
  [
    'rollback',
    verb('Goes back to a checkpoint', rollbackBody, async (engine, id, body) => {
      const { to, acceptEffects = false } = body
      await engine.rollback(id, to, { acceptEffects })
      return {}
    }),
  ],
  [
    'adapt',
    verb(
      'Changes a running execution within the bounds of its document',
      adaptBody,
      async (engine, id, body) => ({
        adaptation: await engine.adapt(id, body as AdaptationRequest),
      }),
    ),
  ],
  [
    'revert',
    verb('Takes an adaptation back', revertBody, async (engine, id, body) => {
      await engine.revertAdaptation(id, body.adaptationId, body.because)
      return {}
    }),
  ],
])

/** A verb that somebody wants. */
export interface SteerAsked {
  readonly executionId: string
  readonly verb: string
  readonly body: JsonObject
}

/**
 * Does one verb and tells how the execution stands then.
 *
 * @throws NotFoundError for an unknown verb or execution, InputError for a wrong body, what the engine refuses
 */
export async function steer(engine: WorkflowEngine, asked: SteerAsked): Promise<SteerAnswer> {
  const { executionId } = asked
  const found = verbs.get(asked.verb)
  if (found === undefined) {
    const hint = nearestOrAll(asked.verb, [...verbs.keys()])
    throw new OrchestrationError(
      'NotFoundError',
      `there is no verb '${asked.verb}'`,
      hint === null ? {} : { hint },
    )
  }
  const body = checked(found.body, asked.body, { name: 'body' })
  const more = await found.act(engine, executionId, body)
  return { executionId, status: (await engine.getExecution(executionId)).status, ...more }
}

/**
 * Starts a new execution with the state that another one had at a checkpoint: `{ from, document?, executionId? }`.
 *
 * @throws NotFoundError, InputError for a wrong body, what the engine refuses
 */
export async function fork(
  engine: WorkflowEngine,
  asked: Omit<SteerAsked, 'verb'>,
): Promise<{ readonly executionId: string }> {
  const { from, document, executionId } = checked(forkBody, asked.body, { name: 'body' })
  return {
    executionId: await engine.fork(asked.executionId, from, {
      ...(document === undefined ? {} : { document: document as unknown as WorkflowData }),
      ...(executionId === undefined ? {} : { executionId }),
    }),
  }
}

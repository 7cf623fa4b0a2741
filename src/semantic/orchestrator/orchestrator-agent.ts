import { z } from 'zod'
import { BaseAgent } from '../../agents/index.ts'
import { isOrchestrationError, OrchestrationError, type ErrorJson } from '../../core/errors.ts'
import type { JsonObject } from '../../core/json.ts'
import type { AdaptationChange } from '../../workflow/index.ts'
import { adapter } from './event-documents.ts'
import type { OrchestratorEngine } from './orchestrator-ports.ts'

const adaptInput = z.strictObject({
  executionId: z.string().min(1),
  id: z.string().min(1),
  because: z.string().min(1),
  change: z.record(z.string(), z.json()),
  cause: z.record(z.string(), z.json()).default({}),
  mayRefuse: z.boolean().default(false),
})

/** What became of one execution that was to be adapted. */
export interface AdaptAnswer {
  readonly executionId: string
  /** Null when it was refused. */
  readonly adaptationId: string | null
  readonly refusal: ErrorJson | null
}

/**
 * The agent through which events adapt executions. `adapt { executionId, id, change, because, cause?, mayRefuse? }`
 * is idempotent by the adaptation's id; with `mayRefuse` a refusal is an answer, else the call fails for good.
 */
export class OrchestratorAgent extends BaseAgent {
  #engine: OrchestratorEngine | null = null

  constructor() {
    super({
      type: adapter.agent,
      version: '1.0.0',
      description: 'Adapts running executions within the bounds of their documents',
      capabilities: ['adaptation'],
      actions: {
        [adapter.action]: {
          effect: 'idempotent',
          input: adaptInput,
          run: (input: z.infer<typeof adaptInput>) => this.#adapt(input),
        },
      },
    })
  }

  /** Names the engine whose executions are adapted; before that every call fails and is tried again. */
  attach(engine: OrchestratorEngine): void {
    this.#engine = engine
  }

  async #adapt(input: z.infer<typeof adaptInput>): Promise<AdaptAnswer> {
    const engine = this.#engine
    if (engine === null) {
      throw new OrchestrationError('AgentUnavailableError', 'the orchestrator has no engine yet', {
        retryable: true,
        hint: 'attach one: new EventDrivenSemanticOrchestrator({ engine, agent, … })',
      })
    }
    const { executionId, id, because, change, cause, mayRefuse } = input
    try {
      // The engine checks what the event has asked for.
      const request = { ...(change as AdaptationChange), id, because, cause: cause as JsonObject }
      const { adaptationId } = await engine.adapt(executionId, request)
      return { executionId, adaptationId, refusal: null }
    } catch (thrown) {
      if (!mayRefuse || !isOrchestrationError(thrown) || thrown.retryable) throw thrown
      return { executionId, adaptationId: null, refusal: thrown.toJSON() }
    }
  }
}

import type { BaseAgent } from '../../agents/index.ts'
import type { CloudEvent, EventSource } from '../../core/contracts/events.ts'
import type { TdaContextSource } from '../../core/contracts/tda.ts'
import type { Logger } from '../../core/logger.ts'
import {
  type Look,
  openLook,
  type OpenedEngine,
  type OpenEngineOptions,
} from '../../engine/index.ts'
import {
  EventDrivenSemanticOrchestrator,
  type FindExecutions,
  orchestratedTypes,
  OrchestratorAgent,
} from '../../semantic/index.ts'
import { routerOf } from '../agents.ts'
import type { CommandContext } from '../command-context.ts'
import type { ServeSettings } from './settings.ts'

type MakeMesh = NonNullable<OpenEngineOptions['mesh']>

/** Executions of one status that an event may mean, at most. */
const foundMax = 100
const openStatuses = ['running', 'waiting', 'paused', 'pending']

/** The orchestration of semantic events in `aura serve`; where it is not enabled nothing of it is there. */
export class ServedOrchestration {
  readonly #context: CommandContext
  readonly #settings: ServeSettings['orchestrator']
  readonly #agent: OrchestratorAgent | null
  #mesh: EventSource | null = null
  #look: Look | null = null
  #orchestrator: EventDrivenSemanticOrchestrator | null = null
  #subscription: { stop(): Promise<void> } | null = null

  constructor(context: CommandContext, settings: ServeSettings['orchestrator']) {
    this.#context = context
    this.#settings = settings
    this.#agent = settings.enabled ? new OrchestratorAgent() : null
  }

  /** The agents that the engine is to have. */
  with(agents: readonly BaseAgent[]): readonly BaseAgent[] {
    const agent = this.#agent
    return agent === null || agents.some(({ id }) => id === agent.id) ? agents : [...agents, agent]
  }

  /** Remembers the mesh that is made, to hear it later. */
  hearing(make: MakeMesh): MakeMesh {
    return (host) => {
      const mesh = make(host)
      this.#mesh = mesh
      return mesh
    }
  }

  /** Begins to hear; before anything is taken up, so that no event meets an agent without an engine. */
  async begin(
    { engine }: Pick<OpenedEngine, 'engine'>,
    {
      agents,
      feed: tda,
      logger,
    }: {
      readonly agents: readonly BaseAgent[]
      readonly feed: TdaContextSource
      readonly logger: Logger
    },
  ): Promise<void> {
    const agent = this.#agent
    if (agent === null) return
    const router = routerOf(agents)
    const { enabled: _enabled, ...settings } = this.#settings
    this.#orchestrator = new EventDrivenSemanticOrchestrator({
      ...settings,
      engine,
      agent,
      agents: () => agents,
      findExecutions: (query) => this.#find(query),
      tda,
      logger,
      clock: this.#context.clock,
      ...(router === undefined ? {} : { router: { route: (task) => router.answer(task) } }),
    })
    if (this.#mesh !== null) this.#subscription = await this.#orchestrator.attach(this.#mesh)
  }

  /** @returns the execution that handles the event; none for events of other types */
  async deliver(event: CloudEvent): Promise<readonly string[]> {
    if (this.#orchestrator === null || !orchestratedTypes.includes(event.type)) return []
    return [(await this.#orchestrator.accept(event)).executionId]
  }

  async stop(): Promise<void> {
    await this.#subscription?.stop()
    this.#look?.close()
  }

  /** Of what is committed: an execution that began in this very turn is not among them. */
  #find(query: Parameters<FindExecutions>[0]): readonly string[] {
    this.#look ??= openLook(this.#context.databasePath)
    const look = this.#look
    return openStatuses.flatMap((status) =>
      look.list({ ...query, status, limit: foundMax }).map(({ executionId }) => executionId),
    )
  }
}

import type { AgentRegistry } from '../../../agents/index.ts'
import { type TdaContextSource, unavailableTda } from '../../../core/contracts/tda.ts'
import type { CallOutcome } from '../../../agents/index.ts'
import type { JsonValue } from '../../../core/json.ts'
import { nearestOrAll } from '../../../core/nearest.ts'
import type { AuraCheckpointSaver } from '../checkpoints/checkpoint-saver.ts'
import { GraphProblems } from '../graph/check-graph.ts'
import { loadLangGraph } from '../load.ts'
import { type CompiledGraph, runGraph } from '../run/graph-run.ts'
import { NodePlaces } from '../run/node-places.ts'
import { RunNotes } from '../run/notes.ts'
import { registryCalls } from '../run/registry-calls.ts'
import { type Aggregate, weightedConsensus } from './aggregate.ts'
import type { ChooseOptions } from './choose-workers.ts'
import type { DecompositionModel, DecompositionRule } from './decompose.ts'
import { compileWorkerGraph } from './worker-graph.ts'

/** How tasks are broken up, workers chosen and answers brought together. */
export interface WorkerRouting {
  /** The workers' action. */
  readonly action: string
  /** Break a task up where there is no model. Default none: every task is one subtask, for any worker. */
  readonly rules?: readonly DecompositionRule[]
  /** A LangChain chat model, or anything with its `invoke`. Default none. */
  readonly model?: DecompositionModel
  /** By worker: the TDA sources that it depends on. Default its id and type. */
  readonly resources?: ChooseOptions['resources']
  /** Default 0.5. */
  readonly anomalySeverityMin?: number
  /** Default `avoid`. */
  readonly onAnomaly?: ChooseOptions['onAnomaly']
  /** The field of the workers' outputs that is their vote; default `choice`. */
  readonly field?: string
  /** Default the weighted consensus. */
  readonly aggregate?: Aggregate
}

export interface LangGraphSemanticOrchestratorOptions {
  /** Started. */
  readonly agents: AgentRegistry
  readonly saver: AuraCheckpointSaver
  /** Default: no feed, and every TDA context is unavailable. */
  readonly tda?: TdaContextSource
}

/** Graphs in which one agent breaks a task up and others work on it. */
export class LangGraphSemanticOrchestrator {
  readonly #options: LangGraphSemanticOrchestratorOptions

  constructor(options: LangGraphSemanticOrchestratorOptions) {
    this.#options = options
  }

  /**
   * Makes the graph: the task is broken into subtasks with the current TDA patterns, each is sent to a worker
   * chosen by capability, anomalies and load, and a consensus brings the answers together. It is run by `run`, by
   * `runGraph`, or as a `graph:` step.
   *
   * @param orchestratorAgent id or type; its action `decompose` is called where it has one and there is no model
   * @param workerAgents ids or types
   * @throws DocumentError with every problem: unknown agents, workers without the action, a worker named twice,
   *   rules that name a capability which no worker has; UsageError when LangGraph is not installed
   */
  async createOrchestratorWorkerGraph(
    orchestratorAgent: string,
    workerAgents: readonly string[],
    routingLogic: WorkerRouting,
  ): Promise<CompiledGraph> {
    const { agents } = this.#options
    this.#check(orchestratorAgent, workerAgents, routingLogic)
    const workers = workerAgents.map((name) => agents.resolve(name)?.id ?? name)
    const capabilities = workers.flatMap((id) => [...(agents.resolve(id)?.capabilities ?? [])])
    const { rules = [], model = null } = routingLogic
    return compileWorkerGraph(
      {
        orchestrator: orchestratorAgent,
        workers,
        action: routingLogic.action,
        agents,
        decomposition: { capabilities: [...new Set(capabilities)], rules, model },
        choice: {
          agents,
          workers,
          resources: routingLogic.resources ?? {},
          anomalySeverityMin: routingLogic.anomalySeverityMin ?? 0.5,
          onAnomaly: routingLogic.onAnomaly ?? 'avoid',
        },
        aggregate: routingLogic.aggregate ?? weightedConsensus,
        field: routingLogic.field ?? 'choice',
      },
      await loadLangGraph(),
    )
  }

  /**
   * Runs such a graph on the registry's agents, durably: under an id that exists it goes on, or answers what it
   * answered.
   *
   * @throws StateConsistencyError when what is noted of the run is damaged; what else goes wrong is the outcome
   */
  async run(graph: CompiledGraph, input: JsonValue, runId: string): Promise<CallOutcome> {
    const { agents, saver, tda: source } = this.#options
    const tda = () => source?.current() ?? unavailableTda
    const callsThread = `${runId}#calls`
    const notes = await RunNotes.open(saver, callsThread)
    const places = new NodePlaces()
    const call = registryCalls({ agents, notes, executionId: runId, tda, places })
    const outcome = await runGraph({ graph, key: runId, input, saver, call, tda })
    if (outcome.kind === 'completed') await saver.deleteThread(callsThread)
    return outcome
  }

  #check(orchestrator: string, workers: readonly string[], routing: WorkerRouting): void {
    const { agents } = this.#options
    const problems = new GraphProblems()
    const found = (path: string, name: string) => {
      const agent = agents.resolve(name)
      if (agent === undefined)
        problems.add(path, `no agent '${name}' is registered`, nearestOrAll(name, agents.names()))
      return agent
    }
    found('orchestratorAgent', orchestrator)
    if (workers.length === 0) problems.add('workerAgents', 'there is at least one worker')
    const ids = new Set<string>()
    const able = new Set<string>()
    for (const [index, name] of workers.entries()) {
      const path = `workerAgents[${index}]`
      const agent = found(path, name)
      if (agent === undefined) continue
      if (ids.has(agent.id)) problems.add(path, `worker '${agent.id}' is named twice`)
      ids.add(agent.id)
      for (const capability of agent.capabilities) able.add(capability)
      if (agent.contract(routing.action) !== undefined) continue
      const hint = nearestOrAll(routing.action, agent.actions)
      problems.add(path, `worker '${agent.id}' has no action '${routing.action}'`, hint)
    }
    for (const [index, { capability }] of (routing.rules ?? []).entries())
      if (!able.has(capability))
        problems.add(
          `routingLogic.rules[${index}].capability`,
          `no worker has the capability '${capability}'`,
          nearestOrAll(capability, [...able]),
        )
    problems.throwAll()
  }
}

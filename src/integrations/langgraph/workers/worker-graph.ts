import type { BaseMessage } from '@langchain/core/messages'
import type { RunnableConfig } from '@langchain/core/runnables'
import type { AgentRegistry } from '../../../agents/index.ts'
import { OrchestrationError } from '../../../core/errors.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../../../core/json.ts'
import type { LangGraph } from '../load.ts'
import { callsOf } from '../run/graph-calls.ts'
import type { CompiledGraph } from '../run/graph-run.ts'
import { type Aggregate, type WorkerResult } from './aggregate.ts'
import { type Assignment, type ChooseOptions, chooseWorkers } from './choose-workers.ts'
import { decompose, type DecomposeOptions, type Decomposition } from './decompose.ts'

/** The mission's state of an orchestrator-worker graph. */
export interface WorkerGraphState {
  /** The last one is the task, unless `context.task` is there. */
  readonly messages: readonly BaseMessage[]
  readonly context: JsonObject
  /** By subtask and worker: `s1/worker`. */
  readonly agentOutputs: JsonObject
  /** `taskAnalysis selectedWorkers orchestrationStrategy tdaIntegration consensus` */
  readonly workflowMetadata: JsonObject
  readonly executionTrace: readonly JsonObject[]
}

interface Channels extends WorkerGraphState {
  readonly results: readonly WorkerResult[]
  /** Of a worker's run: what it is to do. */
  readonly assignment: Assignment | null
}

export interface WorkerGraphParts {
  readonly orchestrator: string
  /** Ids of the workers. */
  readonly workers: readonly string[]
  /** The workers' action. */
  readonly action: string
  readonly agents: AgentRegistry
  readonly decomposition: Omit<DecomposeOptions, 'agent'>
  readonly choice: ChooseOptions
  readonly aggregate: Aggregate
  readonly field: string
}

/** The orchestrator's action that breaks a task into subtasks, where it has one. */
const decomposeAction = 'decompose'

const orchestratorNode = 'orchestrator'
const aggregatorNode = 'aggregator'

/** Orchestrator → the chosen workers, sent to at the same time → aggregator. */
export function compileWorkerGraph(parts: WorkerGraphParts, langGraph: LangGraph): CompiledGraph {
  const { Command, END, START, Send, StateGraph } = langGraph
  const nodeOf = (worker: string): string => `worker_${parts.workers.indexOf(worker)}`
  const names = parts.workers.map(nodeOf)
  const orchestrate = async (state: Channels, config: RunnableConfig) => {
    const { update, assignments } = await plan(parts, state, config)
    const goto = assignments.map((assignment) => {
      const { context, messages } = state
      return new Send(nodeOf(assignment.worker), { context, messages, assignment })
    })
    return new Command({ update, goto })
  }
  const graph = new StateGraph(channelsOf(langGraph))
    .addNode(orchestratorNode, orchestrate as never, { ends: names })
    .addNode(aggregatorNode, ((state: Channels) => aggregated(parts, state)) as never)
    .addEdge(START, orchestratorNode)
    .addEdge(aggregatorNode, END)
  for (const name of names) {
    graph.addNode(name, ((state: Channels, config: RunnableConfig) =>
      work(parts, state, config)) as never)
    graph.addEdge(name, aggregatorNode)
  }
  return graph.compile()
}

/** What to do and who does it: decided once, on disk before anybody is called. */
async function plan(parts: WorkerGraphParts, state: Channels, config: RunnableConfig) {
  const calls = callsOf(config)
  const task = taskOf(state)
  const tda = calls.tda()
  const hasAction = parts.agents.resolve(parts.orchestrator)?.contract(decomposeAction)
  const agent =
    hasAction === undefined
      ? null
      : (input: JsonValue) =>
          calls.make(config, { agent: parts.orchestrator, action: decomposeAction, input })
  const decided = await calls.once(config, async () => {
    const found = await decompose(task, tda, { ...parts.decomposition, agent })
    const selected = chooseWorkers(found.subtasks, tda, parts.choice)
    return { found, selected, isTdaThere: tda.available } as unknown as JsonValue
  })
  const {
    found: taskAnalysis,
    selected,
    isTdaThere,
  } = decided as unknown as {
    readonly found: Decomposition
    readonly selected: readonly Assignment[]
    readonly isTdaThere: boolean
  }
  const update = {
    workflowMetadata: {
      taskAnalysis,
      selectedWorkers: selected,
      orchestrationStrategy: 'semantic_decomposition',
      tdaIntegration: isTdaThere,
    },
    executionTrace: [
      { kind: 'decomposed', by: taskAnalysis.by, degraded: taskAnalysis.degraded },
      ...selected.map(({ subtask, worker, anomalies, isCheck }) => {
        return { kind: 'assigned', subtask: subtask.id, worker, anomalies, isCheck }
      }),
    ],
  }
  return { update, assignments: selected }
}

async function work(parts: WorkerGraphParts, state: Channels, config: RunnableConfig) {
  const assignment = state.assignment as Assignment
  const { subtask, worker: agent } = assignment
  const input = { task: subtask.task, capability: subtask.capability, context: state.context }
  const end = await callsOf(config).make(config, { agent, action: parts.action, input })
  const result: WorkerResult = end.isOk
    ? { assignment, output: end.output, error: null }
    : { assignment, output: null, error: `${end.error.code}: ${end.error.message}` }
  return {
    results: [result],
    agentOutputs: { [`${subtask.id}/${agent}`]: result.output },
    executionTrace: [{ kind: 'worked', subtask: subtask.id, worker: agent, error: result.error }],
  }
}

/** @throws AgentError when every worker has failed */
async function aggregated({ aggregate, field }: WorkerGraphParts, { results }: Channels) {
  if (results.every(({ error }) => error !== null)) {
    const errors = results.map(({ assignment, error }) => `${assignment.worker}: ${error}`)
    throw new OrchestrationError('AgentError', `every worker has failed: ${errors.join('; ')}`)
  }
  const consensus = await aggregate(results, { field })
  const agreement = isJsonObject(consensus) ? (consensus['agreement'] ?? null) : null
  return {
    workflowMetadata: { consensus },
    executionTrace: [{ kind: 'aggregated', results: results.length, agreement }],
  }
}

function taskOf({ messages, context }: Channels): string {
  const { task } = context
  if (typeof task === 'string' && task !== '') return task
  const content: unknown = messages.at(-1)?.content
  if (typeof content === 'string' && content !== '') return content
  throw new OrchestrationError('InputError', 'the graph is given no task', {
    hint: 'give it context.task, or a message with a text',
  })
}

function channelsOf({ Annotation, messagesStateReducer }: LangGraph) {
  const merged = () =>
    Annotation<JsonObject>({ reducer: (all, more) => ({ ...all, ...more }), default: () => ({}) })
  const listed = <T>() =>
    Annotation<readonly T[]>({ reducer: (all, more) => [...all, ...more], default: () => [] })
  return Annotation.Root({
    messages: Annotation<BaseMessage[]>({ reducer: messagesStateReducer, default: () => [] }),
    context: merged(),
    agentOutputs: merged(),
    workflowMetadata: merged(),
    executionTrace: listed<JsonObject>(),
    results: listed<WorkerResult>(),
    assignment: Annotation<Assignment | null>,
  })
}

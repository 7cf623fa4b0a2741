import type { AgentRegistry, BaseAgent } from '../../../agents/index.ts'
import type { TdaContext } from '../../../core/contracts/tda.ts'
import { OrchestrationError } from '../../../core/errors.ts'
import { own } from '../../../core/own.ts'
import type { Subtask } from './decompose.ts'

/** Which worker does a subtask, and why. */
export interface Assignment {
  readonly subtask: Subtask
  /** Id of the agent. */
  readonly worker: string
  /** Its share of places taken, this plan's included, when it was chosen. */
  readonly load: number
  /** Windows of anomalies in force on what it depends on. */
  readonly anomalies: readonly string[]
  /** True for a second worker that does the same because the first is suspect. */
  readonly isCheck: boolean
}

export interface ChooseOptions {
  readonly agents: AgentRegistry
  /** Ids of the workers, in order of preference between equals. */
  readonly workers: readonly string[]
  /** By worker: the TDA sources that it depends on; its id and its type always count. */
  readonly resources: { readonly [worker: string]: readonly string[] }
  /** Anomalies under it do not count. */
  readonly anomalySeverityMin: number
  /** What is done about a worker whose resource is anomalous: another one is taken, or a second one checks it. */
  readonly onAnomaly: 'avoid' | 'doubleCheck'
}

/**
 * Chooses a worker for each subtask: able, then free of anomalies, then least loaded. One whose resource is
 * anomalous is avoided while another is able; where none is, or `onAnomaly` says so, a second worker does the
 * same.
 *
 * @throws NotFoundError when no ready worker has a capability
 */
export function chooseWorkers(
  subtasks: readonly Subtask[],
  tda: TdaContext,
  options: ChooseOptions,
): readonly Assignment[] {
  const assigned = new Map<string, number>()
  const chosen: Assignment[] = []
  for (const subtask of subtasks) {
    const able = ableWorkers(subtask, options).map((agent) => ({
      agent,
      load: loadOf(agent, assigned.get(agent.id) ?? 0),
      anomalies: anomaliesOf(agent, tda, options),
    }))
    const byLoad = able.toSorted((a, b) => a.load - b.load)
    const ranked =
      options.onAnomaly === 'avoid'
        ? byLoad.toSorted((a, b) => a.anomalies.length - b.anomalies.length)
        : byLoad
    const [first, ...others] = ranked
    if (first === undefined) throw nobodyFor(subtask, options)
    const checker =
      first.anomalies.length === 0
        ? undefined
        : others.toSorted((a, b) => a.anomalies.length - b.anomalies.length)[0]
    for (const one of checker === undefined ? [first] : [first, checker]) {
      const { agent, load, anomalies } = one
      assigned.set(agent.id, (assigned.get(agent.id) ?? 0) + 1)
      chosen.push({ subtask, worker: agent.id, load, anomalies, isCheck: one === checker })
    }
  }
  return chosen
}

function ableWorkers({ capability }: Subtask, { agents, workers }: ChooseOptions): BaseAgent[] {
  return workers
    .map((id) => agents.resolve(id))
    .filter((agent) => agent?.state === 'ready')
    .filter((agent): agent is BaseAgent => agent !== undefined)
    .filter((agent) => capability === null || agent.capabilities.includes(capability))
}

function loadOf({ pool }: BaseAgent, assigned: number): number {
  return (pool.held + pool.waiting + assigned) / pool.maxConcurrent
}

function anomaliesOf(agent: BaseAgent, tda: TdaContext, options: ChooseOptions): readonly string[] {
  const sources = new Set([agent.id, agent.type, ...(own(options.resources, agent.id) ?? [])])
  return tda.anomalies
    .filter(({ source }) => typeof source === 'string' && sources.has(source))
    .filter(({ severity }) => Number(severity) >= options.anomalySeverityMin)
    .map(({ windowId, source }) => (typeof windowId === 'string' ? windowId : (source as string)))
}

function nobodyFor({ id, capability }: Subtask, { workers }: ChooseOptions): OrchestrationError {
  const what = capability === null ? 'is ready' : `is ready and has the capability '${capability}'`
  return new OrchestrationError('NotFoundError', `no worker ${what}, which subtask ${id} needs`, {
    hint: `the workers are ${workers.join(', ')}; see their states with \`aura agents ls\``,
  })
}

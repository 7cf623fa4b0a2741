import type { BaseAgent } from '../../agents/index.ts'
import type { FlagProvider } from '../../core/contracts/flags.ts'
import { graphName } from '../../core/contracts/graph.ts'
import { OrchestrationError } from '../../core/errors.ts'
import type { Definition } from '../../engine/index.ts'
import type { Plan } from '../../workflow/index.ts'

/**
 * Refuses a start whose document, or that of a sub-workflow, asks for what only the embedded engine does.
 *
 * @throws RefusedError that names each part with its step
 */
export function refuseUnsupported(
  [root, ...pinned]: readonly [Definition, ...Definition[]],
  flags: FlagProvider | null,
): void {
  const found = [
    ...inDocument(root),
    ...pinned.flatMap((definition) => [
      ...inDocument(definition),
      ...(flags === null ? [] : definition.document.featureFlags.map(flagBelow)),
    ]),
  ]
  if (found.length === 0) return
  throw new OrchestrationError(
    'RefusedError',
    `workflow '${root.document.name}' needs what the Temporal engine does not have: ${found.join('; ')}`,
    { hint: 'run it with the embedded engine, or take that out', details: { unsupported: found } },
  )
}

function inDocument({ plan }: Definition): readonly string[] {
  return unsupportedInPlan(plan)
}

const flagBelow = (flag: string): string => `flag '${flag}' of a sub-workflow`

function unsupportedInPlan({ usageMax: { tokens, costUsd }, steps }: Plan): readonly string[] {
  const isBounded = tokens !== Infinity || costUsd !== Infinity
  return isBounded && steps.some(mayStartChildren)
    ? ['a budget of tokens or costUsd together with sub-workflows']
    : []
}

function mayStartChildren({ work, fallbacks, compensate }: Plan['steps'][number]): boolean {
  const targets = [work, ...fallbacks.map(({ target }) => target), compensate?.target]
  return targets.some((target) => target?.kind === 'workflow')
}

/** What a worker keeps outside Temporal. */
interface Kept {
  readonly budgets?: unknown
  readonly threads?: unknown
}

/**
 * Refuses agents that need what no store keeps for all workers: none of these knows what the others did.
 *
 * @throws RefusedError that names the agents
 */
export function refuseUnkept(agents: readonly BaseAgent[], { budgets, threads }: Kept): void {
  const spenders = agents.filter(({ budget }) => budget !== null)
  if (budgets === undefined) refuseOf(spenders, 'resourceLimits.budget of agents', 'budgets')
  const graphs = agents.filter(({ type }) => graphName(type) !== null)
  if (threads === undefined) refuseOf(graphs, 'threads of graphs', 'threads')
}

function refuseOf(found: readonly BaseAgent[], what: string, option: keyof Kept): void {
  if (found.length === 0) return
  const agents = found.map(({ id }) => id)
  throw new OrchestrationError(
    'RefusedError',
    `nothing keeps ${what} for all workers: ${agents.join(', ')}`,
    {
      hint: `set REDIS_URL, or give openTemporalWorker \`${option}\`; or take them out`,
      details: { agents },
    },
  )
}

/** Methods of the port that Temporal cannot carry, and why. */
const refusals = {
  registerWorkflow:
    'nothing is registered in Temporal: hand sub-workflows to the start, as `workflows`; `schedules.keep` keeps schedule triggers',
  deliver:
    'triggers belong to registered documents, and nothing is registered in Temporal: `aura serve --engine temporal` has a catalog',
  subscribe: 'workers of other processes drive the executions: ask for `getLog`',
} as const

/** The refusal of a method that only the embedded engine has. */
export function refusedByTemporal(method: keyof typeof refusals): OrchestrationError {
  return new OrchestrationError('RefusedError', `the Temporal engine has no '${method}'`, {
    hint: refusals[method],
  })
}

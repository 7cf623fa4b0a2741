/** The action by which the agent of a graph runs it. */
export const graphAction = 'run'

const prefix = 'graph.'

/** The id of the agent that runs the graph of that name. */
export function graphAgentId(name: string): string {
  return `${prefix}${name}`
}

/** The name of the graph that an agent of that id or type runs; null for any other agent. */
export function graphName(agentId: string): string | null {
  return agentId.startsWith(prefix) ? agentId.slice(prefix.length) : null
}

/** Whom a step with `graph` calls. */
export function graphTarget(name: string): {
  readonly kind: 'agent'
  readonly agent: string
  readonly action: string
} {
  return { kind: 'agent', agent: graphAgentId(name), action: graphAction }
}

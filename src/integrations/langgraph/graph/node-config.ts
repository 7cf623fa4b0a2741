import { isJsonObject } from '../../../core/json.ts'
import { nearestOrAll } from '../../../core/nearest.ts'
import type { GraphProblems } from './check-graph.ts'

const known = ['timeoutMs', 'maxConcurrent']

/** Refuses what a node cannot lay over its agent, so that no setting is silently without effect. */
export function checkNodeConfig(config: unknown, path: string, problems: GraphProblems): void {
  if (config === undefined) return
  if (!isJsonObject(config)) return problems.add(path, 'agentConfig is an object')
  for (const [key, value] of Object.entries(config)) {
    if (key !== 'resourceLimits' || !isJsonObject(value)) {
      const hint = 'a node lays resourceLimits over its agent; set the rest at the agent'
      problems.add(`${path}.${key}`, `a node cannot set '${key}'`, hint)
      continue
    }
    for (const [limit, given] of Object.entries(value)) {
      const at = `${path}.resourceLimits.${limit}`
      if (!known.includes(limit))
        problems.add(at, `a node cannot set '${limit}'`, nearestOrAll(limit, known))
      else if (typeof given !== 'number' || !Number.isInteger(given) || given < 1)
        problems.add(at, `${limit} is a whole number from 1 on`)
    }
  }
}

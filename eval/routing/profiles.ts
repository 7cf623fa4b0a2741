import type { AgentProfile } from '../../src/semantic/index.ts'
import type { LabelledTask, RoutingData } from './dataset.ts'

/** Agents with their examples: at most `shots` of each label, the first ones; 0 takes descriptions alone. */
export function profilesOf(data: RoutingData, shots: number): readonly AgentProfile[] {
  const agents = new Map<string, LabelledTask[]>()
  const taken = new Map<string, number>()
  for (const task of data.train) {
    const count = taken.get(task.label) ?? 0
    taken.set(task.label, count + 1)
    const tasks = agents.get(task.agent) ?? []
    agents.set(task.agent, tasks)
    if (count < shots) tasks.push(task)
  }
  return [...agents].map(([agent, tasks]) => ({
    agent,
    description: data.descriptions.get(agent) ?? null,
    examples: tasks.map(({ text, label }) =>
      label === agent ? { text } : { text, intent: label },
    ),
  }))
}

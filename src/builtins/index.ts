import type { BaseAgent } from '../agents/index.ts'
import { AnalystAgent } from './analyst.ts'
import { ObserverAgent } from './observer.ts'
import { SupervisorAgent } from './supervisor.ts'

export { AnalystAgent, ObserverAgent, SupervisorAgent }
export { decisionSchema, severities, type Decision, type Severity } from './judgement.ts'

/** New instances of the agents that every installation has: observer, analyst and supervisor. */
export function builtinAgents(): BaseAgent[] {
  return [new ObserverAgent(), new AnalystAgent(), new SupervisorAgent()]
}

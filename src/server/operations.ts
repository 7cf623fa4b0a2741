import type { Operation } from './operation.ts'
import { agentOperations } from './operations/agents.ts'
import { cloudEventOperations } from './operations/cloud-events.ts'
import { deadLetterOperations } from './operations/dead-letters.ts'
import { eventOperations } from './operations/events.ts'
import { executionOperations } from './operations/executions.ts'
import { laterOperations } from './operations/later.ts'
import { placementOperations } from './operations/placement.ts'
import { processOperations } from './operations/process.ts'
import { routeOperations } from './operations/route.ts'
import { startOperations } from './operations/starts.ts'
import { stateOperations } from './operations/state.ts'
import { steeringOperations } from './operations/steering.ts'
import { workflowOperations } from './operations/workflows.ts'

/** Everything that the server does. */
export const allOperations: readonly Operation[] = [
  ...startOperations,
  ...executionOperations,
  ...steeringOperations,
  ...eventOperations,
  ...cloudEventOperations,
  ...stateOperations,
  ...workflowOperations,
  ...agentOperations,
  ...routeOperations,
  ...deadLetterOperations,
  ...placementOperations,
  ...laterOperations,
  ...processOperations,
]

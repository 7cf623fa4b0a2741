import { z } from 'zod'
import type { AgentListing } from '../../agents/index.ts'
import { component, nextCursor } from './components.ts'

const agent = component(
  'Agent',
  z.object({
    agentId: z.string(),
    agentType: z.string(),
    version: z.string(),
    description: z.string().nullable(),
    capabilities: z.array(z.string()),
    transport: z.string(),
    state: z.enum(['registered', 'starting', 'ready', 'draining', 'stopped', 'quarantined']),
    reason: z.string().nullable(),
    running: z.number().int(),
    waiting: z.number().int(),
    breaker: z
      .object({
        state: z.enum(['closed', 'open', 'halfOpen']),
        calls: z.number().int(),
        failures: z.number().int(),
        opensInMs: z.number(),
      })
      .nullable(),
    health: z.enum(['healthy', 'unhealthy', 'unknown']),
    quarantine: z
      .object({
        cause: z.string(),
        reason: z.string(),
        untilMs: z.number().nullable(),
        isProbing: z.boolean(),
      })
      .nullable(),
    actions: z.array(
      z.object({
        name: z.string(),
        effect: z.enum(['read', 'idempotent', 'once']),
        hasLookup: z.boolean(),
      }),
    ),
  }),
) satisfies z.ZodType<AgentListing>

export const agentParams = z.object({ id: z.string() })

export const quarantineBody = component(
  'Quarantine',
  z.strictObject({
    reason: z.string().min(1).max(1_000),
    forMs: z.int().min(1).nullable().optional().describe('Null or absent: until it is released'),
  }),
)

export { agent as agentListing }

export const agentList = component('AgentList', z.object({ agents: z.array(agent), nextCursor }))

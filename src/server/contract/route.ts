import { z } from 'zod'
import { limits } from '../../core/limits.ts'
import type { RouteAnswer } from '../../semantic/index.ts'
import { component } from './components.ts'

export const routeRequest = component(
  'RouteRequest',
  z.strictObject({
    text: z.string().max(limits.taskCharactersMax),
    candidates: z.array(z.string()).max(limits.itemsMax).optional(),
    explain: z.boolean().default(false),
    accept: z.string().optional(),
  }),
)

const candidate = z.object({ agent: z.string(), intent: z.string(), confidence: z.number() })
const explanation = z.object({
  evidence: z.array(z.object({ word: z.string(), weight: z.number() })),
  wouldChange: z.array(z.object({ change: z.string(), agent: z.string().nullable() })),
})

export const routeAnswer = component(
  'RouteAnswer',
  z.object({
    kind: z.enum(['routed', 'noAgent']),
    agent: z.string().nullable(),
    intent: z.string().nullable(),
    confidence: z.number().nullable(),
    fit: z.number(),
    stage: z.enum(['fast', 'neural']).nullable(),
    because: z.enum(['noAgents', 'noWords', 'nothingFits']).nullable(),
    runnersUp: z.array(candidate),
    fallbacks: z.array(z.string()),
    explanation: explanation.nullable(),
  }),
) satisfies z.ZodType<RouteAnswer>

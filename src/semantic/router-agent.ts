import { z } from 'zod'
import { BaseAgent, type AgentContext } from '../agents/index.ts'
import { contextOfSeverity } from './router/context-columns.ts'
import type { RouterService } from './router/router-service.ts'

const routeInput = z.object({
  task: z.string(),
  candidates: z.array(z.string()).optional(),
  anomalySeverity: z.number().min(0).max(1).nullish(),
})

/**
 * The built-in agent `router`. `route { task, candidates?, anomalySeverity? }` says which agent a task is for,
 * by its words and the TDA context: the severity that is given, else the context of the call; later steps choose by `steps.<id>.output.agent`. The output is a `RouteAnswer`.
 */
export class RouterAgent extends BaseAgent {
  readonly service: RouterService

  constructor(service: RouterService) {
    super({
      type: 'router',
      version: '1.0.0',
      description: 'Says which agent a task is for',
      capabilities: ['routing'],
      actions: {
        route: {
          effect: 'read',
          input: routeInput,
          run: (input: z.infer<typeof routeInput>, context: AgentContext) => {
            const { task, candidates, anomalySeverity: severity } = input
            return service.answer({
              text: task,
              tda: typeof severity === 'number' ? contextOfSeverity(severity) : context.tda,
              ...(candidates === undefined ? {} : { candidates }),
            })
          },
        },
      },
    })
    this.service = service
  }
}

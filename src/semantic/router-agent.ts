import { z } from 'zod'
import { BaseAgent, type AgentContext } from '../agents/index.ts'
import type { RouterService } from './router/router-service.ts'

const routeInput = z.object({
  task: z.string(),
  candidates: z.array(z.string()).optional(),
})

/**
 * The built-in agent `router`. `route { task, candidates? }` says which agent a task is for, by its words and
 * the TDA context of the call; later steps choose by `steps.<id>.output.agent`. The output is a `RouteAnswer`.
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
          run: ({ task, candidates }: z.infer<typeof routeInput>, { tda }: AgentContext) =>
            service.answer({
              text: task,
              tda,
              ...(candidates === undefined ? {} : { candidates }),
            }),
        },
      },
    })
    this.service = service
  }
}

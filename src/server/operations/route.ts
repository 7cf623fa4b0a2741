import { routeAnswer, routeRequest } from '../contract/route.ts'
import { operation, type Operation } from '../operation.ts'
import { notOffered } from '../refusal.ts'

/** Semantic routing. */
export const routeOperations: readonly Operation[] = [
  operation({
    id: 'routeTask',
    method: 'POST',
    path: '/v1/route',
    tag: 'agents',
    summary: 'Says which agent a task is for; with `accept` it first learns which one it was for',
    body: { schema: routeRequest },
    answers: { 200: { description: 'Also when no agent fits.', schema: routeAnswer } },
    problems: [400, 404, 501],
    async handle({ options }, { body }) {
      if (options.route === undefined)
        throw notOffered('this owner routes nothing', 'use `aura route`, or `aura serve`')
      const { text, candidates, explain, accept } = body
      return {
        status: 200,
        body: await options.route({
          text,
          ...(candidates === undefined ? {} : { candidates }),
          isExplained: explain,
          accept: accept ?? null,
        }),
      }
    },
  }),
]

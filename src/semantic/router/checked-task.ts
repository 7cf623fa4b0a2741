import { OrchestrationError } from '../../core/errors.ts'
import { limits } from '../../core/limits.ts'
import { nearestOrAll } from '../../core/nearest.ts'
import type { RoutingModel } from './routing-model.ts'

/** @throws InputError when it is no text, or longer than `taskCharactersMax` */
export function checkText(text: unknown): asserts text is string {
  if (typeof text !== 'string') {
    throw new OrchestrationError('InputError', `the task to route is ${typeof text}, not a text`)
  }
  if (text.length > limits.taskCharactersMax) {
    throw new OrchestrationError(
      'InputError',
      `the task to route has ${text.length} characters; taskCharactersMax is ${limits.taskCharactersMax}`,
      { hint: 'route by a summary, or by its first lines' },
    )
  }
}

/**
 * Which classes may be chosen.
 *
 * @throws NotFoundError for a candidate that the model does not know
 */
export function allowedClasses(
  model: RoutingModel,
  candidates: readonly string[] | undefined,
): readonly boolean[] | undefined {
  if (candidates === undefined) return undefined
  for (const candidate of candidates) placeOf(model, candidate)
  const names = new Set(candidates)
  return model.classes.map(({ agent }) => names.has(agent))
}

/**
 * The place of an agent in the model.
 *
 * @throws NotFoundError with the nearest name
 */
export function placeOf(model: RoutingModel, agent: string): number {
  const place = model.agents.indexOf(agent)
  if (place >= 0) return place
  const known = nearestOrAll(agent, model.agents)
  throw new OrchestrationError(
    'NotFoundError',
    `the router knows no agent '${agent.slice(0, 100)}'`,
    known === null ? {} : { hint: known },
  )
}

import { OrchestrationError, ResourceExhaustionError } from '../core/errors.ts'
import { limits } from '../core/limits.ts'
import type { QueueOptions } from './work-queue.ts'

const nameMax = 200

const defaults: Required<QueueOptions> = {
  visibilityMs: limits.meshHandlerMsMax,
  deliveriesMax: limits.meshDeliveriesMax,
  depthMax: limits.queueDepthMax,
}

const bounds: Readonly<Record<keyof QueueOptions, number>> = {
  visibilityMs: limits.meshDeadlineMsMax,
  deliveriesMax: Number.MAX_SAFE_INTEGER,
  depthMax: Number.MAX_SAFE_INTEGER,
}

/**
 * The options of a queue that is opened for the first time, with every default filled in.
 *
 * @throws InputError for a name or options that make no sense
 */
export function wholeOptions(name: string, options: QueueOptions): Required<QueueOptions> {
  if (typeof name !== 'string' || name.length === 0 || name.length > nameMax)
    throw refused(`the name of a queue is a text of 1 to ${nameMax} characters`)
  const whole = { ...defaults, ...options }
  check(whole)
  return whole
}

/** @throws InputError when a queue that is open was opened with other options */
export function refuseOther(name: string, asked: QueueOptions, open: Required<QueueOptions>): void {
  const isOther = (option: keyof QueueOptions): boolean =>
    asked[option] !== undefined && asked[option] !== open[option]
  if (optionNames.some(isOther)) throw refused(`queue '${name}' is open with other options`)
}

/** @throws ResourceExhaustionError when a mesh has as many queues as it may */
export function refuseTooMany(queues: number): void {
  if (queues < limits.queuesMax) return
  throw new ResourceExhaustionError(`there are ${limits.queuesMax} queues (queuesMax)`, {
    hint: 'tell kinds of work apart by the type of the event, not by a queue each',
  })
}

const optionNames = Object.keys(defaults) as (keyof QueueOptions)[]

function check(options: Required<QueueOptions>): void {
  for (const name of optionNames) {
    const value = options[name]
    if (Number.isInteger(value) && value >= 1 && value <= bounds[name]) continue
    throw refused(`${name} of a queue is an integer from 1 to ${bounds[name]}, not ${value}`)
  }
}

function refused(message: string): OrchestrationError {
  return new OrchestrationError('InputError', message)
}

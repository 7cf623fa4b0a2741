import type { MeshReading } from '../core/contracts/mesh.ts'
import type { QueueStore } from '../core/contracts/queue-store.ts'
import { OrchestrationError, ResourceExhaustionError } from '../core/errors.ts'
import { limits } from '../core/limits.ts'
import { AloneGate } from './alone-gate.ts'
import { InProcessQueue, type QueueParts } from './in-process-queue.ts'
import { MemoryQueueStore } from './memory-queue-store.ts'
import { QueueWriter } from './queue-writer.ts'
import type { QueueOptions, WorkQueue } from './work-queue.ts'

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

/** The work queues of one mesh, by name. */
export class Queues {
  readonly #parts: QueueParts
  readonly #queues = new Map<string, InProcessQueue>()

  constructor({
    store,
    ...parts
  }: Omit<QueueParts, 'store' | 'writer' | 'gate'> & { readonly store: QueueStore | null }) {
    const own = store ?? new MemoryQueueStore()
    const writer = new QueueWriter(own, parts.clock, parts.logger)
    this.#parts = { ...parts, store: own, writer, gate: new AloneGate() }
  }

  /** Nothing is left that somebody works on. */
  get isIdle(): boolean {
    for (const queue of this.#queues.values()) if (!queue.isIdle) return false
    return true
  }

  open(name: string, options: QueueOptions = {}): WorkQueue {
    if (typeof name !== 'string' || name.length === 0 || name.length > nameMax)
      throw refused(`the name of a queue is a text of 1 to ${nameMax} characters`)
    const whole = { ...defaults, ...options }
    check(whole)
    const open = this.#queues.get(name)
    if (open !== undefined) {
      if (isOther(options, open.options))
        throw refused(`queue '${name}' is open with other options`)
      return open
    }
    if (this.#queues.size >= limits.queuesMax) {
      throw new ResourceExhaustionError(`there are ${limits.queuesMax} queues (queuesMax)`, {
        hint: 'tell kinds of work apart by the type of the event, not by a queue each',
      })
    }
    const queue = new InProcessQueue(name, whole, this.#parts)
    this.#queues.set(name, queue)
    return queue
  }

  readings(): readonly MeshReading[] {
    return Array.from(this.#queues.values(), (queue) => queue.reading())
  }

  async close(): Promise<void> {
    await Promise.all(Array.from(this.#queues.values(), (queue) => queue.close()))
    await this.#parts.writer.close()
  }
}

const optionNames = Object.keys(defaults) as (keyof QueueOptions)[]

function check(options: Required<QueueOptions>): void {
  for (const name of optionNames) {
    const value = options[name]
    if (Number.isInteger(value) && value >= 1 && value <= bounds[name]) continue
    throw refused(`${name} of a queue is an integer from 1 to ${bounds[name]}, not ${value}`)
  }
}

function isOther(asked: QueueOptions, open: Required<QueueOptions>): boolean {
  return optionNames.some((name) => asked[name] !== undefined && asked[name] !== open[name])
}

function refused(message: string): OrchestrationError {
  return new OrchestrationError('InputError', message)
}

import type { MessagePort } from 'node:worker_threads'
import {
  type ErrorJson,
  fromErrorJson,
  messageOf,
  OrchestrationError,
  toErrorJson,
} from '../core/errors.ts'
import type { WorkflowState } from './workflow-state.ts'

const methods = ['getState', 'getStateEntry', 'listState', 'setState', 'deleteState'] as const

/** The state of executions as a worker thread reaches it. */
export type SharedState = Pick<WorkflowState, (typeof methods)[number]>

interface Request {
  readonly id: number
  readonly method: string
  readonly args: readonly unknown[]
}

type Answer =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly error: ErrorJson }

/**
 * Lets the other end of a message channel read and write state through this engine, as `sharedState` does in a
 * worker thread. Every request is answered once, after it is durable.
 *
 * @returns a function that ends it; what was asked before is still answered
 */
export function shareState(state: SharedState, port: MessagePort): () => void {
  const answer = async ({ id, method, args }: Request): Promise<void> => {
    try {
      const known = methods.find((name) => name === method)
      if (known === undefined) throw new OrchestrationError('UsageError', `no method '${method}'`)
      // The other end is typed by `SharedState`, and every method checks what it is given.
      const call = state[known].bind(state) as (...given: readonly unknown[]) => Promise<unknown>
      port.postMessage({ id, value: await call(...args) } satisfies Answer)
    } catch (thrown) {
      port.postMessage({ id, error: toErrorJson(thrown, 'InternalError') } satisfies Answer)
    }
  }
  const listen = (request: Request): void => void answer(request)
  port.on('message', listen)
  return () => port.off('message', listen)
}

/**
 * The state of executions in a worker thread: whoever has the other end of `port` called `shareState` with it.
 * Methods behave and reject as those of the engine. The port keeps the thread alive until it is closed; then
 * what was asked and not answered rejects with OwnerError.
 */
export function sharedState(port: MessagePort): SharedState {
  const waiting = new Map<number, PromiseWithResolvers<unknown>>()
  let last = 0
  port.on('message', (answer: Answer) => {
    const asked = waiting.get(answer.id)
    waiting.delete(answer.id)
    if ('error' in answer) asked?.reject(fromErrorJson(answer.error))
    else asked?.resolve(answer.value)
  })
  port.on('close', () => {
    for (const { reject } of waiting.values()) {
      reject(
        new OrchestrationError('OwnerError', 'the engine at the other end is gone', {
          retryable: true,
        }),
      )
    }
    waiting.clear()
  })
  const ask = (method: string, args: readonly unknown[]): Promise<unknown> => {
    const asked = Promise.withResolvers<unknown>()
    const id = ++last
    waiting.set(id, asked)
    try {
      port.postMessage({ id, method, args } satisfies Request)
    } catch (thrown) {
      waiting.delete(id)
      const message = `what cannot be copied between threads is no state: ${messageOf(thrown)}`
      asked.reject(new OrchestrationError('InputError', message))
    }
    return asked.promise
  }
  return Object.fromEntries(
    methods.map((method) => [method, (...args: readonly unknown[]) => ask(method, args)]),
  ) as unknown as SharedState
}

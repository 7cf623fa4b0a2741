import { OrchestrationError } from '../core/errors.ts'
import type { ApiServerOptions } from './api-server-options.ts'
import type { Operation } from './operation.ts'
import { Refusal } from './refusal.ts'
import type { Streams } from './streams.ts'
import type { Turns } from './turns.ts'

/** What every operation works with. */
export interface Api {
  readonly options: ApiServerOptions
  readonly streams: Streams
  /** All that the server does, for its description. */
  readonly operations: readonly Operation[]
  /** Starts under one execution id, one after the other. */
  readonly starts: Turns
  /** True from `drain` or `close` on. */
  isDraining: boolean
}

/** @throws OwnerError (retryable) when nothing new may begin because the process goes down */
export function checkAccepting({ isDraining }: Api): void {
  if (!isDraining) return
  throw new OrchestrationError('OwnerError', 'the server is going down and takes nothing new', {
    retryable: true,
    hint: 'ask again when it is back',
  })
}

/** @throws OwnerError (503) when the owner drives one execution only */
export function checkServing({ options }: Api): void {
  if (options.kind === 'serve') return
  throw new Refusal(503, 'OwnerError', {
    message: "the file is owned by 'aura run', which takes no other executions",
    retryable: true,
    hint: 'wait until it has ended, or own the file with `aura serve`',
  })
}

import type { NestedAnswer, NestedCall, NestedCaller } from '../../core/contracts/nested-call.ts'
import { addUsage, noUsage, type Usage } from '../../core/usage.ts'
import type { Clock } from '../../core/clock.ts'
import { systemRandom } from '../../core/random.ts'
import {
  changedInside,
  Definitions,
  innerAnswer,
  innerExecution,
  onCancelled,
  type ShowView,
  unlessUncertain,
} from '../../engine/index.ts'
import type { RemoteExecutions } from './remote-executions.ts'
import { startOf } from './start.ts'
import type { ExecutionStart } from './wire.ts'

export interface NestedCallsParts {
  readonly executions: RemoteExecutions
  readonly clock: Clock
  readonly hasPayloadStore: boolean
  /** Does its work while the outer call needs no worker. */
  readonly aside: <Result>(work: () => Promise<Result>) => Promise<Result>
  /** Aborted when the worker waits for nothing any more. */
  readonly closing: AbortSignal
}

const noLook = (): void => {}

/** A call inside which others are made. */
export interface OuterCall {
  /** That of its execution. */
  readonly heartbeatTimeoutMs: number
  /** Whether it is over for this worker and will be delivered again: its execution has not given it up. */
  readonly isLost: () => boolean
}

/** When it is looked whether an inner call waits for somebody to resolve it: each time twice as late as before. */
const [lookMsMin, lookMsMax] = [1_000, 15_000]

/**
 * Calls that agents make inside their calls, each an execution of its own in Temporal: made once however often the
 * outer call is delivered, and tried again with it where it failed.
 */
export class NestedCalls {
  readonly #parts: NestedCallsParts
  readonly #definitions = new Definitions()

  constructor(parts: NestedCallsParts) {
    this.#parts = parts
  }

  under(outer: OuterCall): NestedCaller {
    return { call: (call) => this.#parts.aside(() => this.#call(call, outer)) }
  }

  async #call(call: NestedCall, outer: OuterCall): Promise<NestedAnswer> {
    const { executions, closing } = this.#parts
    const start = this.#start(call, outer)
    const { executionId } = start
    const isNew = await executions.startOrAttach(start).catch((thrown: unknown) => {
      throw changedInside(call, thrown)
    })
    const usedBefore = isNew ? noUsage : await this.#revived(executionId)
    const stop = onCancelled(call.signal, () => {
      // A worker that stops leaves it to the next delivery of the outer call.
      if (outer.isLost()) return
      executions.steer(executionId, { kind: 'cancel' }).catch(() => {}) // it has ended, or Temporal does not answer
    })
    try {
      const ending = executions.untilEnd(executionId, () => closing.aborted)
      const watch = (onUncertain: () => void) => this.#watch(executionId, onUncertain)
      const run = await unlessUncertain(call, executionId, { ending, watch })
      // What an earlier delivery of the outer call had it use was counted by that one.
      const { used = (await this.#show(executionId)).metrics } = run
      return innerAnswer(run, addUsage(used, usedBefore, -1))
    } finally {
      stop()
    }
  }

  #start(call: NestedCall, { heartbeatTimeoutMs }: OuterCall): ExecutionStart {
    const { executions, hasPayloadStore } = this.#parts
    const { executionId, document, origin } = innerExecution(call)
    return startOf(
      this.#definitions.ofDocument(document),
      { executionId, input: call.input, origin },
      {
        nowMs: executions.nowMs,
        random: systemRandom,
        heartbeatTimeoutMs,
        historyEventsMax: null,
        definitions: this.#definitions,
        flags: null,
        policy: null,
        hasPayloadStore,
      },
    )
  }

  /** Has one that failed tried again. @returns what it had used by then */
  async #revived(executionId: string): Promise<Usage> {
    const { status, metrics } = await this.#show(executionId)
    if (status === 'failed')
      await this.#parts.executions.steer(executionId, { kind: 'redrive', id: executionId })
    return metrics
  }

  #show(executionId: string): Promise<ShowView> {
    const { executions } = this.#parts
    return executions.ask<ShowView>(executionId, 'show', executions.nowMs)
  }

  /** Its index is asked first: that needs no worker. */
  async #isUncertain(executionId: string): Promise<boolean> {
    if ((await this.#parts.executions.statusOf(executionId)) !== 'waiting') return false
    const { steps } = await this.#show(executionId)
    return Object.values(steps).some(({ status }) => status === 'uncertain')
  }

  /** Looks from time to time whether it is uncertain, until it is stopped. */
  #watch(executionId: string, onUncertain: () => void): () => void {
    const { clock } = this.#parts
    let isOver = false
    let cancelLook = noLook
    const lookIn = (ms: number): void => {
      if (!isOver) cancelLook = clock.after(ms, () => void look(ms))
    }
    const look = async (ms: number): Promise<void> => {
      // A Temporal that does not answer is asked again.
      const isUncertain = await this.#isUncertain(executionId).catch(() => false)
      if (isUncertain) onUncertain()
      else lookIn(Math.min(2 * ms, lookMsMax))
    }
    lookIn(lookMsMin)
    return () => {
      isOver = true
      cancelLook()
    }
  }
}

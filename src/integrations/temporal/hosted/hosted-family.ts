import {
  ChildWorkflowCancellationType,
  type CancellationScope,
  getExternalWorkflowHandle,
  ParentClosePolicy,
  proxyActivities,
  startChild,
} from '@temporalio/workflow'
import { toErrorJson } from '../../../core/errors.ts'
import { refusedStart } from '../../../engine/hosted.ts'
import type {
  CallRef,
  ChildEnd,
  Command,
  ExecutionState,
  Stimulus,
} from '../../../workflow/index.ts'
import type { Activities, ChildAsked, ChildTold, ExecutionStart } from '../wire.ts'
import { workflowType } from '../wire.ts'
import { startMemo } from '../start-memo.ts'
import { childStart } from './child-start.ts'
import { childSignal, relaySignal } from './messages.ts'
import { isIdTaken } from './taken-id.ts'

type StartChild = Command & { kind: 'startChild' }
type SteerChild = Command & { kind: 'steerChild' }

export interface HostedFamilyParts {
  readonly state: ExecutionState
  readonly start: ExecutionStart
  readonly shield: CancellationScope
  readonly stimulate: (stimulus: Stimulus) => void
}

interface Watched {
  readonly call: CallRef
  readonly token: number
}

const askTimeoutMs = 60_000

/**
 * The sub-workflows of an execution, each a child in Temporal under the id that the kernel gave it. A child
 * signals its end to its parent, whichever run of the parent is the present one. Those that exist already, from
 * an earlier run or before a redrive, are asked for by an activity.
 */
export class HostedFamily {
  readonly #parts: HostedFamilyParts
  readonly #watched = new Map<string, Watched>()
  /** Starts that Temporal has not answered yet: what is asked of the child comes after it. */
  readonly #starting = new Map<string, Promise<void>>()
  #asking = 0
  readonly #ask: Pick<Activities, 'reviveChild' | 'undoChild'>

  constructor(parts: HostedFamilyParts) {
    this.#parts = parts
    this.#ask = proxyActivities<Activities>({ startToCloseTimeout: askTimeoutMs })
  }

  /** What was asked of Temporal and other executions, and is not answered yet. */
  get inFlight(): number {
    return this.#starting.size + this.#asking
  }

  startChild(command: StartChild): void {
    const { executionId, call, token } = command
    this.#watched.set(executionId, { call, token })
    const started = this.#parts.shield.run(() => this.#begin(command))
    this.#starting.set(executionId, started)
    void started.finally(() => this.#starting.delete(executionId))
  }

  steerChild({ executionId, call, token, verb }: SteerChild): void {
    if (verb === 'undo') this.#watched.set(executionId, { call, token })
    this.#asking++
    const asked = this.#parts.shield.run(async () => {
      await this.#starting.get(executionId)
      if (verb === 'undo') {
        const end = await this.#ask.undoChild(this.#asked(executionId, token))
        if (end !== null) this.told({ executionId, end })
        return
      }
      // It may have ended meanwhile, and then it tells.
      await getExternalWorkflowHandle(executionId)
        .signal(relaySignal, { kind: verb })
        .catch(() => {})
    })
    void asked.finally(() => this.#asking--)
  }

  told({ executionId, end }: ChildTold): void {
    const watched = this.#watched.get(executionId)
    if (watched === undefined) return
    this.#watched.delete(executionId)
    this.#parts.stimulate({ kind: 'childEnded', ...watched, end })
  }

  /** Tells the parent of this execution that it has ended. */
  async tellParent(parentId: string, end: ChildEnd): Promise<void> {
    const { executionId } = this.#parts.state
    await getExternalWorkflowHandle(parentId)
      .signal(childSignal, { executionId, end })
      .catch(() => {}) // it has ended before, and waits for nobody
  }

  async #begin(command: StartChild): Promise<void> {
    const { executionId, token } = command
    let start: ExecutionStart
    try {
      start = childStart(this.#parts, command)
    } catch (thrown) {
      return this.told({ executionId, end: refusedStart(toErrorJson(thrown, 'InternalError')) })
    }
    try {
      await startChild(workflowType, {
        workflowId: executionId,
        args: [start],
        workflowIdReusePolicy: 'REJECT_DUPLICATE',
        parentClosePolicy: ParentClosePolicy.ABANDON,
        cancellationType: ChildWorkflowCancellationType.ABANDON,
        ...startMemo(start),
      })
    } catch (thrown) {
      if (!isIdTaken(thrown)) throw thrown
      const end = await this.#ask.reviveChild(this.#asked(executionId, token))
      if (end !== null) this.told({ executionId, end })
    }
  }

  #asked(executionId: string, token: number): ChildAsked {
    return { executionId, token, parentId: this.#parts.state.executionId }
  }
}

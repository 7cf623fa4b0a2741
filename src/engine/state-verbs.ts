import type { Clock } from '../core/clock.ts'
import type { Telemetry } from '../core/contracts/telemetry.ts'
import type { JsonValue } from '../core/json.ts'
import { entriesAt, entryAt, type ExecutionState } from '../workflow/index.ts'
import type { Executions } from './executions.ts'
import type { Runner } from './runner.ts'
import type { Steering } from './steering.ts'
import { checkedDeletion, checkedWrite } from './verbs/checked-write.ts'
import { deleting, stateEntryView, writing, writtenNoMore } from './verbs/state-writes.ts'
import type { StateWriteOptions, WorkflowStateEntry } from './workflow-state.ts'

export interface StateVerbsParts {
  readonly executions: Executions
  readonly runner: Runner
  readonly steering: Steering
  readonly clock: Clock
  readonly telemetry: Telemetry
}

/** Reads and writes the state of executions from outside. */
export class StateVerbs {
  readonly #of: StateVerbsParts

  constructor(of: StateVerbsParts) {
    this.#of = of
  }

  /** Durable entries only, like everything that is shown. @throws NotFoundError */
  async entry(executionId: string, key: string): Promise<WorkflowStateEntry | null> {
    return this.#timed('get', async () => {
      const state = await this.#durable(executionId)
      const entry = entryAt(state, key, this.#of.clock.nowMs())
      return entry === undefined ? null : stateEntryView(executionId, entry)
    })
  }

  /** @throws NotFoundError */
  async list(executionId: string): Promise<readonly WorkflowStateEntry[]> {
    const state = await this.#durable(executionId)
    return entriesAt(state, this.#of.clock.nowMs()).map((entry) =>
      stateEntryView(executionId, entry),
    )
  }

  /** @throws as `WorkflowState.setState` */
  async set(
    executionId: string,
    key: string,
    { value, options }: { readonly value: JsonValue; readonly options: StateWriteOptions },
  ): Promise<true> {
    const write = checkedWrite(key, value, options)
    this.#of.steering.refuseWhenFull(write.value)
    await this.#timed('set', () =>
      this.#steer(executionId, ({ state }) => writing(state, write, this.#of.clock.nowMs())),
    )
    return true
  }

  /** @throws as `WorkflowState.setState` */
  async delete(
    executionId: string,
    key: string,
    options: Pick<StateWriteOptions, 'expectedVersion'>,
  ): Promise<boolean> {
    const write = checkedDeletion(key, options)
    return this.#timed('set', () =>
      this.#steer(executionId, ({ state }) => deleting(state, write, this.#of.clock.nowMs())),
    )
  }

  async #steer(executionId: string, decide: Parameters<Steering['steer']>[1]): Promise<boolean> {
    const isWritten = await this.#of.steering.steer(executionId, decide)
    if (isWritten !== null) return isWritten
    throw writtenNoMore(executionId)
  }

  async #durable(executionId: string): Promise<ExecutionState> {
    const { executions, runner } = this.#of
    const row = executions.row(executionId)
    const running = runner.executions.get(executionId)
    if (running === undefined) return executions.stateAt(row)
    if (runner.isAhead(running)) await runner.flushed(running)
    return running.state
  }

  async #timed<T>(operation: 'get' | 'set', work: () => Promise<T>): Promise<T> {
    const { clock, telemetry } = this.#of
    const startMs = clock.monotonicMs()
    try {
      return await work()
    } finally {
      telemetry.stateOperation(operation, clock.monotonicMs() - startMs)
    }
  }
}

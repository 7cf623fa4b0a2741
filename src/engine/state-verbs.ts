import type { StateWrite } from '../core/contracts/state.ts'
import type { Clock } from '../core/clock.ts'
import type { Telemetry } from '../core/contracts/telemetry.ts'
import { durationMsMax } from '../core/duration.ts'
import {
  OrchestrationError,
  ResourceExhaustionError,
  StateConsistencyError,
} from '../core/errors.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../core/json.ts'
import { limits } from '../core/limits.ts'
import { writableStateKey } from '../core/state-key.ts'
import {
  conflictOf,
  entriesAt,
  entryAt,
  type ExecutionState,
  type StateEntry,
} from '../workflow/index.ts'
import type { Executions } from './executions.ts'
import { payload } from './payload.ts'
import type { Runner } from './runner.ts'
import type { Running } from './running.ts'
import type { Steering } from './steering.ts'
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
      return entry === undefined ? null : view(executionId, entry)
    })
  }

  /** @throws NotFoundError */
  async list(executionId: string): Promise<readonly WorkflowStateEntry[]> {
    const state = await this.#durable(executionId)
    return entriesAt(state, this.#of.clock.nowMs()).map((entry) => view(executionId, entry))
  }

  /** @throws as `WorkflowState.setState` */
  async set(
    executionId: string,
    key: string,
    { value, options }: { readonly value: JsonValue; readonly options: StateWriteOptions },
  ): Promise<true> {
    if (value === undefined) {
      throw new OrchestrationError('InputError', `state '${key}' cannot be undefined`, {
        hint: 'null is a value; deleteState takes the entry away',
      })
    }
    const { expectedVersion, ttlMs, metadata } = options
    checkOptions(key, options)
    const own = payload(value, `state '${key}'`)
    this.#of.steering.refuseWhenFull(own)
    await this.#write(executionId, {
      key: writableStateKey(key),
      value: own,
      ...(expectedVersion === undefined ? {} : { expectedVersion }),
      ...(ttlMs === undefined ? {} : { ttlMs }),
      ...(metadata === undefined ? {} : { metadata: metadataOf(key, metadata) }),
    })
    return true
  }

  /** @throws as `WorkflowState.setState` */
  async delete(
    executionId: string,
    key: string,
    { expectedVersion }: Pick<StateWriteOptions, 'expectedVersion'>,
  ): Promise<boolean> {
    writableStateKey(key)
    const isThere = this.#timed('set', () =>
      this.#steer(executionId, (running) => {
        const nowMs = this.#of.clock.nowMs()
        const write = { key, ...(expectedVersion === undefined ? {} : { expectedVersion }) }
        checkVersion(running, write, nowMs)
        const found = entryAt(running.state, key, nowMs) !== undefined
        return found ? [{ kind: 'writeState', writes: [write] }] : []
      }),
    )
    return isThere
  }

  async #write(executionId: string, write: StateWrite): Promise<void> {
    await this.#timed('set', () =>
      this.#steer(executionId, (running) => {
        const nowMs = this.#of.clock.nowMs()
        checkVersion(running, write, nowMs)
        checkCount(running.state, write.key, nowMs)
        return [{ kind: 'writeState', writes: [write] }]
      }),
    )
  }

  async #steer(executionId: string, decide: Parameters<Steering['steer']>[1]): Promise<boolean> {
    const isWritten = await this.#of.steering.steer(executionId, decide)
    if (isWritten !== null) return isWritten
    throw new OrchestrationError(
      'RefusedError',
      `execution '${executionId}' has ended: its state is not written any more`,
      { hint: 'aura fork starts a new execution with this state' },
    )
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

function view(executionId: string, entry: StateEntry): WorkflowStateEntry {
  const { key, value, version, atMs, expiresAtMs, metadata } = entry
  return {
    workflowId: executionId,
    key,
    value: structuredClone<JsonValue>(value),
    version,
    timestampMs: atMs,
    ttlMs: expiresAtMs === null ? null : expiresAtMs - atMs,
    metadata: structuredClone<JsonObject>(metadata),
  }
}

function checkOptions(key: string, { expectedVersion, ttlMs }: StateWriteOptions): void {
  if (
    expectedVersion !== undefined &&
    !(Number.isInteger(expectedVersion) && expectedVersion >= 0)
  ) {
    throw new OrchestrationError('InputError', `expectedVersion of state '${key}' is no version`, {
      hint: 'give the version that was read, or 0 for an entry that must not be there',
    })
  }
  if (ttlMs === undefined || (ttlMs > 0 && ttlMs <= durationMsMax)) return
  throw new OrchestrationError(
    'InputError',
    `ttlMs of state '${key}' must be above 0 and at most ${durationMsMax}`,
  )
}

function metadataOf(key: string, metadata: unknown): NonNullable<StateWrite['metadata']> {
  const own = payload(metadata, `metadata of state '${key}'`)
  if (isJsonObject(own)) return own
  throw new OrchestrationError('InputError', `metadata of state '${key}' must be an object`)
}

function checkVersion({ state }: Running, write: StateWrite, nowMs: number): void {
  const conflict = conflictOf(state, [write], nowMs)
  if (conflict === undefined) return
  throw new StateConsistencyError(
    `state '${write.key}' of '${state.executionId}' has version ${conflict.version}, not ${write.expectedVersion}`,
    {
      hint: 'read it again and repeat the change',
      details: {
        key: write.key,
        version: conflict.version,
        expectedVersion: write.expectedVersion ?? null,
      },
    },
  )
}

function checkCount(state: ExecutionState, key: string, nowMs: number): void {
  const { entries, executionId } = state
  if (entries === null || entries.size < limits.stateKeysMax) return
  if (entryAt(state, key, nowMs) !== undefined) return
  const count = entriesAt(state, nowMs).length
  if (count < limits.stateKeysMax) return
  throw new ResourceExhaustionError(
    `execution '${executionId}' keeps ${count} keys of state; stateKeysMax is ${limits.stateKeysMax}`,
    { hint: 'put several values under one key' },
  )
}

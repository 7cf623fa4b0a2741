import { assertNever } from '../core/assert.ts'
import type { Telemetry } from '../core/contracts/telemetry.ts'
import type { ErrorJson } from '../core/errors.ts'
import type { Logger, LogLevel } from '../core/logger.ts'
import { callLabel, findStep, type KernelEvent, type NamesCall, refOf } from '../workflow/index.ts'
import type { Running } from './running.ts'

/** Tells traces, metrics and logs what was recorded. */
export class Narrator {
  readonly #telemetry: Telemetry
  readonly #logger: Logger

  constructor(telemetry: Telemetry, logger: Logger) {
    this.#telemetry = telemetry
    this.#logger = logger
  }

  /** An event of the execution is durable. */
  tell(running: Running, event: KernelEvent): void {
    switch (event.kind) {
      case 'StepScheduled':
        if (event.items !== undefined) this.#telemetry.patternUsed('fanOut')
        return
      case 'PatternStarted':
        return this.#telemetry.patternUsed(event.pattern)
      case 'StepSkipped':
      case 'StepFailed':
      case 'CallSkipped':
      case 'CallCompleted':
      case 'CallFailed':
        return this.#ended(running, event)
      case 'RetryScheduled':
      case 'FallbackScheduled':
      case 'CallRefused':
      case 'CallUncertain':
      case 'AttemptLost':
      case 'FailureDecided':
      case 'RollbackRefused':
        return this.#log(running, 'warn', warnings[event.kind], event)
      case 'ExecutionStarted':
      case 'ExecutionCompleted':
      case 'ExecutionFailed':
      case 'ExecutionCancelled':
      case 'ExecutionPaused':
      case 'ExecutionResumed':
      case 'ExecutionTimedOut':
      case 'CancelRequested':
      case 'CompensationStarted':
      case 'ExecutionForked':
      case 'ExecutionRedriven':
      case 'RollbackRequested':
      case 'RolledBack':
      case 'UndoRequested':
      case 'CompensationRedriven':
      case 'DeadLetterDiscarded':
      case 'ExecutionAdapted':
      case 'AdaptationReverted':
        return this.#log(running, 'info', sentences[event.kind], {})
      case 'UsageSettled':
        return this.#used(running, event)
      case 'StateChanged':
        return this.#stateChanged(running, event)
      case 'PolicyDecided':
      case 'StepApproved':
        return this.#log(running, 'info', policySentence(event), event)
      case 'ApprovalAwaited':
      case 'EventsPublished':
      case 'MemoryChanged':
      case 'CheckpointTaken':
      case 'TdaObserved':
      case 'ChildStarted':
      case 'ChildEnded':
      case 'AttemptStarted':
      case 'CallScheduled':
      case 'PartScheduled':
      case 'PatternDecided':
      case 'CallSuspended':
      case 'CallResolved':
      case 'CallCancelled':
      case 'CompensationScheduled':
      case 'PollCompleted':
      case 'SignalReceived':
      case 'SignalDelivered':
        return
      default:
        assertNever(event, 'event')
    }
  }

  /** Keys and versions, never values; and nothing where nobody traces. */
  #stateChanged({ telemetry }: Running, event: KernelEvent & { kind: 'StateChanged' }): void {
    if (telemetry.traceId === null) return
    telemetry.stateChanged(event.changes.map(({ key, version }) => `${key}@${version}`))
  }

  /** More than the action declares was not reserved: some budget may be over its limit now. */
  #used(running: Running, event: KernelEvent & { kind: 'UsageSettled' }): void {
    const { tokens = 0, costUsd = 0 } = event.charge ?? {}
    const isOverrun = event.tokens > tokens || event.costUsd > costUsd
    if (isOverrun && event.undo === undefined)
      this.#log(running, 'warn', 'a call has used more than its action declares', event)
  }

  #ended(
    running: Running,
    event: KernelEvent & {
      kind: 'StepSkipped' | 'StepFailed' | 'CallSkipped' | 'CallCompleted' | 'CallFailed'
    },
  ): void {
    if ('error' in event) this.#log(running, 'warn', 'failed for good', event)
    if ('undo' in event && event.undo !== undefined) return
    if ('part' in event && event.part !== undefined) return
    const status = findStep(running.state, event.step)?.view.status ?? 'completed'
    if (status !== 'running') running.telemetry.stepEnded(event.step, status)
  }

  #log(running: Running, level: LogLevel, message: string, event: Told): void {
    this.#logger.log(level, message, {
      executionId: running.row.executionId,
      traceId: running.telemetry.traceId ?? undefined,
      ...(event.step === undefined
        ? {}
        : { step: callLabel(refOf({ ...event, step: event.step })) }),
      ...(event.error === undefined ? {} : { code: event.error.code, error: event.error.message }),
    })
  }
}

function policySentence(event: KernelEvent & { kind: 'PolicyDecided' | 'StepApproved' }): string {
  return event.kind === 'StepApproved'
    ? 'a step is approved'
    : `policy ${policyName(event)} decides`
}

function policyName({ decision }: KernelEvent & { kind: 'PolicyDecided' }): string {
  return `${decision.policy} ${decision.version}`
}

interface Told extends Partial<NamesCall> {
  readonly error?: ErrorJson
}

const warnings = {
  RetryScheduled: 'attempt failed, it is tried again',
  FallbackScheduled: 'call failed, a fallback takes over',
  CallRefused: 'call did not reach its agent, it asks again',
  CallUncertain: 'outcome unknown: waiting for `aura resolve`',
  AttemptLost: 'attempt was lost with its process',
  FailureDecided: 'execution stops',
  RollbackRefused: 'the rollback of onFailure was refused',
} as const

const sentences = {
  ExecutionStarted: 'execution started',
  ExecutionCompleted: 'execution completed',
  ExecutionFailed: 'execution failed',
  ExecutionCancelled: 'execution cancelled',
  ExecutionPaused: 'execution paused',
  ExecutionResumed: 'execution resumed',
  ExecutionTimedOut: 'execution timed out',
  CancelRequested: 'execution is being cancelled',
  CompensationStarted: 'compensation started',
  ExecutionForked: 'execution goes on from another one',
  ExecutionRedriven: 'execution goes on where it failed',
  RollbackRequested: 'rollback started',
  RolledBack: 'rollback done',
  UndoRequested: 'execution is undone by its parent',
  CompensationRedriven: 'a failed compensation is tried again',
  DeadLetterDiscarded: 'dead letter discarded',
  ExecutionAdapted: 'execution adapted',
  AdaptationReverted: 'an adaptation is reverted',
} as const

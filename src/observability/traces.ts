import { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import type { Context, Span, SpanContext, Tracer } from '@opentelemetry/api'
import type { ExecutionTelemetry, Telemetry } from '../core/contracts/telemetry.ts'
import type { ErrorJson } from '../core/errors.ts'
import type { AttemptOutcome, ExecutionEnd } from './meters.ts'
import { redactText } from './redaction.ts'
import {
  attemptSpanName,
  attributes,
  executionSpanName,
  stateEventName,
  stepEventName,
  stepSpanName,
  workflowType,
} from './span-names.ts'

type ExecutionInfo = Parameters<Telemetry['executionStarted']>[0]
type AttemptInfo = Parameters<ExecutionTelemetry['attemptStarted']>[0]

/** The W3C `traceparent` text of a span's context (Trace Context, level 1, section 3.2). */
export function traceparentOf(context: SpanContext): string {
  const flags = (context.traceFlags & 0xff).toString(16).padStart(2, '0')
  return `00-${context.traceId}-${context.spanId}-${flags}`
}

/** The spans of one execution: `execute_workflow`, under it its steps, under these their attempts. */
export class ExecutionTrace {
  readonly traceId: string
  readonly #tracer: Tracer
  readonly #span: Span
  readonly #context: Context
  readonly #steps = new Map<string, StepTrace>()

  private constructor(tracer: Tracer, span: Span) {
    this.traceId = span.spanContext().traceId
    this.#tracer = tracer
    this.#span = span
    this.#context = trace.setSpan(ROOT_CONTEXT, span)
  }

  /**
   * Begins the execution's span as the root of a trace of its own: the turn of the event loop that starts it may
   * belong to somebody else's context. Null when the provider does not record it.
   */
  static begin(tracer: Tracer, info: ExecutionInfo, version: string): ExecutionTrace | null {
    const span = tracer.startSpan(
      executionSpanName,
      {
        attributes: {
          [attributes.workflowId]: info.executionId,
          [attributes.workflowType]: workflowType,
          [attributes.orchestrationVersion]: version,
          [attributes.workflowName]: info.workflow,
          [attributes.workflowVersion]: info.version,
          [attributes.workflowRecovered]: info.recovered,
        },
      },
      ROOT_CONTEXT,
    )
    return span.isRecording() ? new ExecutionTrace(tracer, span) : null
  }

  attemptStarted(info: AttemptInfo): AttemptTrace {
    let step = this.#steps.get(info.stepId)
    if (step === undefined) {
      const span = this.#tracer.startSpan(
        stepSpanName,
        { attributes: { [attributes.stepId]: info.stepId } },
        this.#context,
      )
      step = new StepTrace(this.#tracer, span)
      this.#steps.set(info.stepId, step)
    }
    return step.attemptStarted(info)
  }

  stepEnded(stepId: string, status: string): void {
    const step = this.#steps.get(stepId)
    if (step === undefined) {
      this.#span.addEvent(stepEventName, {
        [attributes.stepId]: stepId,
        [attributes.stepStatus]: status,
      })
      return
    }
    this.#steps.delete(stepId)
    step.ended(status)
  }

  /** Keys and versions, never values. */
  stateChanged(changes: readonly string[]): void {
    this.#span.addEvent(stateEventName, { [attributes.stateChanges]: [...changes] })
  }

  /** Ends what is still open under it too: a span that is never ended is never exported. */
  ended(status: ExecutionEnd, error: ErrorJson | null): void {
    for (const step of this.#steps.values()) step.ended(null)
    this.#steps.clear()
    this.#span.setAttribute(attributes.workflowStatus, status)
    if (status === 'failed') markFailed(this.#span, error)
    this.#span.end()
  }
}

class StepTrace {
  readonly #tracer: Tracer
  readonly #span: Span
  readonly #context: Context
  readonly #open = new Set<AttemptTrace>()
  #lastError: ErrorJson | null = null

  constructor(tracer: Tracer, span: Span) {
    this.#tracer = tracer
    this.#span = span
    this.#context = trace.setSpan(ROOT_CONTEXT, span)
  }

  attemptStarted(info: AttemptInfo): AttemptTrace {
    const span = this.#tracer.startSpan(
      `${attemptSpanName} ${info.agent}`,
      {
        kind: SpanKind.INTERNAL,
        attributes: {
          [attributes.operationName]: attemptSpanName,
          [attributes.agentName]: info.agent,
          [attributes.agentAction]: info.action,
          [attributes.stepId]: info.stepId,
          ...(info.index === null ? {} : { [attributes.stepIndex]: info.index }),
          [attributes.attempt]: info.attempt,
          [attributes.idempotencyKey]: info.idempotencyKey,
        },
      },
      this.#context,
    )
    const attempt = new AttemptTrace(span, (closed, error) => {
      this.#open.delete(closed)
      this.#lastError = error ?? this.#lastError
    })
    this.#open.add(attempt)
    return attempt
  }

  /** `status` is null when nobody heard of the step's end. */
  ended(status: string | null): void {
    for (const attempt of this.#open) attempt.ended(null, null)
    if (status !== null) this.#span.setAttribute(attributes.stepStatus, status)
    if (status === 'failed') markFailed(this.#span, this.#lastError)
    this.#span.end()
  }
}

/** The span of one attempt. */
export class AttemptTrace {
  /** What the agent is told, so that its own spans go under this one. */
  readonly traceparent: string
  readonly #span: Span
  readonly #closed: (attempt: AttemptTrace, error: ErrorJson | null) => void
  #ended = false

  constructor(span: Span, closed: (attempt: AttemptTrace, error: ErrorJson | null) => void) {
    this.traceparent = traceparentOf(span.spanContext())
    this.#span = span
    this.#closed = closed
  }

  /** `outcome` is null when nobody heard of the attempt's end. A second call changes nothing. */
  ended(outcome: AttemptOutcome | null, error: ErrorJson | null): void {
    if (this.#ended) return
    this.#ended = true
    if (outcome !== null) this.#span.setAttribute(attributes.outcome, outcome)
    if (outcome === 'failed' || outcome === 'unknown') markFailed(this.#span, error)
    this.#span.end()
    this.#closed(this, error)
  }
}

function markFailed(span: Span, error: ErrorJson | null): void {
  if (error === null) {
    span.setStatus({ code: SpanStatusCode.ERROR })
    return
  }
  const message = redactText(error.message)
  span.setStatus({ code: SpanStatusCode.ERROR, message })
  span.setAttribute(attributes.errorType, error.code)
  span.recordException({ name: error.code, message })
}

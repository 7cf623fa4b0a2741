import { defaultPayloadConverter, type Headers } from '@temporalio/common'
import type { WorkflowClientInterceptor } from '@temporalio/client'
import type { WorkflowEngine } from '../../../src/engine/index.ts'
import type { RemoteExecutions } from '../../../src/integrations/temporal/remote-executions.ts'
import { nowHeader, serverId } from './messages.ts'

/** Methods that resolve when an execution has ended, which may take any time. */
const ends = ['executeWorkflow', 'continueWorkflow', 'untilEnd']

/** What was asked of an engine and is not answered yet, and the executions that it has. */
export class Errands {
  /** Executions that have not ended, as far as is known. */
  readonly open = new Set<string>()
  readonly #awaited = new Map<string, number>()
  #count = 0

  /** Whether nobody waits for an answer, but for the ends of open executions. */
  get isCalm(): boolean {
    if (this.#count > 0) return false
    return [...this.#awaited.keys()].every((executionId) => this.open.has(executionId))
  }

  began(executionId: string): void {
    this.open.add(executionId)
  }

  ended(executionId: string): void {
    this.open.delete(executionId)
  }

  /** Tells new executions the time, and takes note of them. */
  interceptor(taskQueue: string, nowMs: () => number): WorkflowClientInterceptor {
    const starting = <
      Input extends {
        readonly headers: Headers
        readonly options: { readonly workflowId: string }
      },
    >(
      input: Input,
    ): Input => {
      const { workflowId } = input.options
      const headers = {
        ...input.headers,
        [nowHeader]: defaultPayloadConverter.toPayload(nowMs()),
      }
      return {
        ...input,
        headers,
        options: { ...input.options, workflowId: serverId(taskQueue, workflowId) },
      }
    }
    const began = async <Answer>(workflowId: string, started: Promise<Answer>): Promise<Answer> => {
      const answer = await started
      this.began(workflowId)
      return answer
    }
    return {
      startWithDetails: (input, next) => began(input.options.workflowId, next(starting(input))),
      signalWithStart: (input, next) => began(input.options.workflowId, next(starting(input))),
    }
  }

  /** The engine, with every call counted until it is answered. */
  counted(engine: WorkflowEngine): WorkflowEngine {
    const continues = engine.continueWorkflow.bind(engine)
    engine.continueWorkflow = (executionId) =>
      this.#awaiting(executionId, () => continues(executionId))
    const starts = engine.startWorkflow.bind(engine)
    engine.startWorkflow = (...given) => this.#counting(() => starts(...given))
    return this.#proxied(engine)
  }

  /** What a worker asks of executions, with every question counted until it is answered. */
  countedExecutions(executions: RemoteExecutions): RemoteExecutions {
    const untilEnd = executions.untilEnd.bind(executions)
    executions.untilEnd = (executionId, isClosed) =>
      this.#awaiting(executionId, () => untilEnd(executionId, isClosed))
    return this.#proxied(executions)
  }

  #proxied<Counted extends object>(counted: Counted): Counted {
    return new Proxy(counted, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name)
        if (typeof value !== 'function') return value
        const method = value.bind(target) as (...args: unknown[]) => unknown
        if (ends.includes(String(name))) return method
        return (...given: unknown[]) => this.#counting(() => method(...given))
      },
    })
  }

  #counting<Answer>(work: () => Answer): Answer {
    const answer = work()
    if (!(answer instanceof Promise)) return answer
    this.#count++
    const done = (): void => void this.#count--
    answer.finally(done).catch(() => {}) // whoever asked hears of it
    return answer
  }

  #awaiting<Result>(executionId: string, work: () => Promise<Result>): Promise<Result> {
    const count = this.#awaited.get(executionId) ?? 0
    this.#awaited.set(executionId, count + 1)
    const done = (): void => {
      const left = (this.#awaited.get(executionId) ?? 1) - 1
      if (left === 0) this.#awaited.delete(executionId)
      else this.#awaited.set(executionId, left)
    }
    const answer = work()
    answer.finally(done).catch(() => {}) // whoever asked hears of it
    return answer
  }
}

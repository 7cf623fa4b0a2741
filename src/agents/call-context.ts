import type { MemoryAccess } from '../core/contracts/memory.ts'
import type { MeshAccess } from '../core/contracts/mesh.ts'
import type { StateAccess } from '../core/contracts/state.ts'
import type { Logger } from '../core/logger.ts'
import type { TdaContext } from '../core/contracts/tda.ts'
import type { AgentContext, AgentLogger } from './contract.ts'
import type { Invocation } from './invocation.ts'
import { agentLogger } from './level-logger.ts'

/**
 * What `run` is given beside its input. The costly parts are accessors of the class, made when they are first
 * asked for; a spread copy of the context has only the plain ones.
 */
export class CallContext implements AgentContext {
  readonly executionId: string
  readonly stepId: string
  readonly index: number | null
  readonly attempt: number
  readonly idempotencyKey: string
  readonly correlationId: string
  readonly #invocation: Invocation
  #logger: AgentLogger | null = null
  #tda: TdaContext | null = null

  constructor(invocation: Invocation) {
    const { call } = invocation
    this.executionId = call.executionId
    this.stepId = call.stepId
    this.index = call.index
    this.attempt = call.attempt
    this.idempotencyKey = call.idempotencyKey
    this.correlationId = call.correlationId
    this.#invocation = invocation
  }

  get signal(): AbortSignal {
    return this.#invocation.signal
  }

  get deadlineMs(): number | null {
    return this.#invocation.deadlineMs
  }

  get logger(): AgentLogger {
    if (this.#logger === null) {
      const { host, config, plan } = this.#invocation
      const { executionId, stepId, index, attempt, correlationId } = this
      const fields = {
        agentId: config.agentId,
        action: plan.name,
        executionId,
        stepId,
        index,
        attempt,
        correlationId,
      }
      const logger = hiding(host.logger, this.#invocation)
      this.#logger = agentLogger(config.observabilityConfig.logLevel, logger).with(fields)
    }
    return this.#logger
  }

  // Shared by many calls, so each agent gets a copy of its own to spoil.
  get tda(): TdaContext {
    this.#tda ??= structuredClone(this.#invocation.call.tda)
    return this.#tda
  }

  get state(): StateAccess {
    return this.#invocation.state
  }

  get memory(): MemoryAccess {
    return this.#invocation.memory
  }

  get mesh(): MeshAccess {
    return this.#invocation.mesh
  }

  get budget(): AgentContext['budget'] {
    return this.#invocation.meter
  }

  get resumed(): AgentContext['resumed'] {
    return structuredClone(this.#invocation.call.resumed)
  }

  // Agents take these two out of the context as they take the others.
  get call(): AgentContext['call'] {
    const invocation = this.#invocation
    return (agent, action, input = {}, { timeoutMs = null, number = null } = {}) =>
      invocation.callInside({ agent, action, input, timeoutMs, number })
  }

  /** Brought into 0..1; one that is no number, or comes after the call has ended, is dropped. */
  get progress(): AgentContext['progress'] {
    const invocation = this.#invocation
    return (fraction, note) => {
      const { host, isEnded, call } = invocation
      if (host.onProgress === null || isEnded || !Number.isFinite(fraction)) return
      const told = typeof note === 'string' ? invocation.hide(note).slice(0, 500) : null
      host.onProgress(call, Math.min(1, Math.max(0, fraction)), told)
    }
  }
}

/** Writes no text of a secret. */
function hiding(logger: Logger, invocation: Invocation): Logger {
  if (invocation.call.secrets === undefined) return logger
  return {
    log: (level, message, fields) =>
      logger.log(level, invocation.hide(message), invocation.hide(fields)),
    with: (fields) => hiding(logger.with(invocation.hide(fields)), invocation),
  }
}

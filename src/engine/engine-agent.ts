import type { AgentCall, AgentPool, RunningCall, Settle } from '../agents/index.ts'
import type { BudgetLimit } from '../core/contracts/budget.ts'
import type { ActionContract, LookupOutcome } from '../core/contracts/call.ts'

/** What the engine needs of an agent; `BaseAgent` is one. */
export interface EngineAgent {
  readonly pool: AgentPool
  /** What all executions together may spend with it; null or absent for any amount. */
  readonly budget?: BudgetLimit | null
  contract(action: string): ActionContract | undefined
  invoke(action: string, call: AgentCall, settle: Settle): RunningCall
  /** Never rejects. */
  lookup(action: string, idempotencyKey: string): Promise<LookupOutcome>
}

/** Finds agents by id or type; `AgentRegistry` is one. */
export interface AgentDirectory {
  resolve(name: string): EngineAgent | undefined
}

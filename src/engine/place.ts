import type { Grant, RunningCall, Turn } from '../agents/index.ts'
import type { AttemptTelemetry } from '../core/contracts/telemetry.ts'
import type { ActionContract } from '../core/contracts/call.ts'
import type { CallRef, Command, Slot } from '../workflow/index.ts'
import type { Account } from './budgets/account.ts'
import type { EngineAgent } from './engine-agent.ts'
import type { Running } from './running.ts'

/** A call's place: waited for, held, or in use by its running attempt. */
export interface Place {
  readonly call: CallRef
  readonly agent: EngineAgent
  readonly contract: ActionContract
  /** The budgets that it spends. */
  accounts: readonly Account<Held>[]
  readonly alone: boolean
  /** The place under its step's `concurrency` that it takes first; null for none. */
  readonly slot: Slot | null
  /** It is made inside a call: beside that one it may always run. */
  readonly isNested: boolean
  /** It is made inside a call of the same agent, under whose place in the pool it runs. */
  readonly isReentrant: boolean
  /** Whose turn in a queue it takes, and when that is the oldest's. */
  readonly turn: Turn
  /**
   * `slotted`: waits under its key of `concurrency`. `gated`: waits for others to end. `pooled`: waits in its
   * agent's pool. `held`: may be used.
   */
  stage: 'slotted' | 'gated' | 'pooled' | 'held'
  /** Told what becomes of what it waits for. */
  readonly grant: Grant
  /** Its attempt was made; the place is given back when that ends. */
  isCalled: boolean
  isOver: boolean
  running: RunningCall | null
  telemetry: AttemptTelemetry | null
  startedAtMs: number
}

/** A call that wants a place and has to wait before it may ask for one. */
export interface Held {
  readonly running: Running
  readonly command: Command & { kind: 'admit' }
}

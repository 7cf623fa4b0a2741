import type { AgentCall } from '../src/agents/index.ts'
import type { Random } from '../src/core/random.ts'
import type { LifeClock } from '../src/testing/fake-clock.ts'
import type { Outside } from '../src/testing/simulation/outside.ts'
import type { Thread } from './graph-agent.ts'
import type { Use } from './spending.ts'

/** What a simulated agent needs of the process that it runs in. */
export interface AgentWorld {
  readonly outside: Outside
  readonly random: Random
  readonly clock: LifeClock
  readonly isQuiet: () => boolean
  readonly saw: (fault: string) => void
  /** Whether calls of the agent `poison` end their process. */
  readonly isPoisonous: boolean
  /** Ends the process at once. */
  readonly poison: () => void
  /** Effects under way in this process, decided when it is stopped: they happen now or never. */
  readonly underWay: Set<(happens: boolean) => void>
  /** Called when an attempt is made, before anything else; what it returns, when the attempt has ended. */
  readonly arrived: (call: AgentCall) => () => void
  /** What graphs have on disk, by the key of their run. */
  readonly threads: Map<string, Thread>
  /** A delivery has really used so many tokens. */
  readonly spent: (call: AgentCall, agent: string, use: Use) => void
}

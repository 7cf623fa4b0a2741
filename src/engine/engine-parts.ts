import type { Clock } from '../core/clock.ts'
import type { FlagProvider } from '../core/contracts/flags.ts'
import type { Telemetry } from '../core/contracts/telemetry.ts'
import type { Logger } from '../core/logger.ts'
import type { Random } from '../core/random.ts'
import type { Definitions } from './definitions.ts'
import type { AgentDirectory } from './engine-agent.ts'
import type { Journal } from './journal/journal.ts'
import type { EngineListener } from './workflow-engine.ts'

/** What an embedded engine is made of. */
export interface EmbeddedEngineParts {
  readonly journal: Journal
  readonly agents: AgentDirectory
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly telemetry: Telemetry
  /** Null: every flag is on. */
  readonly flags: FlagProvider | null
  /** Told what happens; `subscribe` adds to it. */
  readonly listeners: Set<EngineListener>
  /** Shared with other engines of the process to save work; default own ones. */
  readonly definitions?: Definitions
  /** Called last by `close`. */
  readonly release: () => Promise<void>
}

import type { Clock } from '../core/clock.ts'
import type { Pressure } from '../core/heap-pressure.ts'
import type { BudgetLimit } from '../core/contracts/budget.ts'
import type { Embedder } from '../core/contracts/embedder.ts'
import type { FlagProvider } from '../core/contracts/flags.ts'
import type { MeshPort } from '../core/contracts/mesh.ts'
import type { PolicySource } from '../core/contracts/policy.ts'
import type { TdaContextSource } from '../core/contracts/tda.ts'
import type { Telemetry } from '../core/contracts/telemetry.ts'
import type { Logger } from '../core/logger.ts'
import type { Random } from '../core/random.ts'
import type { StateMirror } from '../state/index.ts'
import type { AdmissionLimits } from './acceptance.ts'
import type { Definitions } from './definitions.ts'
import type { AgentDirectory } from './engine-agent.ts'
import type { Journal } from './journal/journal.ts'
import type { RetentionOptions } from './retention.ts'
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
  /** Decides by policy when executions and steps begin. Null: nobody does. Default null. */
  readonly policies?: PolicySource | null
  /** Null: every TDA context is unavailable. */
  readonly tda?: TdaContextSource | null
  /** Where what agents publish goes, and what they may ask. Default none: it goes to the triggers alone. */
  readonly mesh?: MeshPort | null
  /** Told what executions have in their state, after it is recorded. Default none. */
  readonly mirrors?: readonly StateMirror[]
  /** By which agents recall what they remember; null or absent: they cannot. */
  readonly embedder?: Embedder | null
  /** True: verbs are recorded and nothing is driven by them, since somebody else will. Default false. */
  readonly isRecordingOnly?: boolean
  /** Default those of `core/limits.ts`. */
  readonly limits?: Partial<AdmissionLimits>
  /** Why the process should take nothing more on; null when all is well. Default: it always may. */
  readonly pressure?: Pressure
  /** Budgets of tenants by name (`metadata.tenant` of a document); `*` for every other tenant. Default none. */
  readonly tenants?: { readonly [tenant: string]: BudgetLimit }
  /** What is kept of ended executions; null keeps everything. Default null. */
  readonly retention?: RetentionOptions | null
  /** Events after which a first snapshot is taken. Default 500. */
  readonly snapshotEventsMin?: number
  /** Told what happens; `subscribe` adds to it. */
  readonly listeners: Set<EngineListener>
  /** Shared with other engines of the process to save work; default own ones. */
  readonly definitions?: Definitions
  /** Called last by `close`. */
  readonly release: () => Promise<void>
}

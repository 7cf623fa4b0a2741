import type { MeshPort } from '../src/core/contracts/mesh.ts'
import type { TdaContextSource } from '../src/core/contracts/tda.ts'
import { silentTelemetry } from '../src/core/contracts/telemetry.ts'
import { silentLogger } from '../src/core/logger.ts'
import type { Random } from '../src/core/random.ts'
import type { Definitions } from '../src/engine/definitions.ts'
import { EmbeddedEngine } from '../src/engine/embedded-engine.ts'
import type { EmbeddedEngineParts } from '../src/engine/engine-parts.ts'
import type { Journal, SnapshotRow } from '../src/engine/journal/journal.ts'
import type { FakeTime, LifeClock } from '../src/testing/fake-clock.ts'
import {
  type AppendFate,
  type Disk,
  journalOver,
  ProcessJournal,
} from '../src/testing/simulation/disk.ts'
import { EventDrivenSemanticOrchestrator, OrchestratorAgent } from '../src/semantic/index.ts'
import { simulatedPolicies } from './policies.ts'
import { tenants } from './spending.ts'
import type { AgentWorld } from './agent-world.ts'
import { SimulatedAgents } from './agents.ts'

export interface ProcessParts extends Pick<
  EmbeddedEngineParts,
  'limits' | 'retention' | 'snapshotEventsMin'
> {
  readonly time: FakeTime
  readonly disk: Disk
  readonly random: Random
  readonly definitions: Definitions
  readonly tda: (isDead: () => boolean) => TdaContextSource
  readonly mesh: (isDead: () => boolean) => MeshPort
  readonly fate: () => AppendFate
  readonly crash: (process: Process, point: 'beforeCommit' | 'afterCommit') => void
  /** What the disk gives instead of a snapshot. */
  readonly damage: (snapshot: SnapshotRow | undefined) => SnapshotRow | undefined
  readonly agentWorld: (process: Process) => Omit<AgentWorld, 'clock' | 'random' | 'underWay'>
}

/** Agents that a semantic event may be given to. */
const chosen = ['lead', 'writer', 'reader', 'payer', 'clerk'].map((id) => ({ id, actions: ['do'] }))

/** One life of the engine's process. */
export class Process {
  readonly clock: LifeClock
  readonly journal: ProcessJournal
  readonly engine: EmbeddedEngine
  readonly agents: SimulatedAgents
  isDead = false
  readonly #underWay: AgentWorld['underWay'] = new Set()
  readonly #random: Random
  readonly #disk: Disk
  readonly #tda: TdaContextSource
  #orchestrator: EventDrivenSemanticOrchestrator | null = null

  constructor(parts: ProcessParts) {
    const { limits, retention, snapshotEventsMin } = parts
    this.#random = parts.random
    this.clock = parts.time.newLife()
    this.journal = new ProcessJournal(parts.disk, {
      fate: parts.fate,
      crash: (point) => parts.crash(this, point === 'crashBefore' ? 'beforeCommit' : 'afterCommit'),
    })
    const { clock } = this
    const { random } = parts
    const agentWorld = { ...parts.agentWorld(this), underWay: this.#underWay, clock, random }
    this.#disk = parts.disk
    this.#tda = parts.tda(() => this.isDead)
    this.agents = new SimulatedAgents(agentWorld, {
      caller: { call: (call) => this.engine.directCalls.call(call) },
      orchestrator: () => this.orchestrator,
    })
    const { journal } = this.journal
    const damaged: Partial<Journal> = {
      snapshot: (execution) => parts.damage(journal.snapshot(execution)),
    }
    this.engine = new EmbeddedEngine({
      journal: journalOver(() => journal, damaged),
      agents: this.agents,
      clock: this.clock,
      random: parts.random,
      logger: silentLogger,
      telemetry: silentTelemetry,
      flags: null,
      policies: simulatedPolicies,
      tda: this.#tda,
      tenants: {
        acme: { calls: null, tokens: tenants.acme, costUsd: null, per: 'total' },
      },
      mesh: parts.mesh(() => this.isDead),
      listeners: new Set(),
      definitions: parts.definitions,
      ...(limits === undefined ? {} : { limits }),
      ...(retention === undefined ? {} : { retention }),
      ...(snapshotEventsMin === undefined ? {} : { snapshotEventsMin }),
      release: () => Promise.resolve(),
    })
  }

  /** Made when the first semantic event comes, or an execution goes on that one has begun. */
  get orchestrator(): EventDrivenSemanticOrchestrator {
    return (this.#orchestrator ??= this.#newOrchestrator())
  }

  #newOrchestrator(): EventDrivenSemanticOrchestrator {
    const agent = new OrchestratorAgent()
    this.agents.products.add(agent.type, agent)
    return new EventDrivenSemanticOrchestrator({
      engine: this.engine,
      agent,
      agents: () => chosen,
      findExecutions: ({ workflow }) =>
        this.#disk.store
          .open()
          .flatMap((row) => (row.workflow === workflow ? [row.executionId] : [])),
      tda: this.#tda,
      clock: this.clock,
      action: 'do',
      voteField: 'choice',
    })
  }

  /** kill -9: nothing of this process happens any more. */
  die(): void {
    this.isDead = true
    this.clock.die()
    this.journal.isDead = true
    this.stop()
  }

  /** What it has asked of the world happens now or never. */
  stop(): void {
    for (const decide of Array.from(this.#underWay)) decide(this.#random() < 0.5)
  }
}

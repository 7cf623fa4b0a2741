import { silentTelemetry } from '../src/core/contracts/telemetry.ts'
import { silentLogger } from '../src/core/logger.ts'
import type { Random } from '../src/core/random.ts'
import type { Definitions } from '../src/engine/definitions.ts'
import { EmbeddedEngine } from '../src/engine/embedded-engine.ts'
import { simulatedAgents, type AgentWorld } from './agents.ts'
import { type AppendFate, type Disk, ProcessJournal } from './disk.ts'
import { ProcessClock, type VirtualTime } from './virtual-clock.ts'

export interface ProcessParts {
  readonly time: VirtualTime
  readonly disk: Disk
  readonly random: Random
  readonly definitions: Definitions
  readonly fate: () => AppendFate
  readonly crash: (process: Process, point: 'beforeCommit' | 'afterCommit') => void
  readonly agentWorld: (process: Process) => Omit<AgentWorld, 'clock' | 'random' | 'underWay'>
}

/** One life of the engine's process. */
export class Process {
  readonly clock: ProcessClock
  readonly journal: ProcessJournal
  readonly engine: EmbeddedEngine
  isDead = false
  readonly #underWay: AgentWorld['underWay'] = new Set()
  readonly #random: Random

  constructor(parts: ProcessParts) {
    this.#random = parts.random
    this.clock = new ProcessClock(parts.time)
    this.journal = new ProcessJournal(parts.disk, {
      fate: parts.fate,
      crash: (point) => parts.crash(this, point === 'crashBefore' ? 'beforeCommit' : 'afterCommit'),
    })
    this.engine = new EmbeddedEngine({
      journal: this.journal,
      agents: simulatedAgents({
        ...parts.agentWorld(this),
        underWay: this.#underWay,
        clock: this.clock,
        random: parts.random,
      }),
      clock: this.clock,
      random: parts.random,
      logger: silentLogger,
      telemetry: silentTelemetry,
      flags: null,
      listeners: new Set(),
      definitions: parts.definitions,
      release: () => Promise.resolve(),
    })
  }

  /** kill -9: nothing of this process happens any more. */
  die(): void {
    this.isDead = true
    this.clock.isDead = true
    this.journal.isDead = true
    this.stop()
  }

  /** What it has asked of the world happens now or never. */
  stop(): void {
    for (const decide of Array.from(this.#underWay)) decide(this.#random() < 0.5)
  }
}

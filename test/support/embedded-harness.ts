import { rmSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AgentRegistry, type BaseAgent } from '../../src/agents/index.ts'
import type { NestedCall } from '../../src/core/contracts/nested-call.ts'
import { silentLogger } from '../../src/core/logger.ts'
import { seededRandom } from '../../src/core/random.ts'
import {
  type EmbeddedEngine,
  type Journal,
  MemoryJournal,
  SqliteJournal,
} from '../../src/engine/index.ts'
import { Database } from '../../src/storage/index.ts'
import type {
  EngineHarness,
  HarnessOptions,
  RestartOptions,
} from '../../src/testing/engine-stage.ts'
import { FakeTime, type LifeClock } from '../../src/testing/fake-clock.ts'
import { journalOver } from '../../src/testing/simulation/disk.ts'
import { testEngine } from '../../src/testing/test-engine.ts'

/** A place where what was recorded outlives a process. */
export interface Store {
  /** What a process reads and writes; called once for each life. */
  open(): Journal
  /** The process was killed. */
  lose(): void
  remove(): void
}

/** In memory: the journal object itself is what outlives the process. */
export function memoryStore(): Store {
  let journal = new MemoryJournal()
  return {
    // A process that is killed does not close what it leaves.
    open: () => journalOver(() => journal, { close: () => Promise.resolve() }),
    lose() {},
    remove() {
      journal = new MemoryJournal()
    },
  }
}

/** One SQLite file in a folder of its own. */
export async function fileStore(): Promise<Store & { readonly path: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'engine-'))
  const path = join(folder, 'aura.db')
  let database: Database | null = null
  const lose = (): void => {
    database?.close()
    database = null
  }
  return {
    path,
    open() {
      database = Database.open({ path, durability: 'normal' })
      return new SqliteJournal(database)
    },
    lose,
    remove() {
      lose()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** An embedded engine over a store, in fake time. */
export class EmbeddedHarness implements EngineHarness {
  readonly time = new FakeTime()
  readonly #random = seededRandom(7)
  readonly #store: Store
  readonly #options: HarnessOptions
  #life: Life | null = null

  constructor(store: Store, options: HarnessOptions) {
    this.#store = store
    this.#options = options
  }

  get engine(): EmbeddedEngine {
    return this.#alive.engine
  }

  nowMs(): number {
    return this.time.wallMs
  }

  advance(ms: number): Promise<void> {
    return this.time.advance(ms)
  }

  async start(agents: () => readonly BaseAgent[] = this.#options.agents): Promise<void> {
    const clock = this.time.newLife()
    let engine: EmbeddedEngine
    const caller = { call: (call: NestedCall) => engine.directCalls.call(call) }
    const registry = new AgentRegistry({ clock, logger: silentLogger, caller })
    for (const agent of agents()) registry.register(agent)
    const started = registry.start()
    await this.time.advance(0)
    await started
    engine = testEngine({
      journal: this.#store.open(),
      agents: registry,
      clock,
      random: this.#random,
      flags: this.#options.flags ?? null,
      tda: this.#options.tda ?? null,
      policies: this.#options.policies ?? null,
      mesh: this.#options.mesh ?? null,
    })
    this.#life = { clock, registry, engine }
  }

  async restart(options: RestartOptions = {}): Promise<void> {
    this.#alive.clock.die()
    this.#store.lose()
    this.time.pass(options.downMs ?? 0)
    await this.start(options.agents)
    if (options.isRecovering !== false) this.engine.recoverAll()
    await this.advance(0)
  }

  held(): Readonly<Record<string, number>> {
    const { engine, registry } = this.#alive
    const places = { held: 0, waiting: 0 }
    for (const { agentId } of registry.list()) {
      const pool = registry.resolve(agentId)?.pool
      places.held += pool?.held ?? 0
      places.waiting += pool?.waiting ?? 0
    }
    return { ...engine.held, ...places }
  }

  async close(): Promise<void> {
    this.#life?.clock.die()
    this.#store.remove()
    await Promise.resolve()
  }

  get #alive(): Life {
    if (this.#life === null) throw new Error('the process was not started')
    return this.#life
  }
}

interface Life {
  readonly clock: LifeClock
  readonly registry: AgentRegistry
  readonly engine: EmbeddedEngine
}

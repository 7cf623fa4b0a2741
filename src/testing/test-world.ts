import { AgentRegistry, type BaseAgent } from '../agents/index.ts'
import type { FlagProvider } from '../core/contracts/flags.ts'
import type { TdaContextSource } from '../core/contracts/tda.ts'
import { OrchestrationError } from '../core/errors.ts'
import { silentLogger } from '../core/logger.ts'
import type { Random } from '../core/random.ts'
import type { EmbeddedEngine } from '../engine/index.ts'
import { makeAgents, type TestAgents } from './agent-script.ts'
import { Chronicle, type Plans } from './chronicle.ts'
import { faultless } from './delivery.ts'
import { FakeTime, type LifeClock } from './fake-clock.ts'
import { LiveAgents, type LifeParts, type TestCall } from './live-agents.ts'
import { OpenCalls } from './open-calls.ts'
import { type AppendFate, type Batch, Disk, ProcessJournal } from './simulation/disk.ts'
import { testEngine } from './test-engine.ts'
import type { ScriptedTda } from './scripted-tda.ts'

export interface TestWorldOptions {
  readonly agents: TestAgents
  readonly random: Random
  /** Null: every flag is on. */
  readonly flags: FlagProvider | null
  /** Null: no feed answers. */
  readonly tda: TdaContextSource | ScriptedTda | null
  readonly plans: Plans
  /** Real time that an agent's function may take before virtual time passes. Default 2 s. */
  readonly patienceMs?: number
  /** What an append meets. Default: it commits. */
  readonly fate?: (batch: Batch) => AppendFate
  /** As `LifeParts`. */
  readonly plan?: LifeParts['plan']
  readonly running?: LifeParts['running']
  /** The process was killed by its disk or inside a call, and is not there any more. */
  readonly crashed?: (where: string) => void
}

/**
 * A process with the real engine in virtual time, over a disk and agents that outlive it. It dies by `kill`
 * and lives again by `start`.
 */
export class TestWorld {
  readonly time = new FakeTime()
  readonly disk = new Disk()
  readonly chronicle: Chronicle
  readonly calls: TestCall[] = []
  /** Of the world: it outlives every process. */
  readonly clock = this.time.newLife()
  readonly #open: OpenCalls
  readonly #options: TestWorldOptions
  readonly #startMs = this.time.monotonicMs
  #agents: readonly BaseAgent[] = []
  #life: Life | null = null

  constructor(options: TestWorldOptions) {
    this.#options = options
    this.#open = new OpenCalls(options.patienceMs)
    this.chronicle = new Chronicle(this.disk, this.time, options.plans)
  }

  get engine(): EmbeddedEngine {
    if (this.#life === null)
      throw new OrchestrationError('RefusedError', 'the process of the test is dead')
    return this.#life.engine
  }

  get isAlive(): boolean {
    return this.#life !== null
  }

  /** The agents are made and started, and the first process lives. @throws AgentModuleError */
  async open(): Promise<void> {
    const { agents, tda } = this.#options
    const registry = new AgentRegistry({ clock: this.clock, logger: silentLogger })
    this.#agents = makeAgents(agents, { clock: this.clock, park: this.#open.park })
    for (const agent of this.#agents) registry.register(agent)
    await registry.start()
    if (tda !== null && 'begin' in tda) tda.begin(this.clock)
    this.start()
  }

  /** Whether an agent of that id or type has the action. */
  knows(agent: string, action: string): boolean {
    return this.#agents.some(
      ({ id, type, actions }) => (id === agent || type === agent) && actions.includes(action),
    )
  }

  /** A new process takes the disk over; it takes up nothing by itself. */
  start(): void {
    const clock = this.time.newLife()
    const { random, flags, tda, fate } = this.#options
    const journal = new ProcessJournal(this.disk, {
      ...(fate === undefined ? {} : { fate }),
      crash: (point) => this.crash(point === 'crashBefore' ? 'before a commit' : 'after a commit'),
    })
    const agents = new LiveAgents(this.#agents, {
      clock,
      calls: this.calls,
      open: this.#open,
      startMs: this.#startMs,
      plan: this.#options.plan ?? (() => faultless),
      running: this.#options.running ?? (() => () => {}),
      crash: () => this.crash('inside a call'),
    })
    const engine = testEngine({ journal: journal.journal, agents, clock, random, flags, tda })
    this.#life = { clock, journal, agents, engine }
  }

  /** kill -9. Without effect on a dead process. */
  kill(): void {
    const life = this.#life
    if (life === null) return
    this.#life = null
    life.clock.die()
    life.journal.isDead = true
    life.agents.die()
  }

  /** kill -9 that the options' `crashed` hears of. Without effect on a dead process. */
  crash(where = 'between two turns'): void {
    if (!this.isAlive) return
    this.kill()
    this.#options.crashed?.(where)
  }

  /** Lets everything happen that needs no virtual time, also what agents do in real time. */
  async settle(): Promise<void> {
    const settle = (): Promise<void> => this.time.settle()
    await settle()
    await this.#open.rest(settle)
  }

  /** A verb's answer, once the present turn is over. @throws Error when there is none by then */
  async answer<T>(asked: Promise<T>): Promise<T> {
    let isAnswered = false
    const note = (): void => {
      isAnswered = true
    }
    asked.then(note, note)
    await this.settle()
    if (!isAnswered) throw new Error('the engine has not answered')
    return asked
  }

  /** Ends the agents' lives. */
  async close(): Promise<void> {
    this.kill()
    await Promise.all(this.#agents.map((agent) => agent.close()))
  }
}

interface Life {
  readonly clock: LifeClock
  readonly journal: ProcessJournal
  readonly agents: LiveAgents
  readonly engine: EmbeddedEngine
}

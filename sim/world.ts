import { messageOf } from '../src/core/errors.ts'
import { type Random, seededRandom } from '../src/core/random.ts'
import { Definitions } from '../src/engine/definitions.ts'
import type { RunView } from '../src/engine/workflow-engine.ts'
import type { WorkflowDocument } from '../src/workflow/document/document.ts'
import type { AgentWorld } from './agents.ts'
import { checkWorld } from './check-world.ts'
import type { Coverage } from './coverage.ts'
import { type AppendFate, Disk } from './disk.ts'
import { simulationDocuments } from './documents.ts'
import { operate } from './operator.ts'
import { Outside } from './outside.ts'
import { Process } from './process.ts'
import { VirtualTime } from './virtual-clock.ts'

const documents = simulationDocuments()
const definitions = new Definitions()
/** Executions of one seed. */
const executionsPerSeed = 24
const crashesMin = 3
const chaosMs = 1_500
/** Virtual time after which a seed counts as stuck; cancelled executions wait 30 s for what hangs. */
const stuckMs = 45_000

export interface Accepted {
  readonly document: WorkflowDocument
  /** The start was acknowledged as durable. */
  isAcknowledged: boolean
  /** What a caller was told, if it was told. */
  view: RunView | null
  /** A power cut took some of it although it was acknowledged: no promise was made for that. */
  isExempt: boolean
}

/** Everything of one seed. */
export class World {
  readonly seed: number
  readonly random: Random
  readonly coverage: Coverage
  readonly time = new VirtualTime()
  readonly disk = new Disk()
  readonly outside = new Outside()
  readonly accepted = new Map<string, Accepted>()
  readonly failures: string[] = []
  process: Process
  zombies: Process[] = []
  crashes = 0
  /** No faults any more: everything must come to its end. */
  isQuiet = false
  #isPoisonous = false
  #fullUntilMs = -1
  #calmUntilMs = 0
  #fate: AppendFate = 'commit'

  constructor(seed: number, coverage: Coverage) {
    this.seed = seed
    this.coverage = coverage
    this.random = seededRandom(seed * 2_654_435_761)
    this.#isPoisonous = this.random() < 0.3
    this.process = this.#newProcess()
  }

  /** Runs the seed and returns the properties that did not hold. */
  async run(): Promise<readonly string[]> {
    for (let number = 0; number < executionsPerSeed; number++) {
      this.time.at(this.#soon(chaosMs * 0.7), () => this.#start(`x${number}`))
    }
    for (let count = 0; count < 3 + Math.floor(this.random() * 2); count++) this.#planCrash()
    for (let count = 0; count < 16; count++) this.time.at(this.#soon(chaosMs), () => operate(this))
    if (this.random() < 0.3) this.#planFullDisk()
    if (this.random() < 0.5) this.time.at(this.#soon(chaosMs), () => this.#jump())
    this.time.at(chaosMs, () => this.#calmDown())
    try {
      await this.#turn()
      checkWorld(this, definitions)
    } catch (thrown) {
      this.#broke(thrown)
    }
    return this.failures
  }

  fail(property: string): void {
    if (!this.failures.includes(property)) this.failures.push(property)
  }

  #broke(thrown: unknown): void {
    this.fail(`nothingThrows (${messageOf(thrown)})`)
  }

  pick<T>(items: readonly T[]): T | undefined {
    return items[Math.floor(this.random() * items.length)]
  }

  async #turn(): Promise<void> {
    while (this.time.nowMs < stuckMs) {
      await settled()
      let hasEnded = this.process.clock.endTurn()
      for (const zombie of this.zombies) hasEnded = zombie.clock.endTurn() || hasEnded
      if (hasEnded) continue
      if (this.isQuiet && this.#isOver()) return
      if (!this.time.step()) return
    }
    this.fail('everythingEnds')
  }

  #isOver(): boolean {
    if (this.crashes < crashesMin || this.time.nowMs < this.#calmUntilMs) return false
    for (const [executionId, { isExempt }] of this.accepted) {
      if (!isExempt && this.disk.store.find(executionId)?.endedAtMs == null) return false
    }
    return true
  }

  #start(executionId: string): void {
    const document = this.pick(documents) as WorkflowDocument
    const accepted: Accepted = { document, isAcknowledged: false, view: null, isExempt: false }
    this.accepted.set(executionId, accepted)
    this.submit(executionId)
    if (this.random() < 0.1) {
      this.coverage.count('faults', 'duplicateStart')
      this.submit(executionId)
    }
  }

  /** Somebody asks for the execution, as clients do again when they heard nothing. */
  submit(executionId: string): void {
    const accepted = this.accepted.get(executionId) as Accepted
    const { engine } = this.process
    const options = { executionId, input: { number: executionId.length } }
    const store = this.disk
    engine.startDocument(accepted.document, options).then(
      () => {
        accepted.isAcknowledged = true
        if (store.store.find(executionId) === undefined) this.fail('acceptedIsDurable')
      },
      () => {}, // refused: the client will ask again
    )
    engine.executeDocument(accepted.document, options).then(
      (view) => {
        accepted.view = view
        const row = store.store.find(executionId)
        if (row?.endedAtMs == null) this.fail('toldOnlyWhatIsDurable')
      },
      () => {},
    )
  }

  #planCrash(): void {
    this.time.at(this.#soon(chaosMs), () => {
      const roll = this.random()
      if (roll < 0.35) this.#fate = 'crashBefore'
      else if (roll < 0.7) this.#fate = 'crashAfter'
      else if (roll < 0.85) this.crash(this.process, 'betweenTurns')
      else this.#takeOver()
    })
  }

  /** The process dies; a moment later another one takes over. */
  crash(process: Process, point: string): void {
    if (process.isDead) return
    process.die()
    if (process !== this.process) return
    this.crashes++
    this.coverage.count('faults', 'crash')
    this.coverage.count('crashes', point)
    const losesNewest = point === 'betweenTurns' && !this.isQuiet && this.random() < 0.2
    this.time.at(this.time.nowMs + 10, () => {
      this.#restart(losesNewest).catch((thrown: unknown) => this.#broke(thrown))
    })
  }

  /** Crashes the process, or the next one when this one has just died. */
  #crashSurely(): void {
    if (!this.process.isDead) return this.crash(this.process, 'betweenTurns')
    this.time.at(this.time.nowMs + 15, () => this.#crashSurely())
  }

  /** The process is stopped while another takes its file, and wakes up later without knowing. */
  #takeOver(): void {
    if (this.process.isDead) return
    this.coverage.count('faults', 'zombie')
    this.zombies.push(this.process)
    this.process.stop()
    this.process = this.#newProcess()
    this.process.engine.recoverAll()
  }

  async #restart(losesNewest: boolean): Promise<void> {
    if (losesNewest) {
      this.coverage.count('faults', 'loseNewestCommit')
      for (const executionId of await this.disk.loseNewest()) {
        const accepted = this.accepted.get(executionId)
        if (accepted !== undefined) accepted.isExempt = true
      }
    }
    this.process = this.#newProcess()
    this.process.engine.recoverAll()
  }

  #calmDown(): void {
    this.isQuiet = true
    this.#fate = 'commit'
    for (const zombie of this.zombies) zombie.die()
    // The last crashes come when nothing else goes wrong, so that what is open then is recovered at least once.
    const missing = Math.max(this.random() < 0.5 ? 1 : 0, crashesMin - this.crashes)
    this.#calmUntilMs = this.time.nowMs + 70 * missing
    for (let count = 0; count < missing; count++) {
      this.time.at(this.time.nowMs + 70 * count, () => this.#crashSurely())
    }
    const settle = (): void => {
      operate(this)
      this.time.at(this.time.nowMs + 200, settle)
    }
    this.time.at(this.time.nowMs + 50, settle)
  }

  #planFullDisk(): void {
    this.time.at(this.#soon(chaosMs), () => {
      this.coverage.count('faults', 'diskFull')
      this.#fullUntilMs = this.time.nowMs + 400
    })
  }

  #jump(): void {
    this.coverage.count('faults', 'clockJump')
    this.time.wallOffsetMs += (this.random() - 0.5) * 10_000
    this.time.wallOffsetMs = Math.round(this.time.wallOffsetMs)
  }

  #soon(withinMs: number): number {
    return this.time.nowMs + 10 * Math.floor((this.random() * withinMs) / 10)
  }

  #newProcess(): Process {
    return new Process({
      time: this.time,
      disk: this.disk,
      random: this.random,
      definitions,
      fate: () => {
        if (this.time.nowMs < this.#fullUntilMs && !this.isQuiet) return 'full'
        const fate = this.#fate
        this.#fate = 'commit'
        return fate
      },
      crash: (process, point) => this.crash(process, point),
      agentWorld: (process): Omit<AgentWorld, 'clock' | 'random' | 'underWay'> => ({
        outside: this.outside,
        isQuiet: () => this.isQuiet,
        saw: (fault) => this.coverage.count('faults', fault),
        isPoisonous: this.#isPoisonous,
        poison: () => this.crash(process, 'insideCall'),
        arrived: (call) => {
          if (process !== this.process) return
          const row = this.disk.store.find(call.executionId)
          if (row === undefined) this.fail('recordedBeforeCalled')
        },
      }),
    })
  }
}

/** Lets every resolved promise run: the next tick comes when none is left. */
function settled(): Promise<void> {
  return new Promise((resolve) => process.nextTick(resolve))
}

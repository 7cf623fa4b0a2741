import type { AgentCall } from '../src/agents/index.ts'
import { messageOf } from '../src/core/errors.ts'
import { type Random, seededRandom } from '../src/core/random.ts'
import { Definitions } from '../src/engine/definitions.ts'
import type { SnapshotRow } from '../src/engine/journal/journal.ts'
import type { WorkflowDocument } from '../src/workflow/document/document.ts'
import { FakeTime } from '../src/testing/fake-clock.ts'
import { type AppendFate, Disk } from '../src/testing/simulation/disk.ts'
import { Outside } from '../src/testing/simulation/outside.ts'
import type { AgentWorld } from './agent-world.ts'
import { lookAfter } from './caretaker.ts'
import { isToldItsAnswers } from './check-conversation.ts'
import { checkWorld } from './check-world.ts'
import { Clients } from './clients.ts'
import type { Coverage } from './coverage.ts'
import { registeredDocuments, simulationDocuments } from './documents.ts'
import { LoneCalls } from './lone-calls.ts'
import { planMishaps } from './mishaps.ts'
import { operate, operateLate } from './operator.ts'
import { Process } from './process.ts'
import { type ExecutionRecord, Records } from './records.ts'
import { SemanticClients } from './semantic-clients.ts'
import { Spending } from './spending.ts'
import { accountsOf } from './spending-accounts.ts'
import { SimMesh } from './sim-mesh.ts'
import { TdaFeed } from './tda-feed.ts'

const documents = simulationDocuments()
const definitions = new Definitions()
const registered = registeredDocuments().map((document) => definitions.ofDocument(document))
/** Executions of one seed that clients ask for at first; sub-workflows, forks and events add more. */
const askedMin = 8
/** Executions and events of one seed: what is missing at the end is asked for then. */
const executionsMin = 20
const eventsMin = 300
const crashesMin = 3
const chaosMs = 1_500
/** Virtual time after which a seed counts as stuck; cancelled executions wait 30 s for what hangs. */
const stuckMs = 240_000
const lookAfterMsMax = 5_000

/** Everything of one seed. */
export class World {
  readonly random: Random
  readonly coverage: Coverage
  readonly time = new FakeTime(1_700_000_000_000, 0)
  /** Of the world: it outlives every process. */
  readonly #clock = this.time.newLife()
  readonly disk = new Disk()
  readonly outside = new Outside()
  readonly records: Records
  readonly clients = new Clients(this)
  readonly semanticClients = new SemanticClients(this)
  readonly tda = new TdaFeed()
  readonly mesh = new SimMesh({
    refuses: () => this.#meshRefuses(),
    fail: (property) => this.fail(property),
  })
  readonly #threads: AgentWorld['threads'] = new Map()
  readonly failures: string[] = []
  readonly spending = new Spending((property) => this.fail(property))
  process: Process
  /** The execution that somebody steered last. */
  steered: ExecutionRecord | undefined
  zombies: Process[] = []
  crashes = 0
  /** The disk is full until then. */
  fullUntilMs = -1
  /** No faults any more: everything must come to its end. */
  isQuiet = false
  readonly #isPoisonous: boolean
  readonly #limits: { readonly activeExecutionsMax: number } | undefined
  readonly #snapshotEventsMin: number
  readonly #isRetentive: boolean
  #calmUntilMs = 0
  #fate: AppendFate = 'commit'
  #number = 0
  #asked = 0

  constructor(seed: number, coverage: Coverage) {
    this.coverage = coverage
    this.random = seededRandom(seed * 2_654_435_761)
    this.#isPoisonous = this.random() < 0.3
    this.#limits = this.random() < 0.25 ? { activeExecutionsMax: 8 } : undefined
    this.#snapshotEventsMin = this.random() < 0.4 ? 20 : 80
    this.#isRetentive = this.random() < 0.3
    this.records = new Records({
      disk: this.disk,
      definitions,
      fail: (property) => this.fail(property),
      saw: (feature) => this.coverage.count('features', feature),
      onEvent: (event) => {
        this.coverage.count('events', event.kind)
        this.mesh.committed(event)
      },
    })
    this.process = this.#newProcess()
  }

  /** Runs the seed and returns the properties that did not hold. */
  async run(): Promise<readonly string[]> {
    await this.#register()
    for (let count = 0; count < askedMin; count++) this.#ask(this.#soon(chaosMs * 0.7))
    for (let count = 0; count < 3 + Math.floor(this.random() * 2); count++) this.#planCrash()
    for (let count = 0; count < 26; count++) this.at(this.#soon(chaosMs), () => operate(this))
    planMishaps(this, () => this.#soon(chaosMs))
    this.at(chaosMs, () => this.#calmDown())
    try {
      await this.#turn()
      checkWorld(this)
    } catch (thrown) {
      this.#broke(thrown)
    }
    return this.failures
  }

  fail(property: string): void {
    if (!this.failures.includes(property)) this.failures.push(property)
  }

  saw(fault: string): void {
    this.coverage.count('faults', fault)
  }

  pick<T>(items: readonly T[]): T | undefined {
    return items[Math.floor(this.random() * items.length)]
  }

  nextNumber(): number {
    return ++this.#number
  }

  newId(): string {
    return `n${this.nextNumber()}`
  }

  record(executionId: string): ExecutionRecord | undefined {
    return this.records.byId.get(executionId)
  }

  /** Somebody has retention remove all but the newest that have ended. */
  prune(): void {
    const policy = {
      endedBeforeMs: 0,
      endedMax: 4,
      deadLetterEndedBeforeMs: this.random() < 0.5 ? Infinity : 0,
      limit: 10,
    }
    this.process.journal.journal.prune(policy).then(
      (count) => {
        if (count > 0) this.coverage.count('features', 'pruned')
      },
      () => {}, // the file has a newer owner
    )
  }

  /** At that time of the world, or at once when it is over. */
  at(atMs: number, happen: () => void): void {
    this.#clock.after(atMs - this.time.monotonicMs, happen)
  }

  #broke(thrown: unknown): void {
    this.fail(`nothingThrows (${messageOf(thrown)})`)
  }

  /** Documents are known from the beginning on: sub-workflows are found, and events start something. */
  #register(): Promise<void> {
    const batch = {
      documents: registered.map(({ hash, text }) => ({ hash, text })),
      starts: [],
      rows: [],
      statuses: [],
      workflows: registered.map(({ hash, document: { name, version } }) => ({
        name,
        version,
        documentHash: hash,
        atMs: 0,
      })),
    }
    this.disk.batches.push(batch)
    return this.disk.store.append(batch)
  }

  async #turn(): Promise<void> {
    while (this.time.monotonicMs < stuckMs) {
      await this.time.settle()
      if (this.isQuiet && this.#isOver()) return
      if (!this.time.step()) return
    }
    for (const { row } of this.records.open.slice(0, 2))
      this.fail(`everythingEnds (${row.executionId} ${row.workflow})`)
    this.fail('everythingEnds')
  }

  #ask(atMs: number): void {
    const document = this.pick(documents) as WorkflowDocument
    const executionId = `x${this.#asked++}`
    this.at(atMs, () => this.clients.ask(executionId, document))
  }

  #isOver(): boolean {
    if (this.crashes < crashesMin || this.time.monotonicMs < this.#calmUntilMs) return false
    if (!this.records.isOver || !this.clients.areServed) return false
    if (!this.semanticClients.areServed) return false
    if (this.disk.store.outbox(0, 1).length > 0) return false
    if (this.#isLargeEnough) return true
    for (let count = 0; count < 2; count++) this.#ask(this.time.monotonicMs)
    return false
  }

  get #isLargeEnough(): boolean {
    return this.records.byId.size >= executionsMin && this.records.events >= eventsMin
  }

  #meshRefuses(): boolean {
    if (this.isQuiet || this.random() >= 0.15) return false
    this.saw('meshRefuses')
    return true
  }

  #planCrash(): void {
    this.at(this.#soon(chaosMs), () => {
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
    if (process.engine.awaited.parked > 0) this.coverage.count('features', 'parked')
    process.die()
    if (process !== this.process) return
    this.crashes++
    this.saw('crash')
    this.coverage.count('crashes', point)
    // What was registered before anything ran stays.
    const mayLose = point === 'betweenTurns' && !this.isQuiet && this.disk.batches.length > 1
    const losesNewest = mayLose && this.random() < 0.2
    this.at(this.time.monotonicMs + 10, () => {
      this.#restart(losesNewest).catch((thrown: unknown) => this.#broke(thrown))
    })
  }

  /** Crashes the process, or the next one when this one has just died. */
  #crashSurely(): void {
    if (!this.process.isDead) return this.crash(this.process, 'betweenTurns')
    this.at(this.time.monotonicMs + 15, () => this.#crashSurely())
  }

  /** The process is stopped while another takes its file, and wakes up later without knowing. */
  #takeOver(): void {
    if (this.process.isDead) return
    this.saw('zombie')
    this.zombies.push(this.process)
    this.process.stop()
    this.process = this.#newProcess()
    this.process.engine.recoverAll()
  }

  async #restart(losesNewest: boolean): Promise<void> {
    if (losesNewest) {
      this.saw('loseNewestCommit')
      this.spending.isExempt = true
      this.records.lost(await this.disk.loseNewest())
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
    const nowMs = this.time.monotonicMs
    const lates = Math.floor(this.random() * 6)
    this.#calmUntilMs = nowMs + Math.max(70 * missing, 60 * lates)
    // What they call in turn is counted, too: the rest is asked for when these have ended.
    const asked = Math.ceil((executionsMin - this.records.byId.size) / 2)
    for (let count = 0; count < asked; count++) this.#ask(nowMs)
    for (let count = 0; count < missing; count++)
      this.at(nowMs + 70 * count, () => this.#crashSurely())
    for (let count = 0; count < lates; count++) this.at(nowMs + 60 * count, () => operateLate(this))
    const settle = (delayMs: number): void => {
      if (!this.process.isDead) lookAfter(this)
      const nextMs = Math.min(delayMs * 1.5, lookAfterMsMax)
      this.at(this.time.monotonicMs + nextMs, () => settle(nextMs))
    }
    this.at(nowMs + 50, () => settle(100))
  }

  #soon(withinMs: number): number {
    return this.time.monotonicMs + 10 * Math.floor((this.random() * withinMs) / 10)
  }

  #damaged(snapshot: SnapshotRow | undefined): SnapshotRow | undefined {
    if (snapshot === undefined) return undefined
    const roll = this.random()
    if (roll < 0.7) {
      this.coverage.count('features', 'snapshotLoaded')
      return snapshot
    }
    this.saw('snapshotDamaged')
    if (roll < 0.8) return undefined
    if (roll < 0.9) return { ...snapshot, kernelVersion: snapshot.kernelVersion + 1 }
    return { ...snapshot, payload: snapshot.payload.slice(0, snapshot.payload.length >> 1) }
  }

  #newProcess(): Process {
    return new Process({
      time: this.time,
      disk: this.disk,
      random: this.random,
      definitions,
      ...(this.#limits === undefined ? {} : { limits: this.#limits }),
      retention: this.#isRetentive ? { executionsMax: 5, deadLetterDays: 0 } : null,
      snapshotEventsMin: this.#snapshotEventsMin,
      tda: (isDead) => this.tda.sourceOf(isDead),
      mesh: (isDead) => this.mesh.port(isDead),
      damage: (snapshot) => this.#damaged(snapshot),
      fate: () => {
        if (this.time.monotonicMs < this.fullUntilMs && !this.isQuiet) return 'full'
        const fate = this.#fate
        this.#fate = 'commit'
        return fate
      },
      crash: (process, point) => this.crash(process, point),
      agentWorld: (process) => this.#agentWorld(process),
    })
  }

  #agentWorld(process: Process): Omit<AgentWorld, 'clock' | 'random' | 'underWay'> {
    const lone = new LoneCalls((property) => this.fail(property))
    return {
      outside: this.outside,
      isQuiet: () => this.isQuiet,
      saw: (fault) => this.saw(fault),
      isPoisonous: this.#isPoisonous,
      poison: () => this.crash(process, 'insideCall'),
      threads: this.#threads,
      spent: ({ executionId }, agent, use) =>
        this.spending.spend(accountsOf(this.records, executionId, agent), use),
      arrived: (call) => {
        if (process === this.process) this.#arrived(call)
        return (call.chain?.length ?? 1) > 1 ? () => {} : this.#beside(lone, call)
      },
    }
  }

  #beside(lone: LoneCalls, { executionId, idempotencyKey: key }: AgentCall): () => void {
    const record = this.record(executionId)
    const isAlone = record?.isExempt === false && record.model.steps.loneKeys.has(key)
    if (isAlone) this.coverage.count('features', 'ran alone')
    return lone.begin(key, isAlone)
  }

  /** A call is made: it is recorded, under its own key, and has not succeeded before. */
  #arrived(call: AgentCall): void {
    const { executionId, idempotencyKey: key } = call
    const record = this.record(executionId)
    if (record === undefined) return this.fail('recordedBeforeCalled')
    if (record.isExempt) return
    const { steps } = record.model
    if (!steps.isExpectedKey(key)) this.fail(`keyAsRecorded (${key})`)
    if (steps.succeededKeys.has(key)) this.fail(`successIsNotRepeated (${key})`)
    if (!isToldItsAnswers(this.records, call)) this.fail(`toldItsAnswers (${key})`)
  }
}

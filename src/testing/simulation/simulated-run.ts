import type { FlagProvider } from '../../core/contracts/flags.ts'
import type { TdaContextSource } from '../../core/contracts/tda.ts'
import { isOrchestrationError, messageOf, OrchestrationError } from '../../core/errors.ts'
import type { JsonObject, JsonValue } from '../../core/json.ts'
import { seededRandom } from '../../core/random.ts'
import type { LogEntry, RunView } from '../../engine/index.ts'
import type { WorkflowData, WorkflowDocument } from '../../workflow/index.ts'
import type { TestAgents } from '../agent-script.ts'
import type { Plans } from '../chronicle.ts'
import type { TestCall } from '../live-agents.ts'
import { TestWorld } from '../test-world.ts'
import { calledAgents } from '../tested-document.ts'
import { checkRun } from './check-run.ts'
import { FaultInjector, type FiredFault } from './fault-injector.ts'
import type { PlannedFault } from './fault-plan.ts'
import { Outside } from './outside.ts'

/** What every run of a simulation has in common. */
export interface SimulationParts {
  readonly document: WorkflowDocument
  readonly workflows: readonly WorkflowData[]
  readonly agents: TestAgents
  /** The input of the nth execution, counted from 0. */
  readonly input: (number: number) => JsonObject
  readonly executions: number
  /** What is sent to who waits for a signal; null is sent for other names. */
  readonly signals: Readonly<Record<string, JsonValue>>
  readonly flags: FlagProvider | null
  readonly tda: () => TdaContextSource | null
  readonly properties: Properties
  readonly plans: Plans
}

/** What must be true of each execution that has ended: false or a throw says that it is not. */
export type Properties = Readonly<
  Record<string, (outcome: SimulatedOutcome) => boolean | void | Promise<boolean | void>>
>

/** One execution of a simulation that has ended. */
export interface SimulatedOutcome {
  readonly executionId: string
  readonly input: JsonObject
  readonly run: RunView
  readonly log: readonly LogEntry[]
  readonly calls: readonly TestCall[]
}

/** A property that did not hold. */
export interface BrokenProperty {
  readonly property: string
  /** Null when it is not one execution's. */
  readonly executionId: string | null
  /** What was wrong, as far as known. */
  readonly detail: string
}

export interface SimulatedResult {
  readonly broken: readonly BrokenProperty[]
  readonly outcomes: readonly SimulatedOutcome[]
  readonly fired: readonly FiredFault[]
  /** Those of the planned faults that happened. */
  readonly happened: readonly PlannedFault[]
  readonly commits: number
  readonly calls: number
  readonly story: string
}

/** An execution that somebody asked for. */
export interface Asked {
  readonly input: JsonObject
  /** Its time has come. */
  isDue: boolean
  asks: number
  /** Its start was acknowledged as durable. */
  isAcknowledged: boolean
  /** What its caller was told at the end. */
  told: RunView | null
}

/** A year of sleep, which is armed anew each minute. */
const momentsMax = 550_000
/** How long a process is away after it was killed. */
const downMs = 10
/** Starts are asked for within this time. */
const startsWithinMs = 200
const askAgainMs = 250
const asksMax = 1_000
/** How often somebody helps one call; what needs more never ends. */
const helpMax = 50

/** One run: some executions of a document, the faults of a plan, and everything that must hold whatever happens. */
export class SimulatedRun {
  readonly world: TestWorld
  readonly outside = new Outside()
  readonly asked = new Map<string, Asked>()
  readonly parts: SimulationParts
  readonly broken: BrokenProperty[] = []
  readonly #injector: FaultInjector
  readonly #seed: number
  /** How often somebody has helped a call, by its key. */
  readonly #helped = new Map<string, number>()
  /** Why it cannot go on; null when it can. */
  #refusal: unknown = null

  constructor(parts: SimulationParts, seed: number, faults: readonly PlannedFault[]) {
    this.parts = parts
    this.#seed = seed
    this.#injector = new FaultInjector(faults, seed)
    this.world = new TestWorld({
      agents: parts.agents,
      random: seededRandom(seed),
      flags: parts.flags,
      tda: parts.tda(),
      plans: parts.plans,
      fate: this.#injector.fate,
      plan: this.#injector.plan,
      running: (call, { contract, action }) => {
        if (this.world.disk.store.find(call.executionId) === undefined)
          this.fail('recordedBeforeCalled', call.executionId, call.idempotencyKey)
        const record = this.outside.arrive({
          stepId: call.stepId,
          index: call.index,
          input: call.input,
          key: call.idempotencyKey,
          agent: `${contract.agentId}.${action}`,
          isOnce: contract.effect === 'once',
        })
        return (output) => this.outside.perform(record, output)
      },
      crashed: (where) => {
        this.world.chronicle.note(`the process was killed ${where}`)
        this.world.clock.after(downMs, () => this.#restart())
      },
    })
  }

  /** @throws UsageError for a document that cannot be simulated like this; InputError and such of a refused start */
  async run(): Promise<SimulatedResult> {
    const { world, parts } = this
    await world.open()
    this.#checkAgents()
    for (const workflow of parts.workflows)
      await world.answer(world.engine.registerWorkflow(workflow))
    this.#injector.world = world
    const random = seededRandom(this.#seed)
    for (let number = 0; number < parts.executions; number++) {
      const input = parts.input(number)
      const atMs = number === 0 ? 0 : 10 * Math.floor((random() * startsWithinMs) / 10)
      this.asked.set(`sim-${number}`, {
        input,
        isDue: false,
        asks: 0,
        isAcknowledged: false,
        told: null,
      })
      world.clock.after(atMs, () => this.#ask(`sim-${number}`))
    }
    const outcomes = await this.#outcomes()
    const { fired, happened, commits, calls } = this.#injector
    const { story } = world.chronicle
    await world.close()
    return { broken: this.broken, outcomes, fired, happened, commits, calls, story }
  }

  fail(property: string, executionId: string | null, detail = ''): void {
    const isKnown = this.broken.some(
      (known) => known.property === property && known.executionId === executionId,
    )
    if (!isKnown) this.broken.push({ property, executionId, detail })
  }

  get hasEnded(): boolean {
    return Array.from(this.asked.keys()).every((id) => this.world.chronicle.hasEnded(id))
  }

  /** Lets everything happen and checks it. What the engine throws where nothing may is a broken property. */
  async #outcomes(): Promise<readonly SimulatedOutcome[]> {
    try {
      await this.#goOn()
      return await checkRun(this)
    } catch (thrown) {
      if (thrown === this.#refusal) throw thrown
      this.fail('nothingThrows', null, messageOf(thrown))
      return []
    }
  }

  async #goOn(): Promise<void> {
    const { world } = this
    for (let moments = 0; moments < momentsMax; moments++) {
      await world.settle()
      if (this.#refusal !== null) throw this.#refusal
      if (this.hasEnded && world.isAlive) return
      if (this.#isStuck && this.#lookAfter()) continue
      if (!world.time.step()) return
    }
  }

  /** Only somebody from outside can bring it further. */
  get #isStuck(): boolean {
    const { isAlive, disk, chronicle } = this.world
    return isAlive && !disk.isRefusing && chronicle.isBlocked
  }

  /** Brings what only a person brings: signals, and the truth about calls of which nobody knows the outcome. */
  #lookAfter(): boolean {
    const { chronicle, engine } = this.world
    let hasHelped = false
    for (const executionId of chronicle.states.keys()) {
      for (const { label, key, status, signal } of chronicle.openCalls(executionId)) {
        const helped = this.#helped.get(key) ?? 0
        if (helped === helpMax) continue
        this.#helped.set(key, helped + 1)
        if (status === 'uncertain') {
          const record = this.outside.keys.get(key)
          const isDone = record !== undefined && record.effects > 0
          chronicle.note(`somebody looks: '${label}' ${isDone ? 'happened' : 'never happened'}`)
          const resolution = isDone
            ? { kind: 'succeed' as const, output: record.output }
            : { kind: 'retry' as const }
          this.#watch(engine.resolve(executionId, label, resolution))
        } else if (signal !== null && (status === 'waiting' || status === 'suspended')) {
          this.#watch(engine.signal(executionId, signal, this.parts.signals[signal] ?? null))
        } else continue
        hasHelped = true
      }
    }
    return hasHelped
  }

  /** What is refused although nothing is wrong with the world is the author's to know. */
  #watch(answer: Promise<unknown>): void {
    answer.catch((thrown: unknown) => {
      if (!isOrchestrationError(thrown) || thrown.code !== 'InputError') return
      this.#refusal = new OrchestrationError('UsageError', messageOf(thrown), {
        hint: 'give the data in `signals: { name: data }`',
        cause: thrown,
      })
    })
  }

  /** A client asks, and asks again as long as it has heard nothing. */
  #ask(executionId: string): void {
    const { world, parts } = this
    const asked = this.asked.get(executionId) as Asked
    asked.isDue = true
    if (++asked.asks > asksMax) return // nobody will ever accept it
    if (!world.isAlive) return // asked again when there is a process
    const { engine } = world
    const options = { executionId, input: asked.input }
    engine.startDocument(parts.document, options).then(
      () => {
        asked.isAcknowledged = true
        if (world.disk.store.find(executionId) === undefined)
          this.fail('acceptedIsDurable', executionId)
      },
      (thrown: unknown) => {
        if (isOrchestrationError(thrown) && isFinal(thrown)) this.#refusal = thrown
        else world.clock.after(askAgainMs, () => this.#ask(executionId))
      },
    )
    engine.executeDocument(parts.document, options).then(
      (told) => {
        asked.told = told
        if (world.disk.store.find(executionId)?.endedAtMs == null)
          this.fail('toldOnlyWhatIsDurable', executionId)
      },
      () => {}, // the start above has heard the same
    )
  }

  #restart(): void {
    const { world } = this
    world.chronicle.note('another process takes over')
    world.start()
    world.engine.recoverAll()
    for (const [executionId, { isDue }] of this.asked) if (isDue) this.#ask(executionId)
  }

  #checkAgents(): void {
    for (const { agent, action } of calledAgents(this.parts.document)) {
      if (this.world.knows(agent, action)) continue
      throw new OrchestrationError('UsageError', `no agent '${agent}' with action '${action}'`, {
        hint: 'give every agent of the workflow in `agents`, or leave `agents` out',
      })
    }
  }
}

function isFinal({ code }: OrchestrationError): boolean {
  return code === 'InputError' || code === 'FeatureDisabledError' || code === 'UsageError'
}

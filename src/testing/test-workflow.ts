import type { FlagProvider } from '../core/contracts/flags.ts'
import type { TdaContext, TdaContextSource } from '../core/contracts/tda.ts'
import { formatDuration, parseDuration } from '../core/duration.ts'
import { OrchestrationError } from '../core/errors.ts'
import { executionId as checkedId } from '../core/ids.ts'
import type { JsonObject, JsonValue } from '../core/json.ts'
import { seededRandom } from '../core/random.ts'
import type { LogEntry, RunView, ShowView, WorkflowEngine } from '../engine/index.ts'
import type { Resolution, WorkflowData } from '../workflow/index.ts'
import type { TestAgents } from './agent-script.ts'
import type { TestCall } from './live-agents.ts'
import { scriptedTda } from './scripted-tda.ts'
import { withStory } from './story.ts'
import { type TestedDocument, testedDocument } from './tested-document.ts'
import { TestWorld } from './test-world.ts'

export interface TestWorkflowOptions {
  /** Default none: a step whose agent is missing waits. */
  readonly agents?: TestAgents
  readonly input?: JsonObject
  /** Default `test`. */
  readonly executionId?: string
  /** Documents that sub-workflow steps may find. */
  readonly workflows?: readonly WorkflowData[]
  /** The TDA feed, or the one context that it always gives. Default: no feed answers. */
  readonly tda?: TdaContextSource | Partial<TdaContext>
  /** Flags that are on by name, or a provider. Default: every flag is on. */
  readonly flags?: FlagProvider | Readonly<Record<string, boolean>>
  /** Stops there: after so much virtual time (ms or `1h`), or when this is true. Default: as far as it goes by itself. */
  readonly until?: number | string | ((run: ShowView) => boolean)
  /** Real time that an agent's function may take before virtual time goes on without it. Default 2,000. */
  readonly patienceMs?: number
}

/** Steps of virtual time in one go; a workflow that needs more goes round in circles. */
const momentsMax = 1_000_000

/** One execution under test. After each verb time goes on by itself as far as it can; only `advance` says how far. */
export class WorkflowTest {
  readonly executionId: string
  readonly #world: TestWorld
  #view: ShowView

  /** Of `testWorkflow`. */
  constructor(world: TestWorld, view: ShowView) {
    this.#world = world
    this.#view = view
    this.executionId = view.executionId
  }

  /** The engine of the present life, for whatever this object has no method for; then `goOn`. */
  get engine(): WorkflowEngine {
    return this.#world.engine
  }

  /** The execution as `aura run` prints it, after the last verb. */
  get run(): RunView {
    const { executionId, workflow, version, status, output, error, degraded, steps } = this.#view
    const plain = Object.entries(steps).map(([id, step]) => [id, withoutItems(step)] as const)
    const own = Object.fromEntries(plain)
    return { executionId, workflow, version, status, output, error, degraded, steps: own }
  }

  get status(): string {
    return this.#view.status
  }

  /** The recorded events of the execution. */
  get log(): readonly LogEntry[] {
    return this.#world.chronicle.log(this.executionId)
  }

  /** Every delivery of a call to an agent, in order. */
  get calls(): readonly TestCall[] {
    return this.#world.calls
  }

  /** What happened, as text: one line an event, with virtual time. */
  get story(): string {
    return this.#world.chronicle.story
  }

  /** Virtual time that has passed since the beginning. */
  get elapsedMs(): number {
    return this.#world.chronicle.sinceMs
  }

  /** The execution as `aura show` prints it, at this moment. */
  async show(): Promise<ShowView> {
    return this.#told(() => this.#look())
  }

  /** Lets exactly so much time pass, ms or a text such as `5m`, whatever becomes due in it. */
  async advance(time: number | string): Promise<void> {
    await this.#told(() => this.#goOn({ forMs: milliseconds(time) }))
  }

  /** Lets time pass by itself again: to the end, or to where something must come from outside. */
  async goOn(): Promise<void> {
    await this.#told(() => this.#goOn({}))
  }

  /** Hands it a signal. @throws RefusedError when it has ended, InputError when a schema refuses the data */
  async signal(name: string, data: JsonValue = null): Promise<void> {
    await this.#verb(`signal '${name}'`, (engine) => engine.signal(this.executionId, name, data))
  }

  /** Starts are withheld from now on. False when it was paused already or has ended. */
  async pause(): Promise<boolean> {
    return this.#verb('pause', (engine) => engine.pauseWorkflow(this.executionId))
  }

  async resume(): Promise<boolean> {
    return this.#verb('resume', (engine) => engine.resumeWorkflow(this.executionId))
  }

  async cancel(): Promise<boolean> {
    return this.#verb('cancel', (engine) => engine.cancelWorkflow(this.executionId))
  }

  /** Says what became of a call that is `uncertain`: `{ kind: 'retry' | 'fail' }` or `{ kind: 'succeed', output }`. */
  async resolve(step: string, resolution: Resolution): Promise<void> {
    await this.#verb(`resolve '${step}'`, (engine) =>
      engine.resolve(this.executionId, step, resolution),
    )
  }

  /** kill -9 and a new process that takes everything up; `downMs` (ms or text, default 0) passes in between. */
  async crash(options: { readonly downMs?: number | string } = {}): Promise<void> {
    await this.#told(async () => {
      const world = this.#world
      world.kill()
      world.time.pass(milliseconds(options.downMs ?? 0))
      world.chronicle.note('the process was killed; another one takes over')
      world.start()
      world.engine.recoverAll()
      await this.#goOn({})
    })
  }

  /** Its output. @throws Error with the story unless it has completed */
  completed(): JsonValue {
    if (this.status === 'completed') return this.#view.output
    const { error } = this.#view
    const because = error === null ? '' : `: ${error.code}: ${error.message}`
    const message = `'${this.executionId}' has not completed, it is ${this.status}${because}`
    throw withStory(new Error(message), this.story)
  }

  /** Runs assertions; what they throw is thrown with the story in its message. */
  async check(assertions: () => unknown): Promise<void> {
    await this.#told(async () => {
      await assertions()
    })
  }

  /** Closes the agents. Only needed when they hold something. */
  close(): Promise<void> {
    return this.#world.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** Of `testWorkflow`. */
  async begin(until: TestWorkflowOptions['until']): Promise<void> {
    await this.#told(() =>
      typeof until === 'function'
        ? this.#goOn({ holds: until })
        : this.#goOn(until === undefined ? {} : { forMs: milliseconds(until) }),
    )
  }

  async #verb<T>(what: string, ask: (engine: WorkflowEngine) => Promise<T>): Promise<T> {
    return this.#told(async () => {
      this.#world.chronicle.note(what)
      const answer = await this.#world.answer(ask(this.#world.engine))
      await this.#goOn({})
      return answer
    })
  }

  #look(): Promise<ShowView> {
    return this.#world.answer(this.#world.engine.getExecution(this.executionId))
  }

  async #goOn(how: GoOn): Promise<void> {
    const { time, chronicle } = this.#world
    const untilMs = time.monotonicMs + (how.forMs ?? Infinity)
    for (let moments = 0; ; moments++) {
      await this.#world.settle()
      if (how.holds?.(await this.#look()) === true) break
      if (chronicle.hasEnded(this.executionId) && how.forMs === undefined) break
      if (how.forMs === undefined && this.#isAwaiting()) break
      if (time.nextDueMs > untilMs) {
        if (untilMs < Infinity) time.pass(untilMs - time.monotonicMs)
        break
      }
      if (moments === momentsMax) throw new Error(`it goes on after ${momentsMax} moments`)
      time.step()
    }
    this.#view = await this.#look()
  }

  /** Nothing goes on by itself, or time would run out for somebody who waits for a signal. */
  #isAwaiting(): boolean {
    const { time, chronicle } = this.#world
    if (chronicle.isBlocked || time.nextDueMs === Infinity) return true
    return time.wallMs + time.nextDueMs - time.monotonicMs >= chronicle.waitsUntilMs
  }

  async #told<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (thrown) {
      throw withStory(thrown, this.story)
    }
  }
}

interface GoOn {
  /** Exactly so far. Absent: as far as it goes by itself. */
  readonly forMs?: number
  readonly holds?: (run: ShowView) => boolean
}

/**
 * Runs a workflow on the real engine, in memory and in virtual time, and resolves when it has ended or waits
 * for something from outside: sleeps, retries and slow agents cost no real time. Time does not pass by itself
 * over the limit of a wait for a signal: `advance` lets it time out.
 *
 * @param body runs with the test; what it throws is thrown with the workflow's story, and the test is closed
 * @throws DocumentError, InputError, FeatureDisabledError, AgentModuleError
 * @example
 * import assert from 'node:assert/strict'
 * import { testWorkflow } from 'aura-orchestration/testing'
 *
 * const test = await testWorkflow(
 *   {
 *     name: 'order',
 *     version: '1.0.0',
 *     steps: {
 *       book: { agent: 'ledger', action: 'append', with: { amount: '${ input.amount }' } },
 *       rest: { needs: ['book'], sleep: '3d' },
 *       approve: { needs: ['rest'], waitFor: { signal: 'approval' } },
 *     },
 *   },
 *   {
 *     input: { amount: 5 },
 *     agents: { ledger: { append: (input: { amount: number }) => ({ balance: input.amount }) } },
 *   },
 * )
 * assert.equal(test.status, 'waiting')
 * await test.crash()
 * await test.signal('approval', { by: 'ann' })
 * assert.deepEqual(test.completed(), { approve: { by: 'ann' } })
 * assert.equal(test.calls.length, 1)
 */
export async function testWorkflow(
  doc: TestedDocument,
  options: TestWorkflowOptions = {},
  body?: (test: WorkflowTest) => unknown,
): Promise<WorkflowTest> {
  const document = testedDocument(doc)
  const world = new TestWorld({
    agents: options.agents ?? {},
    random: seededRandom(1),
    flags: flagsOf(options.flags),
    tda: tdaOf(options.tda),
    plans: new Map(),
    ...(options.patienceMs === undefined ? {} : { patienceMs: options.patienceMs }),
  })
  await world.open()
  const { engine } = world
  for (const workflow of options.workflows ?? [])
    await world.answer(engine.registerWorkflow(workflow))
  const executionId = checkedId(options.executionId ?? 'test')
  const { input = {} } = options
  await world.answer(engine.startDocument(document, { executionId, input }))
  const test = new WorkflowTest(world, await world.answer(engine.getExecution(executionId)))
  await test.begin(options.until)
  if (body === undefined) return test
  try {
    await test.check(() => body(test))
  } finally {
    await test.close()
  }
  return test
}

/** @throws UsageError for a text that is no duration */
function milliseconds(time: number | string): number {
  const ms = typeof time === 'number' ? time : parseDuration(time)
  if (ms !== undefined && ms >= 0) return ms
  throw new OrchestrationError('UsageError', `'${time}' is no duration`, {
    hint: `give milliseconds or a text such as ${formatDuration(300_000)}`,
  })
}

export function flagsOf(given: TestWorkflowOptions['flags']): FlagProvider | null {
  if (given === undefined) return null
  if (isProvider(given)) return given
  return { isOn: (flag) => given[flag] === true }
}

export function tdaOf(given: TestWorkflowOptions['tda']): TdaContextSource | null {
  if (given === undefined) return null
  if ('current' in given) return given
  return scriptedTda([{ atMs: 0, context: given }])
}

function withoutItems(step: ShowView['steps'][string]): RunView['steps'][string] {
  const { status, attempts, output, error, degraded, startedAtMs, endedAtMs } = step
  return { status, attempts, output, error, degraded, startedAtMs, endedAtMs }
}

function isProvider(
  given: FlagProvider | Readonly<Record<string, boolean>>,
): given is FlagProvider {
  return typeof given['isOn'] === 'function'
}

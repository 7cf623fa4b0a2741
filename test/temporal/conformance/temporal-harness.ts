import { fileURLToPath } from 'node:url'
import * as clientModule from '@temporalio/client'
import * as activity from '@temporalio/activity'
import * as workerModule from '@temporalio/worker'
import { AgentRegistry, type BaseAgent } from '../../../src/agents/index.ts'
import { systemClock } from '../../../src/core/clock.ts'
import { silentLogger } from '../../../src/core/logger.ts'
import { systemRandom } from '../../../src/core/random.ts'
import type { WorkflowEngine } from '../../../src/engine/index.ts'
import { activitiesOf } from '../../../src/integrations/temporal/activities.ts'
import { bundled } from '../../../src/integrations/temporal/bundle.ts'
import { NestedCalls } from '../../../src/integrations/temporal/nested-calls.ts'
import { RemoteExecutions } from '../../../src/integrations/temporal/remote-executions.ts'
import { Charges } from '../../../src/integrations/temporal/charges.ts'
import { slotActivities } from '../../../src/integrations/temporal/slot-keepers.ts'
import { ensureSearchAttributes } from '../../../src/integrations/temporal/search-attributes.ts'
import { TemporalEngine } from '../../../src/integrations/temporal/temporal-engine.ts'
import { MemoryBudgetStore } from '../../../src/state/index.ts'
import type {
  EngineHarness,
  HarnessOptions,
  RestartOptions,
} from '../../../src/testing/engine-stage.ts'
import { FakeTime, type LifeClock } from '../../../src/testing/fake-clock.ts'
import { Errands } from './errands.ts'
import { busyQuery, jumpSignal, nextDueQuery, ownId, serverId } from './messages.ts'
import { Shifts } from './shifts.ts'

const standingTime = fileURLToPath(new URL('./standing-time.ts', import.meta.url))

let bundle: Promise<workerModule.WorkflowBundleWithSourceMap> | null = null
let opened = 0

/** A heartbeat comes so much sooner than it would. */
const hurry = 20
const heartbeatTimeoutMs = 30_000
const heartbeatThrottleMs = 50
const lookAgainMs = 5

interface Life {
  readonly clock: LifeClock
  readonly registry: AgentRegistry
  readonly worker: workerModule.Worker
  readonly stopped: Promise<void>
  readonly closing: AbortController
}

/** What all harnesses of a test file share: connections to a real server. */
export interface Connections {
  readonly client: clientModule.Connection
  readonly worker: workerModule.NativeConnection
  readonly address: string
}

/** A worker keeps its source map in memory that nothing gives back, and hundreds of workers are opened here. */
async function unmapped(): Promise<workerModule.WorkflowBundleWithSourceMap> {
  const { code, sourceMap } = await bundled(workerModule, [standingTime])
  const [executed] = code.split('\n//# sourceMappingURL=')
  const map = { version: 3, file: 'aura.js', sources: [], names: [], mappings: '' }
  const inlined = `//# sourceMappingURL=data:application/json;base64,${btoa(JSON.stringify(map))}`
  return { code: `${executed}\n${inlined}`, sourceMap }
}

export async function connections(address: string): Promise<Connections> {
  bundle ??= unmapped()
  await bundle
  const client = await clientModule.Connection.connect({ address })
  await ensureSearchAttributes(client, { namespace: 'default', clock: systemClock })
  return {
    client,
    worker: await workerModule.NativeConnection.connect({ address }),
    address,
  }
}

/**
 * A Temporal engine and a worker for it on a real server, in time that stands still: executions, agents and
 * engine hear of it from here. Something has happened when neither server nor worker has anything left to do.
 */
export class TemporalHarness implements EngineHarness {
  readonly time = new FakeTime()
  readonly #taskQueue = `conformance-${process.pid}-${Date.now()}-${opened++}`
  readonly #connections: Connections
  readonly #options: HarnessOptions
  readonly #client: clientModule.Client
  readonly #errands = new Errands()
  readonly #shifts = new Shifts()
  readonly #budgets = new MemoryBudgetStore()
  /**
   * Temporal's heartbeats follow real time, and a cancellation comes with one: so they come quickly. Those of
   * many calls keep one execution busy on the server, which then has no time for the rest of it.
   */
  readonly #hurryingClock = {
    ...systemClock,
    after: (delayMs: number, fire: () => void) =>
      systemClock.after((delayMs / hurry) * Math.max(1, this.#shifts.size), fire),
  }
  #engine: WorkflowEngine | null = null
  #life: Life | null = null
  #isClosed = false

  constructor(connections: Connections, options: HarnessOptions) {
    this.#connections = connections
    this.#options = options
    this.#client = new clientModule.Client({
      connection: connections.client,
      interceptors: { workflow: [this.#errands.interceptor(this.#taskQueue, () => this.nowMs())] },
    })
    // Checks use the same ids, and no server forgets one at once.
    const { workflow } = this.#client
    const getHandle = workflow.getHandle.bind(workflow) as (
      id: string,
    ) => clientModule.WorkflowHandle
    workflow.getHandle = ((id: string) =>
      getHandle(serverId(this.#taskQueue, id))) as typeof workflow.getHandle
  }

  get engine(): WorkflowEngine {
    if (this.#engine === null) throw new Error('the process was not started')
    return this.#engine
  }

  nowMs(): number {
    return this.time.wallMs
  }

  async start(agents: () => readonly BaseAgent[] = this.#options.agents): Promise<void> {
    const { worker: connection, address } = this.#connections
    const clock = this.time.newLife()
    const registry = new AgentRegistry({ clock, logger: silentLogger })
    for (const agent of agents()) registry.register(agent)
    const started = registry.start()
    await this.time.advance(0)
    await started
    const remote = {
      module: clientModule,
      client: this.#client,
      address,
      taskQueue: this.#taskQueue,
      clock: { ...systemClock, nowMs: () => this.nowMs() },
    }
    bundle ??= unmapped()
    const closing = new AbortController()
    const executions = this.#errands.countedExecutions(new RemoteExecutions(remote))
    const nested = new NestedCalls({
      executions,
      clock: this.#hurryingClock,
      hasPayloadStore: false,
      aside: (work) => work(),
      closing: closing.signal,
    })
    const worker = await workerModule.Worker.create({
      connection,
      taskQueue: this.#taskQueue,
      workflowBundle: await bundle,
      activities: this.#shifts.watched(
        activitiesOf({
          hasPayloadStore: false,
          closing: closing.signal,
          agents: registry,
          clock: this.#hurryingClock,
          activity,
          mesh: this.#options.mesh ?? null,
          tda: this.#options.tda ?? null,
          executions,
          nested,
          slots: slotActivities({ ...remote, executions, installation: this.#taskQueue }),
          charges: new Charges({
            agents: registry,
            clock: remote.clock,
            budgets: { store: this.#budgets },
          }),
        }),
      ),
      maxHeartbeatThrottleInterval: heartbeatThrottleMs,
      defaultHeartbeatThrottleInterval: heartbeatThrottleMs,
      shutdownGraceTime: 0,
      reuseV8Context: false,
      // No threads of its own for each check.
      debugMode: true,
    })
    this.#life = { clock, registry, worker, stopped: worker.run(), closing }
    const engine = new TemporalEngine({
      ...remote,
      random: systemRandom,
      flags: this.#options.flags ?? null,
      historyEventsMax: null,
      hasPayloadStore: false,
      policy: null,
      heartbeatTimeoutMs,
      close: () => Promise.resolve(),
    })
    this.#engine = this.#errands.counted(engine)
  }

  async advance(ms: number): Promise<void> {
    const untilMs = this.nowMs() + ms
    await this.#settle()
    for (;;) {
      const dueMs = Math.min(await this.#nextDueMs(), untilMs)
      const isLast = dueMs >= untilMs
      if (dueMs > this.nowMs()) await this.#jump(dueMs)
      else if (isLast) return
      await this.#settle()
    }
  }

  async restart(options: RestartOptions = {}): Promise<void> {
    await this.#stop()
    this.time.pass(options.downMs ?? 0)
    await this.#tellTime()
    await this.start(options.agents)
    await this.advance(0)
  }

  held(): Readonly<Record<string, number>> {
    const { registry } = this.#alive
    const places = { held: 0, waiting: 0 }
    for (const { agentId } of registry.list()) {
      const pool = registry.resolve(agentId)?.pool
      places.held += pool?.held ?? 0
      places.waiting += pool?.waiting ?? 0
    }
    return { ...places, attempts: this.#shifts.size }
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    await this.#stop()
    for (const executionId of this.#errands.open)
      await this.#handle(executionId).terminate().catch(ended)
  }

  #handle(executionId: string): clientModule.WorkflowHandle {
    return this.#client.workflow.getHandle(executionId)
  }

  async #stop(): Promise<void> {
    const { clock, worker, stopped, closing } = this.#alive
    clock.die()
    worker.shutdown()
    closing.abort()
    await stopped
    this.#shifts.forget()
  }

  /** Moves to the time at which something is due and lets it happen. */
  async #jump(toMs: number): Promise<void> {
    const passedMs = toMs - this.nowMs()
    await this.time.advance(passedMs)
    await this.#tellTime()
  }

  async #tellTime(): Promise<void> {
    const { open } = this.#errands
    await Promise.all(
      [...open].map((executionId) =>
        this.#handle(executionId).signal(jumpSignal, this.nowMs()).catch(ended),
      ),
    )
  }

  async #nextDueMs(): Promise<number> {
    const dues = await Promise.all(
      [...this.#errands.open].map(async (executionId) => {
        const handle = this.#handle(executionId)
        return (await handle.query<number | null>(nextDueQuery)) ?? Infinity
      }),
    )
    const ownMs = this.time.nextDueMs - this.time.monotonicMs + this.nowMs()
    return Math.min(...dues, ownMs)
  }

  async #settle(): Promise<void> {
    for (;;) {
      if (this.#isClosed) throw new Error('the process is closed')
      await this.time.settle()
      await new Promise((resolve) => setImmediate(resolve))
      const epoch = this.#shifts.epoch
      const isCalm = this.#errands.isCalm && (await this.#serverIsCalm())
      if (isCalm && epoch === this.#shifts.epoch) return
      await soon()
    }
  }

  /** Executions that tell each other something were all at rest at once when none has moved between two looks. */
  async #serverIsCalm(): Promise<boolean> {
    const first = await this.#look()
    if (first === null || first.size <= 1) return first !== null
    const second = await this.#look()
    if (second === null || second.size !== first.size) return false
    return [...second].every(([executionId, length]) => first.get(executionId) === length)
  }

  /** How long the histories of all open executions are; null while one of them moves. */
  async #look(): Promise<ReadonlyMap<string, string> | null> {
    const ids = [...this.#errands.open]
    const seen = await Promise.all(ids.map((executionId) => this.#restingAt(executionId)))
    const isWhole = seen.every((at) => at !== null) && this.#errands.open.size === ids.length
    if (!isWhole || !this.#errands.isCalm) return null
    return new Map(ids.map((executionId, place) => [executionId, seen[place] as string]))
  }

  /** The run of an execution and the length of its history; null while it moves. */
  async #restingAt(executionId: string): Promise<string | null> {
    const handle = this.#handle(executionId)
    const found = await handle.describe().catch(ended)
    // A sub-workflow that Temporal is about to start.
    if (found === undefined) return null
    const { raw, status } = found
    const children = raw.pendingChildren ?? []
    for (const { workflowId } of children)
      this.#errands.began(ownId(this.#taskQueue, workflowId as string))
    if (status.name !== 'RUNNING') {
      this.#errands.ended(executionId)
      return null
    }
    if (raw.pendingWorkflowTask != null) return null
    const isCalm = (raw.pendingActivities ?? []).every(({ activityId, attempt, state }) =>
      this.#shifts.isCalm(`${serverId(this.#taskQueue, executionId)} ${activityId}`, {
        attempt: attempt ?? 1,
        state,
      }),
    )
    // The ids of sub-workflows begin with that of their parent and a dot.
    const hasFamily = children.length > 0 || executionId.includes('.')
    const hasKeeper = [...this.#errands.open].some((id) => id.startsWith('aura-slots/'))
    if (!isCalm || ((hasFamily || hasKeeper) && (await handle.query<boolean>(busyQuery))))
      return null
    return `${found.runId} ${found.historyLength}`
  }

  get #alive(): Life {
    if (this.#life === null) throw new Error('the process was not started')
    return this.#life
  }
}

function ended(thrown: unknown): undefined {
  if (!(thrown instanceof clientModule.WorkflowNotFoundError)) throw thrown
}

function soon(): Promise<void> {
  return new Promise((resolve) => systemClock.after(lookAgainMs, resolve))
}

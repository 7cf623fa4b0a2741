import type { AgentExample, AgentWatch, BaseAgent } from '../../agents/index.ts'
import type { Clock } from '../../core/clock.ts'
import { isOrchestrationError } from '../../core/errors.ts'
import { openReader, type Database, type DatabaseReader } from '../../storage/index.ts'
import type { Embedder } from '../embedder.ts'
import type { AgentProfile, TaskExample } from './agent-profile.ts'
import { contextOfSeverity } from './context-columns.ts'
import { routeAnswer, type RouteAnswer } from './route-answer.ts'
import type { AcceptedOutcome, RouteTask } from './route-decision.ts'
import {
  appendOutcome,
  loadRouter,
  profilesHash,
  readOutcomes,
  saveRouter,
  type StoredRouter,
} from './router-store.ts'
import { SemanticRouter } from './semantic-router.ts'

const routerName = 'default'

export interface RouterServiceOptions {
  /** The agents to route to; asked once, with the first task. */
  agents(): readonly BaseAgent[]
  /** The database file whose router and outcomes are used, if it is there. */
  readonly databasePath: string
  readonly clock: Clock
  readonly embedder?: Embedder
}

/**
 * The router of a process: takes what the file has stored, trains where that does not fit the agents, and
 * learns again what was accepted since.
 */
export class RouterService {
  readonly #options: RouterServiceOptions
  #opened: Promise<{ readonly router: SemanticRouter; readonly hash: string }> | null = null
  #isStored = false
  #watch: Pick<AgentWatch, 'isAvailable'> | null = null

  constructor(options: RouterServiceOptions) {
    this.#options = options
  }

  /** @throws what `SemanticRouter.route` throws */
  async answer(task: RouteTask, isExplained = false): Promise<RouteAnswer> {
    const { router } = await this.#open()
    const asked = this.#amongAvailable(task)
    const decision = await router.route(asked)
    return routeAnswer(decision, isExplained ? await router.explain(asked, decision) : null)
  }

  /** From now on tasks go to agents that are available, unless none is of those that a task may go to. */
  watchedBy(watch: Pick<AgentWatch, 'isAvailable'>): void {
    this.#watch = watch
  }

  #amongAvailable(task: RouteTask): RouteTask {
    const watch = this.#watch
    if (watch === null) return task
    const all = task.candidates ?? this.#options.agents().map(({ id }) => id)
    const candidates = all.filter((agentId) => watch.isAvailable(agentId))
    return candidates.length === 0 || candidates.length === all.length
      ? task
      : { ...task, candidates }
  }

  /**
   * Learns from an accepted outcome and records it, durable when this resolves.
   *
   * @throws InputError, NotFoundError, StorageError
   */
  async accept(outcome: AcceptedOutcome, database: Database): Promise<void> {
    const { router } = await this.#open()
    // Learned first: what cannot be learned from is not recorded either.
    router.learn(outcome)
    appendOutcome(database, routerName, { outcome, atMs: this.#options.clock.nowMs() })
  }

  /** Stores the router as a new version, unless the file already has the one of these agents. */
  async save(database: Database): Promise<void> {
    const { hash } = await this.#open()
    if (this.#isStored) return
    const trained = await SemanticRouter.train(this.#profiles(), this.#options)
    saveRouter(database, routerName, {
      profilesHash: hash,
      trainedAtMs: this.#options.clock.nowMs(),
      model: trained.model,
    })
    this.#isStored = true
  }

  #open() {
    this.#opened ??= this.#load().catch((thrown: unknown) => {
      this.#opened = null
      throw thrown
    })
    return this.#opened
  }

  async #load() {
    const { embedder, databasePath } = this.#options
    const profiles = this.#profiles()
    const hash = profilesHash(profiles, embedder?.id ?? null)
    const found = readFrom(databasePath, (file) => ({
      stored: intactRouter(file),
      outcomes: readOutcomes(file, routerName),
    }))
    this.#isStored = found?.stored?.profilesHash === hash
    const router =
      found?.stored?.profilesHash === hash
        ? new SemanticRouter(found.stored.model, this.#options)
        : await SemanticRouter.train(profiles, this.#options)
    const known = new Set(profiles.map(({ agent }) => agent))
    for (const outcome of found?.outcomes ?? []) if (known.has(outcome.agent)) router.learn(outcome)
    return { router, hash }
  }

  #profiles(): readonly AgentProfile[] {
    return this.#options.agents().map((agent) => ({
      agent: agent.id,
      description: agent.description,
      capabilities: [...agent.capabilities, ...agent.actions],
      examples: agent.examples.map(taskExample),
    }))
  }
}

function taskExample({ text, intent, anomalySeverity }: AgentExample): TaskExample {
  return {
    text,
    ...(intent === undefined ? {} : { intent }),
    ...(anomalySeverity === undefined ? {} : { tda: contextOfSeverity(anomalySeverity) }),
  }
}

/** Null when there is no file yet. */
function readFrom<T>(path: string, read: (file: DatabaseReader) => T): T | null {
  let file: DatabaseReader
  try {
    file = openReader(path)
  } catch (thrown) {
    if (isOrchestrationError(thrown) && thrown.code === 'NotFoundError') return null
    throw thrown
  }
  try {
    return read(file)
  } finally {
    file.close()
  }
}

/** A damaged router is as good as none: it is trained anew. */
function intactRouter(file: DatabaseReader): StoredRouter | null {
  try {
    return loadRouter(file, routerName)
  } catch (thrown) {
    if (isOrchestrationError(thrown) && thrown.code === 'StateConsistencyError') return null
    throw thrown
  }
}

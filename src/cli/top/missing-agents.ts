import { isOrchestrationError } from '../../core/errors.ts'
import { findOwner } from '../../storage/index.ts'
import { missingAgents, ownerView } from '../owner-view.ts'
import type { MissingAgent } from '../owner-view.ts'
import type { OpenExecution, TopSnapshot } from './open-executions.ts'

/** How long the picture waits for one answer of the owner. */
const answerMsMax = 1_000

interface Answer {
  /** The number of the last event that was recorded when the owner was asked. */
  readonly lastSeq: number
  readonly missing: readonly MissingAgent[]
}

/** Asks the owner for which agents executions wait: the journal does not tell. */
export class MissingAgents {
  readonly #databasePath: string
  #known = new Map<string, Answer>()

  constructor(databasePath: string) {
    this.#databasePath = databasePath
  }

  /**
   * The snapshot with the agents that are missing in `waitingFor`. While nothing new is recorded of an
   * execution the owner is asked once.
   *
   * @param unexplained executions with work that neither runs nor has a reason to wait, each with the
   *   number of its last event
   * @param askedMax so many are asked for at most
   */
  async explain(
    snapshot: TopSnapshot,
    unexplained: ReadonlyMap<string, number>,
    askedMax: number,
  ): Promise<TopSnapshot> {
    const known = new Map<string, Answer>()
    for (const [executionId, lastSeq] of unexplained) {
      const before = this.#known.get(executionId)
      if (before?.lastSeq === lastSeq) known.set(executionId, before)
    }
    const open = [...unexplained].filter(([executionId]) => !known.has(executionId))
    const owner = open.length === 0 ? null : findOwner(this.#databasePath).owner
    for (const [executionId, lastSeq] of open.slice(0, askedMax)) {
      if (owner === null) break
      try {
        const view = await ownerView(owner, executionId, answerMsMax)
        known.set(executionId, { lastSeq, missing: view === null ? [] : missingAgents(view) })
      } catch (thrown) {
        if (isOrchestrationError(thrown)) break // it does not answer: the journal is all there is
        throw thrown
      }
    }
    this.#known = known
    const executions = snapshot.executions.map((execution) =>
      explained(execution, known.get(execution.executionId)?.missing ?? []),
    )
    return { ...snapshot, executions }
  }
}

function explained(execution: OpenExecution, missing: readonly MissingAgent[]): OpenExecution {
  const waits = new Map(execution.waitingFor.map((wait) => [wait.stepId, wait]))
  for (const { stepId, what } of missing) {
    if (!waits.has(stepId)) waits.set(stepId, { stepId, reason: { kind: 'agent', what } })
  }
  return { ...execution, waitingFor: [...waits.values()] }
}

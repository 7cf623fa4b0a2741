import { wordsOf } from '../text/words.ts'
import type { TaskContext } from './agent-profile.ts'
import type { RouteDecision, RouteTask } from './route-decision.ts'

/** Why a task went where it went. */
export interface RouteExplanation {
  /** The words of the task, those that spoke most for the decision first. */
  readonly evidence: readonly WordEvidence[]
  /** Small changes of the task that would change where it goes. */
  readonly wouldChange: readonly RouteChange[]
}

/** `weight`: how much confidence times fit is lost without the word; below 0 the word spoke against. */
export interface WordEvidence {
  readonly word: string
  readonly weight: number
}

/** A change and where the task would go then; null to nobody. */
export interface RouteChange {
  readonly change: string
  readonly agent: string | null
}

/** Words that are tried; the rest of a long task is not explained. */
const wordsMax = 40
const evidenceMax = 8

const severe: TaskContext = { available: true, anomalySeverity: 0.9, patternConfidence: 0.9 }

/** Explains by asking again: without each word in turn, and with another TDA context. */
export async function explainRoute(
  task: RouteTask,
  decision: RouteDecision,
  route: (task: RouteTask) => Promise<RouteDecision>,
): Promise<RouteExplanation> {
  const agent = agentOf(decision)
  const evidence: WordEvidence[] = []
  const wouldChange: RouteChange[] = []
  const tryChange = async (change: string, changed: RouteTask) => {
    const other = await route(changed)
    if (agentOf(other) !== agent) wouldChange.push({ change, agent: agentOf(other) })
    return other
  }
  const words = wordsOf(task.text)
  for (const word of new Set(words.slice(0, wordsMax))) {
    const text = words.filter((other) => other !== word).join(' ')
    const without = await tryChange(`without '${word}'`, { ...task, text })
    evidence.push({ word, weight: strengthOf(decision, agent) - strengthOf(without, agent) })
  }
  if (task.tda?.available === true) {
    const { tda: _, ...calm } = task
    await tryChange('without the TDA context', calm)
  } else await tryChange('with a severe anomaly in force', { ...task, tda: severe })
  evidence.sort((a, b) => b.weight - a.weight)
  return { evidence: evidence.slice(0, evidenceMax), wouldChange }
}

function agentOf(decision: RouteDecision): string | null {
  return decision.kind === 'routed' ? decision.agent : null
}

/** How much a decision speaks for an agent; for nobody, how little any fits. */
function strengthOf(decision: RouteDecision, agent: string | null): number {
  if (agent === null) return 1 - decision.fit
  const candidates =
    decision.kind === 'routed' ? [decision, ...decision.runnersUp] : decision.runnersUp
  const found = candidates.find((candidate) => candidate.agent === agent)
  return (found?.confidence ?? 0) * decision.fit
}

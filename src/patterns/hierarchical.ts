import { assertNever } from '../core/assert.ts'
import type {
  PatternCall,
  PatternDecision,
  PatternFacts,
  WantedCall,
} from '../core/contracts/pattern.ts'
import type { JsonObject, JsonValue } from '../core/json.ts'
import { own } from '../core/own.ts'
import { type Assignment, readDelegation } from './delegation.ts'
import {
  complete,
  fail,
  type Failed,
  failOverdue,
  failWith,
  labelOf,
  shownError,
} from './decision.ts'

export interface HierarchicalConfig {
  /** The first one supervises, the others are its workers. */
  readonly agents: readonly string[]
  readonly actions: { readonly plan: string; readonly work: string; readonly review: string }
  /** Rounds of work in one team, the first included. */
  readonly roundsMax: number
  /** Workers that supervise a team of their own. */
  readonly teams: { readonly [worker: string]: readonly string[] }
}

/**
 * A supervisor plans, its workers work, it reviews, and may delegate again within `roundsMax`. The supervisor
 * is asked with `{ phase: 'plan' | 'review', task, workers, round, assignments }` and answers as
 * `readDelegation` says; a worker gets its assignment's input; a worker with a team plans and reviews itself.
 * Gives `{ output, rounds, assignments: [{ round, agent, input, status, output, error, team }] }`.
 */
export function decideHierarchical(
  config: HierarchicalConfig,
  facts: PatternFacts,
): PatternDecision {
  const [lead = '', ...workers] = config.agents
  const calls = new Map(facts.calls.map((call) => [call.note, call]))
  const team = decideTeam({ config, calls, lead, workers, task: facts.input, path: '' })
  switch (team.kind) {
    case 'done': {
      const { kind: _kind, ...result } = team
      return complete(result)
    }
    case 'failed':
      return team
    case 'open':
      if (facts.isOverdue) return failOverdue(`the team of '${lead}' was at work`)
      return { kind: 'call', calls: team.calls }
    default:
      return assertNever(team, 'outcome')
  }
}

/** One supervisor and its workers, at one task. */
interface Team {
  readonly config: HierarchicalConfig
  /** By note: `plan`, `<round>.<place>`, `review.<round>`, behind the team's path. */
  readonly calls: ReadonlyMap<JsonValue, PatternCall>
  readonly lead: string
  readonly workers: readonly string[]
  readonly task: JsonValue
  /** Empty for the outermost team, else `<round>.<place>/` of its assignment, behind that team's. */
  readonly path: string
}

type TeamOutcome =
  | { readonly kind: 'open'; readonly calls: readonly WantedCall[] }
  | Failed
  | {
      readonly kind: 'done'
      readonly output: JsonValue
      readonly rounds: number
      readonly assignments: readonly JsonObject[]
    }

function decideTeam(team: Team): TeamOutcome {
  const { config } = team
  const done: JsonObject[] = []
  let asked = askLead(team, 'plan', { round: 0, assignments: done })
  for (let round = 1; ; round++) {
    if (asked.kind !== 'answered') return asked
    const wanted = readDelegation(asked.call, team.workers)
    if (wanted.kind === 'refused') return wanted.failed
    if (wanted.kind === 'done')
      return { kind: 'done', output: wanted.output, rounds: round - 1, assignments: done }
    if (round > config.roundsMax) return tooManyRounds(team)
    const work = wanted.assignments.map((one, place) => decideWork(team, one, { round, place }))
    const open = work.flatMap((one) => ('calls' in one ? [one] : []))
    if (open.length > 0) return { kind: 'open', calls: open.flatMap(({ calls }) => calls) }
    for (const one of work) if ('shown' in one) done.push(one.shown)
    asked = askLead(team, 'review', { round, assignments: done })
  }
}

type Asked =
  | { readonly kind: 'answered'; readonly call: PatternCall }
  | Exclude<TeamOutcome, { kind: 'done' }>

function askLead(
  { config, calls, lead, workers, task, path }: Team,
  phase: 'plan' | 'review',
  progress: { readonly round: number; readonly assignments: readonly JsonObject[] },
): Asked {
  const note = `${path}${phase === 'plan' ? phase : `review.${progress.round}`}`
  const call = calls.get(note)
  if (call === undefined) {
    const input = {
      phase,
      task,
      workers,
      round: progress.round,
      assignments: [...progress.assignments],
    }
    return { kind: 'open', calls: [{ agent: lead, action: config.actions[phase], input, note }] }
  }
  if (call.status === 'completed') return { kind: 'answered', call }
  if (call.error === null) return { kind: 'open', calls: [] }
  const { assignments } = progress
  return failWith(call.error, `${labelOf(call)} failed to ${phase}`, { agent: lead, assignments })
}

type Work = { readonly calls: readonly WantedCall[] } | { readonly shown: JsonObject }

function decideWork(
  team: Team,
  { agent, input }: Assignment,
  { round, place }: { readonly round: number; readonly place: number },
): Work {
  const { config, calls, path } = team
  const note = `${path}${round}.${place}`
  const about = { round, agent, input }
  const workers = own(config.teams, agent)
  if (workers !== undefined) {
    const below = decideTeam({ ...team, lead: agent, workers, task: input, path: `${note}/` })
    if (below.kind === 'open') return below
    const outcome =
      below.kind === 'failed'
        ? { status: 'failed', output: null, error: shownError(below.error), team: null }
        : {
            status: 'completed',
            output: below.output,
            error: null,
            team: { rounds: below.rounds, assignments: below.assignments },
          }
    return { shown: { ...about, ...outcome } }
  }
  const call = calls.get(note)
  if (call === undefined) return { calls: [{ agent, action: config.actions.work, input, note }] }
  if (call.status === 'open') return { calls: [] }
  const { status, output, error } = call
  return { shown: { ...about, status, output, error: shownError(error), team: null } }
}

function tooManyRounds({ lead, config }: Team): Failed {
  const { roundsMax } = config
  return fail(
    'PatternError',
    `'${lead}' wants more work after ${roundsMax} rounds (options.roundsMax)`,
    { hint: 'raise options.roundsMax, or let the review accept what there is' },
  )
}

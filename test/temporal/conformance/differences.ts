import type { DeclaredGaps } from '../../../src/testing/workflow-engine-suite.ts'

const registry = 'nothing is registered in Temporal: `registerWorkflow` and `deliver` are refused'
const told = '`subscribe` is refused: workers of other processes drive the executions'
const places =
  'an attempt is recorded before it waits for the place of its agent, which a worker gives'
const driven = 'a worker that is there drives every execution: none is left alone'
const ownCalls = 'each execution counts the calls of its own: no worker knows those of a whole tree'
const updates =
  'an update is made of the state as it was when the attempt began; where that was changed, the attempt fails'
const busy = 'an agent that does not heed its cancel keeps its place with the worker while it runs'
const asData =
  'a policy travels with the start as data, and the suite gives a function: `tda-context.test.ts` has these'
const many = 'needs more round trips to the server than a check may take'

/** What the Temporal engine does not have, or has otherwise; what it refuses is asserted in `differences.test.ts`. */
export const differences: DeclaredGaps = {
  'budgets: a sub-workflow spends the budget of its parent, also while both run':
    'a budget of tokens or money together with sub-workflows is refused',
  'concurrency: a call that was lost in a crash waits for its key and is not skipped':
    'which of two lost calls asks first is not said: `concurrency.test.ts` shows that none is skipped',
  'triggers: *': registry,
  'decisions: forEach takes 10,000 items and refuses one more': many,
  'waiting: at most 1,000 early signals are kept': many,
  'state: 64 concurrent compare-and-set writers lose no update':
    'Temporal takes ten updates of an execution at a time',
  'state: one key more than stateKeysMax is refused by that name; those that are there are written on':
    many,
  'state: a write is one event of the journal': told,
  'identity: a subscriber hears every event once, in order and after it is durable': told,
  'rollback: with acceptEffects it goes back nevertheless, calls again, and records that': told,
  'regressions: a subscriber that throws harms nobody': told,
  'adaptation: nothing is adapted while the flag is off, and what the flag said is recorded': told,
  'recovery: verbs reach an execution that nobody drives, and continue takes it up': driven,
  'recovery: from its third lost delivery a call runs alone; only losses while alone count':
    'that a call runs alone is not kept across workers',
  'children: children spend the budget of their parent': ownCalls,
  'children: a call of a child that the budget of the parent refuses fails the child': ownCalls,
  'children: items do not overspend the budget of their parent, also over a crash': ownCalls,
  'steering: a call that waits for a place does not start while its execution is paused': places,
  'rollback: what runs is aborted, gives its place back and is called again with the next run':
    places,
  'children: the highest version that matches is taken, of the registry and of those handed in':
    registry,
  'children: a workflow that was started before is known': registry,
  'children: versions are those of the start, for the whole tree, also after a crash': registry,
  'children: the same start attaches, whatever versions have come since': registry,
  'tda: by the context a policy lowers maxParallel, and where the feed is quiet it does not':
    asData,
  'tda: by the context a policy leaves a step another of its declared agents': asData,
  'tda: by the context a policy asks for approval before a step': asData,
  'breaker: a fallback takes over at once while the breaker is open': places,
  'breaker: a call that an open breaker refuses is no attempt, and is made when the agent is tried again':
    places,
  'breaker: a call that is refused as often as it may be tried fails, and its agent was not called':
    places,
  'endings: cancel stops starts, aborts running attempts and gives everything back': places,
  'state: an update is given what is there when the call completes, its own writes included':
    updates,
  'patterns: killed between any two messages, a coordinator still gives one decision for one id':
    told,
  'regressions: the first calls of a sub-workflow are bounded by the budget above it': ownCalls,
  'patterns: at its deadline a consensus decides without those who have not voted': busy,
  'patterns: a pattern whose agents do not heed the cancel ends with the grace period': busy,
  'patterns: at its deadline a pattern ends also while its execution stops': busy,
  'regressions: an execution whose agents are missing waits, never fails for it, and goes on where they are':
    'it looks again for them within 5 min, and not at once: `missing-agent.test.ts` shows it',
  'regressions: cancel waits at most 30 s for attempts that do not heed their abort and gives their places back':
    busy,
  'state: updates of calls that end in the same moment all count, with one attempt each': updates,
}

import { type Mutant, mutant } from './mutant.ts'

const orchestrator = 'src/semantic/orchestrator'

/** Bugs of calls inside calls, of conversations with models, and of what events begin. */
export const nestedMutants: readonly Mutant[] = [
  mutant('inner-use-is-free', 'src/agents/invocation.ts', 'this.meter.report(answer.usage)', ''),
  mutant(
    'answer-paid-in-part',
    'src/agents/llm/complete.ts',
    'tokens: inputTokens + outputTokens, costUsd',
    'tokens: outputTokens, costUsd',
  ),
  mutant(
    'inner-calls-renumbered',
    'src/agents/invocation.ts',
    'other.number ?? ++this.#callsInside',
    'other.number ?? ++this.#callsInside + this.host.clock.monotonicMs()',
  ),
  mutant(
    'answers-of-another-item',
    'src/engine/inner-call.ts',
    ".replace(/\\[(\\d+)\\]/g, '.$1')",
    ".replace(/\\[(\\d+)\\]/g, '')",
  ),
  mutant(
    'answer-forgotten',
    'src/agents/llm/converse.ts',
    'messages.push(...answer.messages)\n',
    '',
  ),
  mutant(
    'waits-with-a-place',
    'src/engine/places.ts',
    "if (!place.isReentrant) place.agent.pool.release('none')\n",
    '',
  ),
  mutant(
    'event-begun-twice',
    `${orchestrator}/event-driven-semantic-orchestrator.ts`,
    'semantic-${nameOf([source, eventId])}',
    'semantic-${nameOf([source, eventId, `${process.hrtime.bigint()}`])}',
  ),
  mutant(
    'vote-decided-twice',
    `${orchestrator}/event-driven-semantic-orchestrator.ts`,
    "typeof voteId === 'string'",
    "typeof voteId === 'number'",
  ),
  mutant(
    'anomaly-adapts-each-time',
    `${orchestrator}/event-driven-semantic-orchestrator.ts`,
    'isAnomaly && tdaCorrelation != null ?',
    'isAnomaly && tdaCorrelation === null ?',
  ),
  mutant(
    'poison-taken',
    'src/semantic/matcher/semantic-event.ts',
    'urgencyScore: z.number().min(0).max(1)',
    'urgencyScore: z.number()',
  ),
  mutant(
    'voter-votes-twice',
    'src/workflow/document/pattern-faults.ts',
    'agents.indexOf(agent) < place',
    'agents.indexOf(agent) < -place',
  ),
]

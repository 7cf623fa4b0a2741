import { type Mutant, mutant } from './mutant.ts'

const kernel = 'src/workflow/kernel'

/** Bugs of patterns in workflows. */
export const coordinatedMutants: readonly Mutant[] = [
  mutant('part-key-shared', `${kernel}/keys.ts`, 'return `${base}/c${part}`', 'return base'),
  mutant(
    'decided-twice',
    `${kernel}/coordination.ts`,
    'if (isForward && hosted.result === null) decide',
    'if (isForward) decide',
  ),
  mutant(
    'decided-but-not-kept',
    `${kernel}/fold-pattern.ts`,
    'hosted.result = event.result',
    "hosted.result = 'error' in event.result ? event.result : null",
  ),
  mutant(
    'once-part-given-up',
    `${kernel}/coordination.ts`,
    "if (effect === 'once') return",
    "if (effect === 'read') return",
  ),
  mutant(
    'voter-asked-again',
    `${kernel}/revive.ts`,
    "if (part.status === 'failed' || part.status === 'cancelled')",
    "if (part.status !== 'scheduled')",
  ),
  mutant(
    'votes-of-the-other-fallback',
    `${kernel}/revive.ts`,
    'part.fallback === fallback',
    'part.fallback <= fallback',
  ),
  mutant(
    'deadline-forgotten',
    `${kernel}/recovery.ts`,
    "case 'coordinating':\n        if (call.dueAtMs !== null)",
    "case 'coordinating':\n        if (call.dueAtMs === null)",
  ),
  mutant(
    'part-not-undone',
    `${kernel}/fold-undo.ts`,
    "if (call.ref.undo !== null || call.status === 'coordinating') return",
    'if (call.ref.undo !== null || call.hosted !== null || call.part !== null) return',
  ),
  mutant(
    'decided-before-the-last-part',
    `${kernel}/coordination.ts`,
    'if (hosted.parts.some(isOpen)) return\n',
    '',
  ),
  mutant(
    'vote-counted-for-another',
    'src/patterns/consensus.ts',
    'calls.map((call) => readVote(config, call))',
    'calls.map((call, at) => readVote(config, { ...call, output: calls[at + 1]?.output ?? call.output }))',
  ),
  mutant(
    'votes-outside-counted',
    'src/patterns/vote.ts',
    'if (odd !== undefined) return',
    'if (odd === null) return',
  ),
  mutant(
    'fallback-from-the-start',
    `${kernel}/revive.ts`,
    'partsOf(call).some(mayHaveHappened)',
    'false',
  ),
]

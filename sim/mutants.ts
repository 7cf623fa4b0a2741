import { type Mutant, mutant } from './mutant.ts'
import { coordinatedMutants } from './mutants-coordinated.ts'
import { nestedMutants } from './mutants-nested.ts'
import { operatedMutants } from './mutants-operated.ts'
import { safetyMutants } from './mutants-safety.ts'

const kernel = 'src/workflow/kernel'

/** Bugs that the simulation must find within 500 seeds each. */
export const mutants: readonly Mutant[] = [
  mutant(
    'epoch-unchecked',
    'src/testing/simulation/disk.ts',
    'if (this.isDead) return never()\n    if (this.#epoch !== this.#disk.epoch)\n      throw',
    'if (this.isDead) return never()\n    if (false)\n      throw',
  ),
  mutant('key-reused', `${kernel}/keys.ts`, 'if (call.fallback > 0)', 'if (call.fallback > 99)'),
  mutant(
    'double-record',
    `${kernel}/transition.ts`,
    "call.status === 'running' && call.token === stimulus.token) {",
    'call.token === stimulus.token) {',
  ),
  mutant(
    'stale-outcome',
    `${kernel}/transition.ts`,
    "call.status === 'running' && call.token === stimulus.token) {",
    "call.status === 'running') {",
  ),
  mutant(
    'lost-timer',
    `${kernel}/recovery.ts`,
    'default:\n        if (call.dueAtMs !== null)',
    'default:\n        if (call.dueAtMs !== null && call.ref.index !== null)',
  ),
  mutant(
    'wrong-compensation-order',
    `${kernel}/fold.ts`,
    'state.undoNext = state.undo.length - 1',
    'state.undoNext = Math.min(0, state.undo.length - 1)',
  ),
  mutant(
    'call-before-commit',
    'src/engine/runner.ts',
    "else if (command.kind === 'release')",
    "else if (command.kind === 'invoke') this.dispatcher.invoke(running, command)\n      else if (command.kind === 'release')",
  ),
  mutant(
    'told-before-commit',
    'src/engine/runner.ts',
    "else if (command.kind === 'release')",
    "else if (command.kind === 'finished') this.#finished(running)\n      else if (command.kind === 'release')",
  ),
  mutant(
    'once-blindly',
    `${kernel}/attempts.ts`,
    "if (call.effect === 'once') return outcomeUnknown",
    "if (call.effect === 'read') return outcomeUnknown",
  ),
  mutant(
    'lookup-ignored',
    `${kernel}/attempts.ts`,
    "if (outcome.kind === 'completed') return completeCall(turn, call, outcome.output)\n  if (outcome.kind === 'unknown')",
    "if (outcome.kind === 'unknown')",
  ),
  mutant(
    'pause-ignored',
    `${kernel}/permission.ts`,
    "    case 'forward':\n      return !state.paused",
    "    case 'forward':\n      return true",
  ),
  mutant(
    'retry-without-end',
    `${kernel}/retries.ts`,
    'call.attempt >= target.retry.maxAttempts',
    'call.attempt > target.retry.maxAttempts',
  ),
  mutant(
    'loss-counts-as-attempt',
    `${kernel}/fold-call.ts`,
    'if (call.alone) call.lossesAlone++\n  call.redeliver = true',
    'if (call.alone) call.lossesAlone++',
  ),
  mutant(
    'budget-ignored',
    `${kernel}/attempts.ts`,
    'agentCallsMax === null ? Infinity : agentCallsMax - spent',
    'agentCallsMax === null ? Infinity : agentCallsMax + 1 - spent',
  ),
  mutant(
    'parallel-without-limit',
    `${kernel}/items.ts`,
    'step.liveCalls < parallelMax(step) &&',
    '',
  ),
  mutant(
    'dependent-too-early',
    `${kernel}/fold-step.ts`,
    'if (dependent.needsLeft === 0 &&',
    'if (dependent.needsLeft <= 1 &&',
  ),
  mutant(
    'status-forgotten',
    'src/engine/committer.ts',
    'else if (status !== running.status)',
    "else if (status !== running.status && status !== 'cancelled')",
  ),
  mutant(
    'sequence-gap',
    'src/engine/committer.ts',
    'state.seq - events.length + 1',
    'state.seq - events.length + (events.length > 3 ? 2 : 1)',
  ),
  mutant(
    'failure-does-not-stop',
    `${kernel}/fold.ts`,
    "state.phase = 'stopping'",
    "state.phase = 'forward'",
  ),
  mutant(
    'unknown-not-undone',
    `${kernel}/fold-call.ts`,
    "(isRollback || call.status !== 'uncertain')",
    '(isRollback || call.ref.index !== null)',
  ),
  mutant(
    'place-not-given-back',
    'src/engine/places.ts',
    "if (stage === 'held') this.#gate.leave()",
    "if (stage === 'held') return this.#gate.leave()",
  ),
  mutant(
    'lost-call-forgotten',
    `${kernel}/stopping.ts`,
    "(call.isLost && call.effect !== 'read')",
    'false',
  ),
  mutant(
    'fallback-keeps-attempt',
    `${kernel}/fold-call.ts`,
    '  call.redeliver = false\n  if (call.fallback === call.first)',
    '  if (call.fallback === call.first)',
  ),
  ...coordinatedMutants,
  ...nestedMutants,
  ...operatedMutants,
  ...safetyMutants,
]

import { type Mutant, mutant } from './mutant.ts'

const kernel = 'src/workflow/kernel'

/** Bugs in what is operated: state, going back, sub-workflows, triggers, growth. */
export const operatedMutants: readonly Mutant[] = [
  mutant(
    'state-not-restored',
    `${kernel}/rollback.ts`,
    'const changes = restoringChanges(state, rollback.entries)',
    'const changes = restoringChanges(state, Array.from(state.entries?.values() ?? []))',
  ),
  mutant(
    'restores-old-version',
    `${kernel}/entries.ts`,
    'version: (now?.version ?? 0) + 1,',
    'version,',
  ),
  mutant(
    'resets-too-few',
    `${kernel}/rollback.ts`,
    'if (step.settledSeq > 0) return step.settledSeq > seq',
    'if (step.settledSeq > 0) return step.settledSeq > seq + 2',
  ),
  mutant(
    'keeps-run',
    `${kernel}/fold-reopening.ts`,
    '  resetStep(step)\n  step.run++',
    '  resetStep(step)',
  ),
  mutant(
    'rollback-without-end',
    `${kernel}/rollback.ts`,
    'state.rollbacks >= state.plan.rollback.timesMax',
    'state.rollbacks > state.plan.rollback.timesMax',
  ),
  mutant(
    'goes-back-to-completion',
    `${kernel}/checkpoints.ts`,
    "label !== null || reason !== 'completion'",
    'true',
  ),
  mutant(
    'effects-ignored',
    `${kernel}/rollback.ts`,
    'if (step.plan.compensate !== null) continue',
    'continue',
  ),
  mutant(
    'child-end-untold-after-crash',
    `${kernel}/recovery.ts`,
    'requestChild(turn, call)',
    'if (isSettling(state)) requestChild(turn, call)',
  ),
  mutant(
    'child-watched-for-ever',
    'src/engine/families.ts',
    'this.#watching.delete(child.row.executionId)',
    '',
  ),
  mutant(
    'child-not-undone',
    'src/engine/families.ts',
    "runner.stimulate(ended, { kind: 'undo' })",
    '',
  ),
  mutant(
    'child-spends-freely',
    'src/engine/families.ts',
    'if (running.row.parent === null &&',
    'if (running.state.parent === null &&',
  ),
  mutant(
    'child-redriven-never',
    'src/engine/families.ts',
    "if (ended.state.result === 'failed' && isOlder)",
    "if (ended.state.result === 'failed' && isOlder && command.token > 9)",
  ),
  mutant(
    'redrive-keeps-compensated',
    `${kernel}/redrive.ts`,
    'if (step.undoneCount > 0) reset.push(id)',
    'if (step.undoneCount > 99) reset.push(id)',
  ),
  mutant(
    'letter-not-closed',
    `${kernel}/fold-reopening.ts`,
    "state.phase = 'forward'\n  state.deadLetters.delete(state.executionId)",
    "state.phase = 'forward'",
  ),
  mutant(
    'letter-not-listed',
    'src/engine/committer.ts',
    'if (changes.length > 0) running.letters',
    "if (changes.length > 0 && changes[0]?.kind === 'open') changes.length = 0\n  if (changes.length > 0) running.letters",
  ),
  mutant(
    'fork-copies-later-steps',
    'src/engine/reopening.ts',
    'const state = executions.stateAt(row, checkpoint.seq)',
    'const state = executions.stateAt(row)',
  ),
  mutant(
    'trigger-id-without-source',
    'src/engine/triggers/starts.ts',
    'JSON.stringify([source, id])',
    'JSON.stringify([id])',
  ),
  mutant(
    'prune-without-tombstone',
    'src/engine/journal/memory.ts',
    'this.#tombstones.set(execution, { ...row, isPruned: true })',
    'this.#numbers.delete(row.executionId)',
  ),
  mutant(
    'snapshot-folded-twice',
    'src/engine/snapshots.ts',
    'foldFurther(state, this.#journal.rows(row.execution, snapshotSeq))',
    'for (let n = 0; n < 2; n++) {\n      state.seq = snapshotSeq\n      foldFurther(state, this.#journal.rows(row.execution, snapshotSeq))\n    }',
  ),
  mutant(
    'snapshot-without-rest',
    'src/engine/snapshots.ts',
    'foldFurther(state, this.#journal.rows(row.execution, snapshotSeq))',
    '',
  ),
  mutant(
    'parked-timer-lost',
    'src/engine/parking.ts',
    'dueMs === Infinity ? null : this.#timers.arm(delayMs, wake)',
    'null',
  ),
  mutant(
    'expected-version-ignored',
    'src/engine/state-verbs.ts',
    'if (conflict === undefined) return',
    'if (conflict === undefined || nowMs > 0) return',
  ),
  mutant(
    'call-version-ignored',
    `${kernel}/attempts.ts`,
    'if (conflict === undefined) {',
    'if (conflict === undefined || moment.atMs > 0) {',
  ),
  mutant(
    'failed-attempt-writes',
    `${kernel}/attempts.ts`,
    'const error = versionConflict(call, conflict)',
    "const error = versionConflict(call, conflict)\n  record(turn, { kind: 'StateChanged', changes: changesOf(state, writes.slice(0, 1), moment.atMs), step: call.ref.step })",
  ),
  mutant(
    'refused-is-sent',
    'src/engine/outbox-relay.ts',
    'it is tried again`, thrown)\n      return false',
    'it is tried again`, thrown)\n      return true',
  ),
  mutant(
    'outbox-forgotten',
    'src/engine/committer.ts',
    'if (part.outbox.length > 0) outbox.push',
    'if (part.outbox.length > 1) outbox.push',
  ),
  mutant(
    'update-lost',
    'src/engine/dispatcher.ts',
    'readState: (key) => entryAt(state, key, clock.nowMs()) ?? null',
    'readState: ((now) => (key) => now.get(key) ?? null)(new Map(state.entries))',
  ),
  mutant(
    'ended-taken-up-again',
    'src/engine/executions.ts',
    'if (row.endedAtMs !== null) return { running: null, row }',
    'if (row.endedAtMs !== null && row.parent === null) return { running: null, row }',
  ),
  mutant(
    'answer-of-an-earlier-run',
    `${kernel}/fold-step.ts`,
    'token: ref.undo === null ? step.tokenBase : 0',
    'token: 0',
  ),
  mutant(
    'added-approval-ignored',
    `${kernel}/adapt.ts`,
    "if (signal === undefined || gate === 'passed') return true",
    'if (signal !== undefined || gate !== signal) return true',
  ),
  mutant(
    'adapts-what-has-started',
    `${kernel}/adaptation.ts`,
    'return decidedSeq === 0 ||',
    'return decidedSeq >= 0 ||',
  ),
  mutant('approval-outlives-rollback', `${kernel}/fold-step.ts`, '  step.gate = null\n', ''),
]

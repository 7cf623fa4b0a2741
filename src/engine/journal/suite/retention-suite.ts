import assert from 'node:assert/strict'
import type { ExecutionRow, Journal, RetentionPolicy } from '../journal.ts'
import {
  document,
  type JournalCheck,
  nothing,
  rejects,
  reopened,
  row,
  start,
  throws,
} from './journal-samples.ts'

const error = { code: 'AgentError', message: 'no', retryable: false, hint: null, details: null }
/** Removes nothing, by whatever is not said otherwise. */
const keepAll: RetentionPolicy = {
  endedBeforeMs: 0,
  endedMax: 1_000,
  deadLetterEndedBeforeMs: 0,
  limit: 1_000,
}

/** Behaviours of `prune`. */
export const retentionChecks: Readonly<Record<string, JournalCheck>> = {
  async 'prunes what ended before a time, and leaves a tombstone'(journal) {
    const rows = await record(journal, [{ ends: 10 }, { ends: 30 }, {}, { ends: 10 }])
    const [first] = rows as [ExecutionRow]
    assert.equal(await journal.prune(keepAll), 0)
    assert.equal(await journal.prune({ ...keepAll, endedBeforeMs: 20 }), 2)
    assert.deepEqual(idsOf(journal), ['e2', 'e3'])
    assert.deepEqual(journal.find('e1'), { ...first, isPruned: true })
    assert.equal(journal.find('e1')?.endedAtMs, 10)
    assert.equal(journal.find('e2')?.isPruned, false)
    assert.deepEqual(journal.rows(first.execution), [])
    assert.deepEqual(journal.rows(rows[1]?.execution as number).length, 2)
    assert.equal(await journal.prune({ ...keepAll, endedBeforeMs: 20 }), 0)
  },
  async 'keeps the id and number of a pruned execution taken'(journal) {
    const [first] = await record(journal, [{ ends: 10 }])
    assert.equal(await journal.prune({ ...keepAll, endedBeforeMs: 20 }), 1)
    const again = start(journal.nextExecution(), 'e1')
    const details = await rejects('StateConsistencyError', journal, { ...nothing, starts: [again] })
    assert.equal(details?.['executionId'], 'e1')
    const sameNumber = start(first?.execution as number, 'other')
    await rejects('StateConsistencyError', journal, { ...nothing, starts: [sameNumber] })
    const late = { execution: first?.execution as number, status: 'running', endedAtMs: null }
    await rejects('InternalError', journal, { ...nothing, statuses: [late] })
  },
  async 'prunes the ended ones that so many later starts have outlived'(journal) {
    await record(journal, [{ ends: 10 }, {}, { ends: 10 }, { ends: 10 }, { ends: 10 }])
    assert.equal(await journal.prune({ ...keepAll, endedMax: 4 }), 0)
    assert.equal(await journal.prune({ ...keepAll, endedMax: 2 }), 2)
    assert.deepEqual(idsOf(journal), ['e2', 'e4', 'e5'])
    const second = journal.find('e2')?.execution as number
    const ends = { execution: second, status: 'completed', endedAtMs: 90 }
    await journal.append({ ...nothing, statuses: [ends] })
    assert.equal(await journal.prune({ ...keepAll, endedMax: 2 }), 1)
    assert.deepEqual(idsOf(journal), ['e4', 'e5'])
  },
  async 'counts ended executions right when one is opened again or ends again'(journal) {
    const [first] = await record(journal, [{ ends: 10 }, { ends: 10 }, { ends: 10 }])
    const execution = first?.execution as number
    const status = (endedAtMs: number | null) => ({
      ...nothing,
      statuses: [{ execution, status: endedAtMs === null ? 'running' : 'failed', endedAtMs }],
    })
    const policy = { ...keepAll, endedMax: 2 }
    await journal.append(status(null))
    assert.equal(await journal.prune(policy), 0)
    await journal.append(status(12))
    await journal.append(status(null))
    assert.equal(await journal.prune(policy), 0)
    await journal.append(status(13))
    await journal.append(status(14))
    assert.equal(await journal.prune(policy), 1)
    assert.deepEqual(idsOf(journal), ['e2', 'e3'])
    assert.equal(await journal.prune(policy), 0)
  },
  async 'prunes a root together with all its descendants, and those of no open root'(journal) {
    await record(journal, [
      { ends: 10 },
      { ends: 10, parent: 1 },
      {},
      { ends: 10, parent: 3 },
      { ends: 10, parent: 2 },
      { ends: 10 },
      { parent: 6 },
    ])
    assert.equal(await journal.prune({ ...keepAll, endedBeforeMs: 20 }), 3)
    assert.deepEqual(idsOf(journal), ['e3', 'e4', 'e6', 'e7'])
    const [e1, e5] = ['e1', 'e5'].map((id) => journal.find(id))
    assert.deepEqual([e1?.isPruned, e5?.isPruned], [true, true])
    assert.equal(e5?.parent, journal.find('e2')?.execution)
  },
  async 'keeps a tree with an open dead letter longer'(journal) {
    const rows = await record(journal, [{ ends: 10 }, { ends: 10, parent: 1 }, { ends: 10 }])
    const opens = [1, 2].map((place) => ({
      kind: 'open' as const,
      id: `letter ${place}`,
      execution: rows[place]?.execution as number,
      stepId: null,
      error,
      atMs: 1,
    }))
    await journal.append({ ...nothing, deadLetters: opens })
    assert.equal(await journal.prune({ ...keepAll, endedBeforeMs: 20, endedMax: 0 }), 0)
    await journal.append({ ...nothing, deadLetters: [{ kind: 'close', id: 'letter 2' }] })
    const policy = { ...keepAll, endedBeforeMs: 20, deadLetterEndedBeforeMs: 10 }
    assert.equal(await journal.prune(policy), 1)
    assert.deepEqual(idsOf(journal), ['e1', 'e2'])
    assert.equal(await journal.prune({ ...policy, deadLetterEndedBeforeMs: 11 }), 2)
    assert.deepEqual(journal.deadLetters({}), [])
  },
  async 'stops at its limit, oldest start first, and goes on when called again'(journal) {
    await record(journal, [
      { ends: 10 },
      { ends: 10 },
      { ends: 10, parent: 2 },
      { ends: 10, parent: 2 },
      { ends: 10 },
    ])
    const policy = { ...keepAll, endedBeforeMs: 20, limit: 2 }
    assert.equal(await journal.prune(policy), 4)
    assert.deepEqual(idsOf(journal), ['e5'])
    assert.equal(await journal.prune(policy), 1)
    assert.equal(await journal.prune(policy), 0)
    assert.equal(await journal.prune({ ...policy, limit: 0 }), 0)
  },
  async 'keeps the execution that has the newest row'(journal) {
    const rows = await record(journal, [{ ends: 10 }, { ends: 10 }])
    const [, second] = rows as [ExecutionRow, ExecutionRow]
    await journal.append({ ...nothing, rows: [row(second.execution, 3)] })
    assert.equal(await journal.prune({ ...keepAll, endedBeforeMs: 20 }), 1)
    assert.deepEqual(idsOf(journal), ['e2'])
    await record(journal, [{}], 'later')
    assert.equal(await journal.prune({ ...keepAll, endedBeforeMs: 20 }), 1)
  },
  async 'prunes nothing once it is closed'(journal) {
    await record(journal, [{ ends: 10 }])
    await journal.close()
    await assert.rejects(journal.prune(keepAll))
    throws('InternalError', () => journal.workflows())
    throws('InternalError', () => journal.deadLetters({}))
    throws('InternalError', () => journal.snapshot(1))
  },
}

/** The same for what outlives its owner. */
export const reopenedRetentionChecks: Readonly<Record<string, JournalCheck>> = {
  async 'still has tombstones when opened again, and uses no number twice'(journal, fixture) {
    const rows = await record(journal, [{ ends: 10 }, { ends: 10 }])
    const policy = { ...keepAll, endedBeforeMs: 20 }
    assert.equal(await journal.prune(policy), 2)
    const numbers = rows.map(({ execution }) => execution)
    const again = await reopened(fixture)
    assert.equal(again.find('e2')?.isPruned, true)
    const next = again.nextExecution()
    assert.ok(next > Math.max(...numbers))
    await rejects('StateConsistencyError', again, { ...nothing, starts: [start(next, 'e1')] })
    await record(again, [{ ends: 15 }], 'x')
    assert.equal(await again.prune({ ...keepAll, endedMax: 0 }), 1)
  },
}

/**
 * Records executions of two rows each and one more, open and with the newest row, that is removed from
 * what `idsOf` gives.
 *
 * @param given `parent` is the place of an earlier one, counted from 1
 * @returns what was started
 */
async function record(
  journal: Journal,
  given: readonly { readonly ends?: number; readonly parent?: number }[],
  prefix = 'e',
): Promise<readonly ExecutionRow[]> {
  const rows: ExecutionRow[] = []
  for (const [place, { ends, parent }] of given.entries()) {
    const execution = journal.nextExecution()
    const started = {
      ...start(execution, `${prefix}${place + 1}`),
      startedAtMs: 1 + place,
      parent: parent === undefined ? null : (rows[parent - 1]?.execution as number),
    }
    rows.push(ends === undefined ? started : { ...started, status: 'completed', endedAtMs: ends })
    await journal.append({
      ...nothing,
      documents: [document],
      starts: [started],
      rows: [row(execution, 1), row(execution, 2)],
    })
    const statuses = ends === undefined ? [] : [{ execution, status: 'completed', endedAtMs: ends }]
    await journal.append({ ...nothing, statuses })
  }
  const keeper = start(journal.nextExecution(), `${prefix} keeper`)
  await journal.append({ ...nothing, starts: [keeper], rows: [row(keeper.execution, 1)] })
  return rows
}

function idsOf(journal: Journal): readonly string[] {
  return journal
    .list({})
    .map(({ executionId }) => executionId)
    .filter((id) => !id.endsWith('keeper'))
    .toReversed()
}

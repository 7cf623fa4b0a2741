import assert from 'node:assert/strict'
import type { JsonObject } from '../../../core/json.ts'
import type { Journal } from '../journal.ts'
import {
  document,
  documentHash,
  type JournalCheck,
  type JournalFixture,
  nothing,
  rejects,
  reopened,
  row,
  start,
  startMany,
  startTwo,
  throws,
} from './journal-samples.ts'
import { budgetChecks, reopenedBudgetChecks } from './budget-suite.ts'
import { operationChecks, reopenedOperationChecks } from './operation-suite.ts'
import { reopenedRetentionChecks, retentionChecks } from './retention-suite.ts'

/** What an adapter may declare that it does not do, with the reason. */
export interface JournalGaps {
  readonly reopen?: string
  readonly takeOver?: string
}

/** One behaviour that every journal has; `run` rejects when this one has it not. */
export interface JournalCase {
  readonly name: string
  run(): Promise<void>
}

/**
 * The behaviours of the port `Journal`, to be run one by one by any test runner; each opens a journal
 * of its own and closes it.
 */
export function journalSuite(
  open: () => Promise<JournalFixture>,
  gaps: JournalGaps = {},
): readonly JournalCase[] {
  const checks = {
    ...sequenceChecks,
    ...atomicChecks,
    ...lookupChecks,
    ...payloadChecks,
    ...operationChecks,
    ...budgetChecks,
    ...retentionChecks,
    ...(gaps.reopen === undefined
      ? {
          ...durableChecks,
          ...reopenedOperationChecks,
          ...reopenedBudgetChecks,
          ...reopenedRetentionChecks,
        }
      : {}),
    ...(gaps.takeOver === undefined ? ownerChecks : {}),
  }
  return Object.entries<JournalCheck>(checks).map(([name, check]) => ({
    name,
    async run() {
      const fixture = await open()
      try {
        await check(fixture.journal, fixture)
      } finally {
        await fixture.close()
      }
    },
  }))
}

const sequenceChecks: Readonly<Record<string, JournalCheck>> = {
  async 'gives the rows of an execution back in order, and no others'(journal) {
    const [a, b] = await startTwo(journal)
    await journal.append({ ...nothing, rows: [row(a, 1, 2), row(b, 1), row(a, 3)] })
    await journal.append({ ...nothing, rows: [row(b, 2), row(a, 4, 3)] })
    assert.deepEqual(journal.rows(a), [row(a, 1, 2), row(a, 3), row(a, 4, 3)])
    assert.deepEqual(journal.rows(b), [row(b, 1), row(b, 2)])
    assert.deepEqual(journal.rows(journal.nextExecution()), [])
  },
  async 'gives the rows that hold events after a position, also in the middle of a row'(journal) {
    const [a] = await startTwo(journal)
    await journal.append({ ...nothing, rows: [row(a, 1, 2), row(a, 3), row(a, 4, 3)] })
    const firstSeqs = (afterSeq: number) => journal.rows(a, afterSeq).map((found) => found.seq)
    assert.deepEqual(firstSeqs(0), [1, 3, 4])
    assert.deepEqual(firstSeqs(1), [1, 3, 4])
    assert.deepEqual(firstSeqs(2), [3, 4])
    assert.deepEqual(firstSeqs(5), [4])
    assert.deepEqual(firstSeqs(6), [])
    assert.deepEqual(firstSeqs(60), [])
  },
  async 'reports a gap when it reads one'(journal) {
    const [a, b] = await startTwo(journal)
    await journal.append({ ...nothing, rows: [row(a, 1), row(a, 3), row(b, 2)] })
    throws('StateConsistencyError', () => journal.rows(a))
    throws('StateConsistencyError', () => journal.rows(a, 1))
    throws('StateConsistencyError', () => journal.rows(b))
    assert.deepEqual(journal.rows(a, 2), [row(a, 3)])
  },
  async 'reports events that were recorded twice'(journal) {
    const [a] = await startTwo(journal)
    await journal.append({ ...nothing, rows: [row(a, 1, 3), row(a, 2)] })
    throws('StateConsistencyError', () => journal.rows(a))
  },
  async 'refuses a sequence number that is taken, earlier or in the same batch'(journal) {
    const [a] = await startTwo(journal)
    await journal.append({ ...nothing, rows: [row(a, 1)] })
    const earlier = await rejects('StateConsistencyError', journal, {
      ...nothing,
      rows: [row(a, 1)],
    })
    assert.deepEqual(earlier, { execution: a, seq: 1 })
    await rejects('StateConsistencyError', journal, { ...nothing, rows: [row(a, 2), row(a, 2)] })
    assert.deepEqual(journal.rows(a), [row(a, 1)])
  },
  async 'gives each execution another number, above all recorded ones'(journal) {
    const numbers = new Set(Array.from({ length: 100 }, () => journal.nextExecution()))
    assert.equal(numbers.size, 100)
    await journal.append({ ...nothing, documents: [document], starts: [start(5_000, 'late')] })
    assert.ok(journal.nextExecution() > 5_000)
  },
}

const atomicChecks: Readonly<Record<string, JournalCheck>> = {
  async 'records nothing of a batch that fails'(journal) {
    const a = journal.nextExecution()
    const whole = { ...nothing, documents: [document], starts: [start(a, 'a')] }
    const change = { execution: a, status: 'completed', endedAtMs: 9 }
    await rejects('StateConsistencyError', journal, {
      ...whole,
      rows: [row(a, 1), row(a, 1)],
      statuses: [change],
    })
    assert.equal(journal.find('a'), undefined)
    assert.deepEqual(journal.list({}), [])
    assert.deepEqual(journal.rows(a), [])
    assert.equal(journal.document(documentHash), undefined)
    await journal.append({ ...whole, rows: [row(a, 1)], statuses: [change] })
    assert.deepEqual(journal.find('a'), { ...start(a, 'a'), status: 'completed', endedAtMs: 9 })
  },
  async 'takes the innocent part of a failed batch when it is appended again'(journal) {
    const [a, b] = await startTwo(journal)
    await journal.append({ ...nothing, rows: [row(b, 1)] })
    await rejects('StateConsistencyError', journal, { ...nothing, rows: [row(a, 1), row(b, 1)] })
    await journal.append({ ...nothing, rows: [row(a, 1)] })
    await rejects('StateConsistencyError', journal, { ...nothing, rows: [row(b, 1)] })
    assert.deepEqual(journal.rows(a), [row(a, 1)])
    assert.deepEqual(journal.rows(b), [row(b, 1)])
  },
  async 'refuses a second start of an id and names it'(journal) {
    const [a] = await startTwo(journal)
    const again = start(journal.nextExecution(), 'a')
    const details = await rejects('StateConsistencyError', journal, { ...nothing, starts: [again] })
    assert.equal(details?.['executionId'], 'a')
    const twins = [start(journal.nextExecution(), 'c'), start(journal.nextExecution(), 'c')]
    await rejects('StateConsistencyError', journal, { ...nothing, starts: twins })
    await rejects('StateConsistencyError', journal, { ...nothing, starts: [start(a, 'd')] })
    assert.deepEqual(
      journal.list({}).map((found) => found.executionId),
      ['b', 'a'],
    )
  },
  async 'refuses what names an unknown document, execution or status'(journal) {
    const [a] = await startTwo(journal)
    const next = journal.nextExecution()
    const orphan = { ...start(next, 'c'), documentHash: 'ee'.repeat(32) }
    await rejects('InternalError', journal, { ...nothing, starts: [orphan] })
    const unknown = { execution: next, status: 'running', endedAtMs: null }
    await rejects('InternalError', journal, { ...nothing, statuses: [unknown] })
    const odd = { execution: a, status: 'sleepy', endedAtMs: null }
    await rejects('InternalError', journal, { ...nothing, rows: [row(a, 1)], statuses: [odd] })
    assert.deepEqual(journal.rows(a), [])
  },
  async 'refuses every call once it is closed'(journal) {
    const [a] = await startTwo(journal)
    await journal.close()
    await rejects('InternalError', journal, { ...nothing, rows: [row(a, 1)] })
    for (const call of [() => journal.find('a'), () => journal.list({}), () => journal.open()]) {
      throws('InternalError', call)
    }
    throws('InternalError', () => journal.rows(a))
    throws('InternalError', () => journal.nextExecution())
  },
}

const lookupChecks: Readonly<Record<string, JournalCheck>> = {
  async 'finds an execution by its id, as it was started'(journal) {
    const odd = { startHash: 'not hexadecimal', startedAtMs: 0 }
    const given = { ...start(journal.nextExecution(), 'A.b-c_1'), ...odd }
    await journal.append({ ...nothing, documents: [document], starts: [given] })
    assert.deepEqual(journal.find('A.b-c_1'), given)
    assert.equal(journal.find('a.b-c_1'), undefined)
  },
  async 'lists newest first, and filters by status, workflow and metadata'(journal) {
    await startMany(journal)
    const ids = (filter: Parameters<Journal['list']>[0]) =>
      journal.list(filter).map((found) => found.executionId)
    assert.deepEqual(ids({}), ['e4', 'e3', 'e2', 'e1'])
    assert.deepEqual(ids({ limit: 2 }), ['e4', 'e3'])
    const third = journal.find('e3')?.execution ?? 0
    assert.deepEqual(ids({ before: third, limit: 1 }), ['e2'])
    assert.deepEqual(ids({ status: 'failed' }), ['e4', 'e2'])
    assert.deepEqual(ids({ workflow: 'audit' }), ['e4', 'e3'])
    assert.deepEqual(ids({ workflow: 'audit', status: 'failed' }), ['e4'])
    assert.deepEqual(ids({ metadata: { team: 'sre' } }), ['e3', 'e1'])
    assert.deepEqual(ids({ metadata: { team: 'sre', tier: '1' } }), ['e1'])
    assert.deepEqual(ids({ metadata: { on: 'true' } }), ['e2'])
    assert.deepEqual(ids({ metadata: { toString: 'x' } }), [])
    assert.deepEqual(ids({ workflow: 'nobody' }), [])
  },
  async 'lists 1,000 executions when no limit is given'(journal) {
    const starts = Array.from({ length: 1_001 }, (_, i) => start(journal.nextExecution(), `e${i}`))
    await journal.append({ ...nothing, documents: [document], starts })
    const found = journal.list({})
    assert.equal(found.length, 1_000)
    assert.equal(found[0]?.executionId, 'e1000')
  },
  async 'knows which executions have not ended, oldest first, also when one is reopened'(journal) {
    const numbers = await startMany(journal)
    const ids = () => journal.open().map((found) => found.executionId)
    assert.deepEqual(ids(), ['e1', 'e3'])
    const reopened = { execution: numbers[1] as number, status: 'running', endedAtMs: null }
    await journal.append({ ...nothing, statuses: [reopened] })
    assert.deepEqual(ids(), ['e1', 'e2', 'e3'])
    assert.equal(journal.find('e2')?.endedAtMs, null)
  },
  async 'stores a document once under its hash'(journal) {
    await journal.append({ ...nothing, documents: [document, document] })
    await journal.append({ ...nothing, documents: [{ hash: documentHash, text: 'another text' }] })
    assert.equal(journal.document(documentHash), document.text)
    assert.equal(journal.document('ff'.repeat(32)), undefined)
  },
}

const payloadChecks: Readonly<Record<string, JournalCheck>> = {
  async 'keeps any text: other scripts, emoji, control characters and dangerous keys'(journal) {
    const [a] = await startTwo(journal)
    const texts = [
      '{"__proto__":{"polluted":true},"constructor":null}',
      JSON.stringify({ größe: '日本語 🜁 \u0000 \u2028 \ud800' }),
      "'; DROP TABLE journal; --",
      '',
    ]
    const rows = texts.map((payload, i) => ({ execution: a, seq: i + 1, count: 1, payload }))
    await journal.append({ ...nothing, rows })
    assert.deepEqual(
      journal.rows(a).map((found) => found.payload),
      texts,
    )
  },
  async 'keeps metadata with dangerous keys apart from the prototype'(journal) {
    const metadata = JSON.parse('{"__proto__":{"polluted":true},"größe":"🜁"}') as JsonObject
    const given = { ...start(journal.nextExecution(), 'odd'), metadata }
    await journal.append({ ...nothing, documents: [document], starts: [given] })
    const found = journal.find('odd')?.metadata as JsonObject
    assert.equal(JSON.stringify(found), JSON.stringify(metadata))
    assert.equal('polluted' in found, false)
    assert.equal(journal.list({ metadata: { größe: '🜁' } }).length, 1)
  },
  async 'keeps a payload and a document of a million characters'(journal) {
    const [a] = await startTwo(journal)
    const payload = 'aé🜁'.repeat(250_000)
    const long = { hash: 'cc'.repeat(32), text: payload }
    await journal.append({
      ...nothing,
      documents: [long],
      rows: [{ execution: a, seq: 1, count: 1, payload }],
    })
    assert.ok(journal.rows(a)[0]?.payload === payload)
    assert.ok(journal.document(long.hash) === payload)
  },
}

const durableChecks: Readonly<Record<string, JournalCheck>> = {
  async 'still has everything after it is opened again, and goes on from there'(journal, fixture) {
    const numbers = await startMany(journal)
    const a = numbers[0] as number
    await journal.append({ ...nothing, rows: [row(a, 1, 2)] })
    const before = journal.list({})
    const again = await reopened(fixture)
    assert.deepEqual(again.list({}), before)
    assert.deepEqual(again.rows(a), [row(a, 1, 2)])
    assert.equal(again.document(documentHash), document.text)
    assert.ok(again.nextExecution() > Math.max(...numbers))
    await rejects('StateConsistencyError', again, { ...nothing, rows: [row(a, 1)] })
    await again.append({ ...nothing, rows: [row(a, 3)] })
    assert.deepEqual(again.rows(a), [row(a, 1, 2), row(a, 3)])
  },
}

const ownerChecks: Readonly<Record<string, JournalCheck>> = {
  async 'refuses the commits of an owner that has lost the file'(journal, fixture) {
    const [a] = await startTwo(journal)
    assert.ok(fixture.takeOver, 'the adapter neither takes over nor declares that gap')
    const successor = await fixture.takeOver()
    await rejects('StateConsistencyError', journal, { ...nothing, rows: [row(a, 1)] })
    await successor.append({ ...nothing, rows: [row(a, 1)] })
    await rejects('StateConsistencyError', journal, { ...nothing, rows: [row(a, 2)] })
    assert.deepEqual(successor.rows(a), [row(a, 1)])
  },
}

import assert from 'node:assert/strict'
import type { ErrorJson } from '../../../core/errors.ts'
import type { DeadLetterChange, Journal, JournalRow, SnapshotRow } from '../journal.ts'
import {
  document,
  documentHash,
  type JournalCheck,
  nothing,
  rejects,
  reopened,
  row,
  start,
  startMany,
  startTwo,
} from './journal-samples.ts'

const otherDocument = { hash: 'd1'.repeat(32), text: '{"name":"triage","changed":true}' }
const error: ErrorJson = {
  code: 'AgentError',
  message: 'größer 🜁',
  retryable: false,
  hint: null,
  details: { stepId: 'book' },
}

const snapshotChecks: Readonly<Record<string, JournalCheck>> = {
  async 'gives the newest snapshot of an execution, and none of others'(journal) {
    const [a, b] = await startTwo(journal)
    assert.equal(journal.snapshot(a), undefined)
    await journal.append({ ...nothing, snapshots: [snapshot(a, 4), snapshot(b, 9)] })
    await journal.append({ ...nothing, snapshots: [snapshot(a, 7), snapshot(a, 5)] })
    assert.deepEqual(journal.snapshot(a), snapshot(a, 7))
    assert.deepEqual(journal.snapshot(b), snapshot(b, 9))
    const again = { ...snapshot(a, 7), kernelVersion: 3, payload: 'folded anew' }
    await journal.append({ ...nothing, snapshots: [again] })
    assert.deepEqual(journal.snapshot(a), again)
  },
  async 'has no snapshot of an execution that has ended'(journal) {
    const [a, b] = await startTwo(journal)
    await journal.append({ ...nothing, snapshots: [snapshot(a, 4), snapshot(b, 4)] })
    await journal.append({ ...nothing, statuses: [ended(a, 9)] })
    assert.equal(journal.snapshot(a), undefined)
    await journal.append({ ...nothing, statuses: [ended(b, 9)], snapshots: [snapshot(b, 8)] })
    await journal.append({ ...nothing, snapshots: [snapshot(a, 8)] })
    assert.equal(journal.snapshot(a), undefined)
    assert.equal(journal.snapshot(b), undefined)
    const reopens = { execution: a, status: 'running', endedAtMs: null }
    await journal.append({ ...nothing, statuses: [reopens], snapshots: [snapshot(a, 9)] })
    assert.deepEqual(journal.snapshot(a), snapshot(a, 9))
  },
  async 'refuses a snapshot or dead letter of an execution that has not started'(journal) {
    const [a] = await startTwo(journal)
    const unknown = journal.nextExecution()
    await rejects('InternalError', journal, {
      ...nothing,
      rows: [row(a, 1)],
      snapshots: [snapshot(unknown, 1)],
    })
    await rejects('InternalError', journal, { ...nothing, deadLetters: [opened('x', unknown)] })
    assert.deepEqual(journal.rows(a), [])
    assert.deepEqual(journal.deadLetters({}), [])
  },
}

const deadLetterChecks: Readonly<Record<string, JournalCheck>> = {
  async 'gives open dead letters in order of opening until they are closed'(journal) {
    const [a, b] = await startTwo(journal)
    const undo = { ...opened('a/book/compensate', a, 5), stepId: null }
    await journal.append({ ...nothing, deadLetters: [opened('b', b, 9), opened('a', a, 7)] })
    await journal.append({ ...nothing, deadLetters: [undo] })
    assert.deepEqual(journal.deadLetters({}), [
      { id: 'b', executionId: 'b', stepId: 'book', error, atMs: 9 },
      { id: 'a', executionId: 'a', stepId: 'book', error, atMs: 7 },
      { id: 'a/book/compensate', executionId: 'a', stepId: null, error, atMs: 5 },
    ])
    assert.deepEqual(journal.deadLetter('a')?.atMs, 7)
    await journal.append({ ...nothing, deadLetters: [closed('b'), closed('nobody')] })
    assert.deepEqual(idsOf(journal, {}), ['a', 'a/book/compensate'])
    assert.equal(journal.deadLetter('b'), undefined)
  },
  async 'makes a dead letter that is opened again the newest, with its new error'(journal) {
    const [a, b] = await startTwo(journal)
    await journal.append({ ...nothing, deadLetters: [opened('a', a, 1), opened('b', b, 2)] })
    const again = { ...opened('a', a, 3), error: { ...error, message: 'again' } }
    await journal.append({ ...nothing, deadLetters: [again] })
    assert.deepEqual(idsOf(journal, {}), ['b', 'a'])
    assert.equal(journal.deadLetter('a')?.error.message, 'again')
    const reopenedAtOnce = [closed('b'), opened('b', b, 4), closed('a')]
    await journal.append({ ...nothing, deadLetters: reopenedAtOnce })
    assert.deepEqual(idsOf(journal, {}), ['b'])
  },
  async 'filters dead letters by execution and workflow, and limits them'(journal) {
    const numbers = await startMany(journal)
    const deadLetters = numbers.map((execution, i) => opened(`e${i + 1}`, execution, i))
    await journal.append({ ...nothing, deadLetters })
    assert.deepEqual(idsOf(journal, { executionId: 'e2' }), ['e2'])
    assert.deepEqual(idsOf(journal, { executionId: 'nobody' }), [])
    assert.deepEqual(idsOf(journal, { workflow: 'audit' }), ['e3', 'e4'])
    assert.deepEqual(idsOf(journal, { workflow: 'audit', limit: 1 }), ['e3'])
    assert.deepEqual(idsOf(journal, { executionId: 'e2', workflow: 'audit' }), [])
    assert.deepEqual(idsOf(journal, { limit: 3 }), ['e1', 'e2', 'e3'])
    assert.deepEqual(idsOf(journal, { limit: 0 }), [])
  },
}

const registryChecks: Readonly<Record<string, JournalCheck>> = {
  async 'registers the document of a start under its name and version'(journal) {
    assert.deepEqual(journal.workflows(), [])
    const numbers = await startMany(journal)
    const registeredAtMs = (place: number) => 1_700_000_000_000 + (numbers[place] as number)
    const both = [
      { ...registered('audit', documentHash), registeredAtMs: registeredAtMs(2) },
      { ...registered('triage', documentHash), registeredAtMs: registeredAtMs(0) },
    ]
    assert.deepEqual(journal.workflows(), both)
    await journal.append({ ...nothing, starts: [start(journal.nextExecution(), 'later')] })
    assert.deepEqual(journal.workflows(), both)
  },
  async 'keeps the newest document of a name and version, and when it came'(journal) {
    const one = { name: 'triage', version: '1.0.0', documentHash, atMs: 5 }
    const changed = { ...one, documentHash: otherDocument.hash, atMs: 7 }
    await journal.append({ ...nothing, documents: [document], workflows: [one] })
    await journal.append({ ...nothing, workflows: [{ ...one, atMs: 6 }] })
    assert.deepEqual(journal.workflows(), [
      { ...registered('triage', documentHash), registeredAtMs: 5 },
    ])
    await journal.append({ ...nothing, documents: [otherDocument], workflows: [changed] })
    await journal.append({
      ...nothing,
      workflows: [
        { ...one, version: '10.0.0' },
        { ...one, name: 'audit' },
      ],
    })
    assert.deepEqual(journal.workflows(), [
      { ...registered('audit', documentHash), registeredAtMs: 5 },
      { ...registered('triage', otherDocument.hash), registeredAtMs: 7 },
      { ...registered('triage', documentHash), version: '10.0.0', registeredAtMs: 5 },
    ])
  },
  async 'lets a start of an older document replace no newer registration'(journal) {
    const starts = [start(journal.nextExecution(), 'old')]
    const newer = { name: 'triage', version: '1.0.0', documentHash: otherDocument.hash, atMs: 9 }
    await journal.append({
      ...nothing,
      documents: [document, otherDocument],
      starts,
      workflows: [newer],
    })
    const pinned = [start(journal.nextExecution(), 'child of old')]
    await journal.append({ ...nothing, starts: pinned })
    assert.equal(journal.workflows()[0]?.documentHash, otherDocument.hash)
    const third = { hash: 'd2'.repeat(32), text: '{}' }
    const first = { ...start(journal.nextExecution(), 'new'), documentHash: third.hash }
    await journal.append({ ...nothing, documents: [third], starts: [first] })
    assert.equal(journal.workflows()[0]?.documentHash, third.hash)
  },
  async 'refuses to register an unknown document'(journal) {
    const unknown = { name: 'triage', version: '1.0.0', documentHash: 'ee'.repeat(32), atMs: 5 }
    await rejects('InternalError', journal, { ...nothing, workflows: [unknown] })
    assert.deepEqual(journal.workflows(), [])
  },
}

const largePayloadChecks: Readonly<Record<string, JournalCheck>> = {
  async 'gives large values back exactly, in whatever they are wrapped'(journal) {
    const [a, b] = await startTwo(journal)
    const list = Array.from({ length: 3_000 }, (_, i) => ({ at: i, text: `"größe" \\ ${i} 🜁` }))
    const payloads = [
      JSON.stringify([1, [12, 'load', { list, more: 'x'.repeat(40_000) }]]),
      JSON.stringify([2, [1, 'next', { input: { deep: [{ list }] } }], [1, 'other', [list, list]]]),
      JSON.stringify([3, [12, 'next', list.map(({ at }) => at / 3)]]),
      `{"1":${'"a"'.padStart(40_000)} , "__proto__" : [${'1e5, '.repeat(10_000)}0] }`,
    ]
    const rows = payloads.map((payload, i): JournalRow => ({
      execution: a,
      seq: i + 1,
      count: 1,
      payload,
    }))
    await journal.append({ ...nothing, rows })
    const [first] = payloads as [string]
    await journal.append({ ...nothing, rows: [{ ...row(b, 1), payload: first }] })
    assert.deepEqual(
      journal.rows(a).map(({ payload }) => payload),
      payloads,
    )
    assert.equal(journal.rows(b)[0]?.payload, first)
    const folded = { ...snapshot(a, 4), payload: JSON.stringify({ state: [list, 'more'] }) }
    await journal.append({ ...nothing, snapshots: [folded] })
    assert.deepEqual(journal.snapshot(a), folded)
  },
}

const memoryChecks: Readonly<Record<string, JournalCheck>> = {
  async 'remembers with the batch what calls have written, and nothing of one that is refused'(
    journal,
  ) {
    const [a] = await startTwo(journal)
    const space = { owner: 'scribe', namespace: 'n' }
    const memory = (value: number) => {
      const entry = { value, text: null, metadata: {} }
      const writes = [{ namespace: 'n', key: 'k', entry }]
      return { change: { owner: 'scribe', entriesMax: 9, bytesMax: 999, writes }, atMs: 5 }
    }
    await journal.append({ ...nothing, rows: [row(a, 1)], memories: [memory(1)] })
    assert.equal(journal.memories.get(space, 'k', 6)?.value, 1)
    await rejects('StateConsistencyError', journal, {
      ...nothing,
      rows: [row(a, 1)],
      memories: [memory(2)],
    })
    assert.equal(journal.memories.get(space, 'k', 6)?.value, 1)
    assert.equal(journal.memories.use(space).entries, 1)
  },
}

/** Behaviours around a single execution: snapshots, dead letters, the registry, large values. */
export const operationChecks: Readonly<Record<string, JournalCheck>> = {
  ...snapshotChecks,
  ...deadLetterChecks,
  ...registryChecks,
  ...largePayloadChecks,
  ...memoryChecks,
}

/** The same for what outlives its owner. */
export const reopenedOperationChecks: Readonly<Record<string, JournalCheck>> = {
  async 'still has snapshots, dead letters, registrations and parents when opened again'(
    journal,
    fixture,
  ) {
    const [a, b] = await startTwo(journal)
    const child = { ...start(journal.nextExecution(), 'a.page'), parent: a }
    await journal.append({
      ...nothing,
      starts: [child],
      snapshots: [snapshot(a, 3)],
      deadLetters: [opened('b', b)],
    })
    const before = [journal.deadLetters({}), journal.workflows(), journal.find('a.page')]
    const again = await reopened(fixture)
    assert.deepEqual(again.snapshot(a), snapshot(a, 3))
    assert.deepEqual([again.deadLetters({}), again.workflows(), again.find('a.page')], before)
    assert.equal(again.find('a.page')?.parent, a)
    await again.append({ ...nothing, statuses: [ended(a, 9)], deadLetters: [closed('b')] })
    assert.equal(again.snapshot(a), undefined)
    assert.deepEqual(again.deadLetters({}), [])
  },
}

function snapshot(execution: number, seq: number): SnapshotRow {
  return { execution, seq, kernelVersion: 2, payload: JSON.stringify({ execution, seq }) }
}

function opened(id: string, execution: number, atMs = 1): DeadLetterChange & { kind: 'open' } {
  return { kind: 'open', id, execution, stepId: 'book', error, atMs }
}

function closed(id: string): DeadLetterChange {
  return { kind: 'close', id }
}

function ended(execution: number, endedAtMs: number) {
  return { execution, status: 'completed', endedAtMs }
}

function registered(name: string, hash: string) {
  return { name, version: '1.0.0', documentHash: hash }
}

function idsOf(journal: Journal, filter: Parameters<Journal['deadLetters']>[0]): readonly string[] {
  return journal.deadLetters(filter).map(({ id }) => id)
}

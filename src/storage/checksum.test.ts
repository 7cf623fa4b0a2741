import { describe, expect, it } from 'vitest'
import {
  deadLetterChecksum,
  definitionChecksum,
  documentChecksum,
  executionChecksum,
  graphRecordChecksum,
  memoryChecksum,
  journalChecksum,
  snapshotChecksum,
  stateChecksum,
  workflowChecksum,
} from './checksum.ts'

const row = { execution: 7, seq: 3, count: 2, codec: 0, payload: '[1,[12,"a"]]' }
const execution = {
  execution: 7,
  executionId: 'inc-1',
  definition: 2,
  startHash: Buffer.from('ab'.repeat(32), 'hex'),
  startedAtMs: 1_700_000_000_000,
  parent: null,
}
const memory = {
  number: 1,
  owner: 'a',
  namespace: 'n',
  key: 'k',
  createdAtMs: 5,
  writtenAtMs: 7,
  expiresAtMs: 9,
  codec: 0,
  payload: '{}',
}
const record = {
  thread: 2,
  checkpointId: 'c1',
  taskId: '',
  parentId: null,
  codec: 0,
  payload: '{}',
}
const letter = { id: 'inc-1', execution: 7, stepId: 'a', atMs: 5, codec: 0, payload: '{}' }

describe('the checksums', () => {
  it('change with each of their fields', () => {
    const variants: readonly number[] = [
      ...[
        {},
        { execution: 8 },
        { seq: 4 },
        { count: 3 },
        { codec: 1 },
        { payload: '[1,[12,"b"]]' },
      ].map((other) => journalChecksum({ ...row, ...other })),
      ...[
        {},
        { execution: 8 },
        { executionId: 'inc-2' },
        { definition: 3 },
        { startHash: 'other' },
        { startedAtMs: 1_700_000_000_000 + 4_294_967_296 },
        { parent: 1 },
      ].map((other) => executionChecksum({ ...execution, ...other })),
      ...[
        {},
        { id: 'inc-2' },
        { execution: 8 },
        { stepId: null },
        { atMs: 6 },
        { codec: 1 },
        { payload: '' },
      ].map((other) => deadLetterChecksum({ ...letter, ...other })),
      ...[
        {},
        { thread: 3 },
        { checkpointId: null },
        { taskId: 't' },
        { parentId: 'c0' },
        { codec: 1 },
        { payload: '' },
      ].map((other) => graphRecordChecksum({ ...record, ...other })),
      ...[
        {},
        { number: 2 },
        { owner: 'b' },
        { namespace: 'm' },
        { key: 'l' },
        { createdAtMs: 6 },
        { writtenAtMs: 8 },
        { expiresAtMs: null },
        { codec: 1 },
        { payload: '' },
      ].map((other) => memoryChecksum({ ...memory, ...other })),
    ]
    expect(new Set(variants).size).toBe(variants.length)
  })

  it('tell the same bytes as text from bytes', () => {
    const asText = executionChecksum({ ...execution, startHash: 'abc' })
    const asBytes = executionChecksum({ ...execution, startHash: Buffer.from('abc') })
    expect(asText).not.toBe(asBytes)
  })

  it('of a status changes with execution, status and end', () => {
    const states = [
      stateChecksum(1, 3, null),
      stateChecksum(2, 3, null),
      stateChecksum(1, 4, null),
      stateChecksum(1, 3, 5),
      stateChecksum(1, 3, 5 + 4_294_967_296),
    ]
    expect(new Set(states).size).toBe(states.length)
    for (const state of states) {
      expect(state).toBeGreaterThanOrEqual(2 ** 30)
      expect(state).toBeLessThan(2 ** 31)
    }
  })

  // A change of any of these makes every file unreadable that was written before.
  it('stay what they were when files were written', () => {
    expect(journalChecksum(row)).toBe(-1_812_237_125)
    expect(executionChecksum(execution)).toBe(2_048_864_431)
    expect(stateChecksum(7, 3, 1_700_000_000_000)).toBe(1_468_016_072)
    expect(documentChecksum({ hash: 'd0', codec: 0, payload: '{}' })).toBe(1_393_882_980)
    const shared = { documentHash: 'd0', workflow: 'w', version: '1.0.0', metadata: '{}' }
    expect(definitionChecksum({ definition: 1, ...shared })).toBe(320_563_053)
    expect(
      snapshotChecksum({ execution: 7, seq: 3, kernelVersion: 1, codec: 0, payload: '{}' }),
    ).toBe(-1_244_301_714)
    expect(deadLetterChecksum(letter)).toBe(885_336_970)
    const registered = { name: 'w', version: '1.0.0', documentHash: 'd0', registeredAtMs: 5 }
    expect(workflowChecksum(registered)).toBe(-1_893_969_918)
    expect(graphRecordChecksum(record)).toBe(159_955_242)
    expect(memoryChecksum(memory)).toBe(-239_708_174)
  })
})

import { expect, test } from 'vitest'
import { readStateRecord, stateRecord } from './state-record.ts'

const entry = { key: 'x', version: 3, value: [1], metadata: {}, atMs: 5, expiresAtMs: null }
const written = stateRecord('t', 'w-1', { entry, revision: 9 })
const read = (key: string | null, value: string | null) =>
  readStateRecord({
    ...written,
    partition: 0,
    offset: 0n,
    timestampMs: 0,
    headers: new Map(),
    key,
    value,
  })

test('a record says what was written', () => {
  const image = { revision: 9, entries: [entry] }
  expect(read(written.key, written.value)).toEqual({ workflowId: 'w-1', key: 'x', image })
  expect(read(written.key, null)).toEqual({ workflowId: 'w-1', key: 'x', image: null })
})

test.each([
  ['no key', null, written.value],
  ['a key that is no JSON', 'w-1', written.value],
  ['a key with one name', '["w-1"]', null],
  ['the key of another entry', '["w-1","y"]', written.value],
  ['the key of another workflow', '["w-2","x"]', written.value],
  ['a value that is no JSON', written.key, '{'],
  ['a value that is a list', written.key, '[]'],
  ['no version', written.key, written.value?.replace('"version":3', '"version":"3"') ?? ''],
  [
    'a negative revision',
    written.key,
    written.value?.replace('"revision":9', '"revision":-9') ?? '',
  ],
])('a record with %s is none of a state', (_, key, value) => {
  expect(read(key, value)).toBeNull()
})

import { expect, test } from 'vitest'
import type { JsonObject } from '../json.ts'
import { limits } from '../limits.ts'
import { extendEvent, readCloudEvent, repeatKey } from './events.ts'

const plain = { id: '1', source: 's', type: 't' }

test('an event from outside is checked, completed and copied', () => {
  const data = { list: [1, { a: undefined, b: 'x' }] }
  const event = readCloudEvent({ ...plain, specversion: '1.0', other: 'dropped', data })
  expect(event).toEqual({
    ...plain,
    time: null,
    subject: null,
    data: { list: [1, { b: 'x' }] },
  })
  data.list.length = 0
  expect(event.data).toEqual({ list: [1, { b: 'x' }] })
  expect(() => (event.data as { list: number[] }).list.push(2)).toThrow(TypeError)
  expect(readCloudEvent(event)).toBe(event)
})

test.each([
  [null, 'an event is an object'],
  [[plain], 'an event is an object'],
  [{ ...plain, id: '' }, "'id' is a text"],
  [{ ...plain, source: 5 }, "'source' is a text"],
  [{ id: '1', source: 's' }, "'type' is a text of 1 to 1024 characters, found nothing"],
  [{ ...plain, type: 'x'.repeat(1_025) }, "'type' is a text"],
  [{ ...plain, subject: '' }, "'subject' is a text"],
  [{ ...plain, specversion: '0.3' }, "'specversion' is 1.0"],
  [{ ...plain, data_base64: 'AA==' }, "'data' is JSON"],
  [{ ...plain, time: 'yesterday' }, "'time' is RFC 3339"],
  [{ ...plain, expirytime: 'soon' }, "'expirytime' is RFC 3339"],
  [{ ...plain, partitionkey: 5 }, "'partitionkey' is a text"],
  [{ ...plain, correlationid: '' }, "'correlationid' is a text"],
  [{ ...plain, data: { n: 1n } }, "'data' is JSON"],
])('a bad event is refused by the attribute: %#', (value, message) => {
  expect(() => readCloudEvent(value)).toThrow(
    expect.objectContaining({ code: 'InputError', message: expect.stringContaining(message) }),
  )
})

const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'

test('known extension attributes are kept, null is absent, and a malformed trace is dropped', () => {
  const extensions = {
    partitionkey: 'k',
    correlationid: 'c',
    causationid: 'b',
    expirytime: '2026-05-01T12:00:00Z',
    traceparent,
    tracestate: 'a=b',
  }
  expect(readCloudEvent({ ...plain, ...extensions })).toMatchObject(extensions)
  const none = readCloudEvent({ ...plain, partitionkey: null, expirytime: null })
  expect(Object.keys(none)).toEqual(['id', 'source', 'type', 'time', 'subject', 'data'])
  for (const bad of ['', 'x', 5, `00-${'0'.repeat(32)}-b7ad6b7169203331-01`]) {
    const event = readCloudEvent({ ...plain, traceparent: bad, tracestate: 'a=b' })
    expect([event.traceparent, event.tracestate]).toEqual([undefined, undefined])
  }
  const extended = extendEvent(none, { correlationid: 'c' })
  expect([extended.correlationid, extended.id, readCloudEvent(extended)]).toEqual([
    'c',
    '1',
    extended,
  ])
})

test('an event that throws when it is read, or has names of prototypes, harms nobody', () => {
  const hostile = new Proxy(
    {},
    {
      get() {
        throw new Error('no')
      },
    },
  )
  expect(() => readCloudEvent(hostile)).toThrow(expect.objectContaining({ code: 'InputError' }))
  const data = JSON.parse('{"__proto__": {"polluted": true}, "constructor": 1}') as JsonObject
  const event = readCloudEvent({ id: '__proto__', source: 'constructor', type: 'toString', data })
  expect(JSON.stringify(event.data)).toBe('{"__proto__":{"polluted":true},"constructor":1}')
  expect(Object.getPrototypeOf(event.data)).toBe(Object.prototype)
  expect(({} as { polluted?: boolean }).polluted).toBeUndefined()
})

test('an event is named by source and id together', () => {
  const named = (source: string, id: string) => repeatKey(readCloudEvent({ ...plain, source, id }))
  expect(named('a', 'bc')).toBe(named('a', 'bc'))
  expect(new Set([named('a', 'bc'), named('ab', 'c'), named('abc', 'a')]).size).toBe(3)
})

test('data that is too large or too deep is refused before anybody sees it', () => {
  expect(() => readCloudEvent({ ...plain, data: 'x'.repeat(limits.payloadBytesMax) })).toThrow(
    expect.objectContaining({ code: 'ResourceExhaustionError' }),
  )
  expect(() => readCloudEvent({ ...plain, data: 'ä'.repeat(limits.payloadBytesMax / 2) })).toThrow(
    expect.objectContaining({ code: 'ResourceExhaustionError' }),
  )
  let deep: unknown = 0
  for (let i = 0; i <= limits.depthMax; i++) deep = [deep]
  expect(() => readCloudEvent({ ...plain, data: deep })).toThrow(
    expect.objectContaining({ code: 'InputError' }),
  )
})

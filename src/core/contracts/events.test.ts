import { expect, test } from 'vitest'
import { limits } from '../limits.ts'
import { readCloudEvent } from './events.ts'

const plain = { id: '1', source: 's', type: 't' }

test('an event from outside is checked, completed and copied', () => {
  const data = { list: [1, { a: undefined, b: 'x' }] }
  const event = readCloudEvent({ ...plain, specversion: '1.0', traceparent: 'dropped', data })
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
  [{ ...plain, data: { n: 1n } }, "'data' is JSON"],
])('a bad event is refused by the attribute: %#', (value, message) => {
  expect(() => readCloudEvent(value)).toThrow(
    expect.objectContaining({ code: 'InputError', message: expect.stringContaining(message) }),
  )
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

import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { aesGcmCodec } from './aes-gcm-codec.ts'

const oldKey = randomBytes(32)
const newKey = randomBytes(32)
const before = aesGcmCodec({ current: 'old', keys: new Map([['old', oldKey]]) })
const after = aesGcmCodec({
  current: 'new',
  keys: new Map([
    ['old', oldKey],
    ['new', newKey],
  ]),
})

const plain = (value: string) => ({
  metadata: { encoding: Buffer.from('json/plain') },
  data: Buffer.from(value),
})

test('a payload comes back as it was, whatever its bytes', async () => {
  const bytes = fc.uint8Array().map((value) => Buffer.from(value))
  const metadata = fc.dictionary(fc.string(), bytes, { noNullPrototype: true })
  await fc.assert(
    fc.asyncProperty(fc.array(fc.record({ metadata, data: bytes })), async (payloads) => {
      expect(await after.decode(await after.encode(payloads))).toEqual(payloads)
    }),
  )
})

test('Temporal sees neither the value nor its encoding, and never the same bytes twice', async () => {
  const secrets = [plain('"the secret"'), plain('"the secret"')]
  const [first, second] = await after.encode(secrets)
  expect(Buffer.from(first?.data ?? []).includes('secret')).toBe(false)
  expect(JSON.stringify(first?.metadata)).not.toContain('json/plain')
  expect(first?.data).not.toEqual(second?.data)
})

test('what was sealed with an old key is read after the keys have changed', async () => {
  expect(await after.decode(await before.encode([plain('1')]))).toEqual([plain('1')])
})

test('a payload that was never sealed is read as it is', async () => {
  expect(await after.decode([plain('1')])).toEqual([plain('1')])
})

test('a payload without metadata and data comes back empty', async () => {
  expect(await after.decode(await after.encode([{}]))).toEqual([
    { metadata: {}, data: Buffer.alloc(0) },
  ])
})

test('a key that is not there is named', async () => {
  const payloads = await after.encode([plain('1')])
  await expect(before.decode(payloads)).rejects.toMatchObject({
    code: 'StorageError',
    message: "the payload key 'new' is missing",
    details: { keyId: 'new' },
  })
})

test('a payload of which any byte was changed is refused', async () => {
  const [payload] = await after.encode([plain('"pay 10"')])
  const { metadata = {}, data } = payload ?? {}
  const bytes = Buffer.from(data ?? [])
  for (const at of bytes.keys()) {
    const changed = Buffer.from(bytes)
    changed.writeUInt8(changed.readUInt8(at) ^ 1, at)
    await expect(after.decode([{ metadata, data: changed }])).rejects.toMatchObject({
      code: 'StorageError',
    })
  }
})

test('a payload that was cut short, or says another key, is refused', async () => {
  const [payload] = await after.encode([plain('1')])
  const { metadata = {}, data } = payload ?? {}
  const cut = { metadata, data: Buffer.from(data ?? []).subarray(0, 20) }
  const renamed = { metadata: { ...metadata, 'encryption-key-id': Buffer.from('old') }, data }
  for (const wrong of [cut, renamed, { metadata }])
    await expect(after.decode([wrong as typeof cut])).rejects.toThrow('cannot be opened')
})

test('a current key that is missing, and a key of a wrong length, are refused at once', () => {
  const keys = new Map([['a', randomBytes(16)]])
  expect(() => aesGcmCodec({ current: 'b', keys })).toThrow("key 'b' is missing")
  expect(() => aesGcmCodec({ current: 'a', keys })).toThrow('has 16 bytes')
})

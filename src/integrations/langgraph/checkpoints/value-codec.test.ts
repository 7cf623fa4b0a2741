import { JsonPlusSerializer } from '@langchain/langgraph-checkpoint'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { type StoredValue, ValueCodec } from './value-codec.ts'

const serde = new JsonPlusSerializer()
const codec = new ValueCodec(serde, true)

/** The serialiser makes the prototype of it, and what has that of a Map cannot be compared. */
const isComparable = (key: string): boolean => key !== '__proto__'

/** Values as channels hold them, those included that look like the serialiser's own records. */
const values = fc.anything({
  withSet: true,
  withMap: true,
  withTypedArray: false,
  withNullPrototype: false,
  key: fc.oneof(
    fc.string().filter(isComparable),
    fc.constantFrom('lc', 'type', 'id', 'args', 'toString'),
  ),
  values: [
    fc.string(),
    fc.double(),
    fc.boolean(),
    fc.constantFrom(null, undefined, 2, 'undefined', 'constructor'),
  ],
})

it("gives back what LangGraph's own serialiser gives back", async () => {
  await fc.assert(
    fc.asyncProperty(values, async (value) => {
      const [type, bytes] = await serde.dumpsTyped(value)
      const stored = JSON.parse(await codec.encode(value)) as StoredValue
      expect(await codec.decode(stored)).toEqual(await serde.loadsTyped(type, bytes))
    }),
    { numRuns: 300 },
  )
})

it('gives what lies under `__proto__` to the serialiser, as it makes it', async () => {
  for (const inner of [new Map([['a', 1]]), { a: 1 }]) {
    const value = { ['__proto__']: inner }
    const [type, bytes] = await serde.dumpsTyped(value)
    const expected: unknown = await serde.loadsTyped(type, bytes)
    const given: unknown = await codec.decode(JSON.parse(await codec.encode(value)) as StoredValue)
    expect(Object.keys(given as object)).toEqual(Object.keys(expected as object))
    expect(Object.getPrototypeOf(given)).toEqual(Object.getPrototypeOf(expected))
  }
})

it('keeps plain JSON plain, and the bytes of a serialiser of its own', async () => {
  expect(await codec.encode({ a: [1, 'x', null] })).toBe('[0,{"a":[1,"x",null]}]')
  const sealing = {
    dumpsTyped: () =>
      Promise.resolve(['json', new Uint8Array([255, 0, 7])] as [string, Uint8Array]),
    loadsTyped: (type: string, data: Uint8Array | string) => Promise.resolve([type, data]),
  }
  const sealed = new ValueCodec(sealing, false)
  const stored = JSON.parse(await sealed.encode('secret')) as StoredValue
  expect(await sealed.decode(stored)).toEqual(['json', Buffer.from([255, 0, 7])])
})

import { compatibilityPartitioner } from '@platformatic/kafka'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { shardOf } from './shard.ts'

test('the shard is the partition in which Kafka puts a record with that key', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary', maxLength: 40 }),
      fc.integer({ min: 1, max: 99 }),
      (id, shards) => {
        const partition = compatibilityPartitioner({ topic: 't' }, Buffer.from(id)) % shards
        expect(shardOf(id, shards)).toBe(partition)
      },
    ),
    { numRuns: 1_000 },
  )
})

test('it is the same in every release', () => {
  // `Utils.toPositive(Utils.murmur2(…))` of Kafka's own tests.
  const kafka = { '21': -973932308, foobar: -790332482, 'a-little-bit-long-string': -985981536 }
  for (const [id, hash] of Object.entries(kafka))
    expect(shardOf(id, 12)).toBe((hash & 0x7fff_ffff) % 12)
})

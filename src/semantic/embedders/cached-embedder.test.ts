import { expect, test } from 'vitest'
import type { Embedder, Embedding } from '../../core/contracts/embedder.ts'
import { embedderSuite } from '../../testing/embedder-suite.ts'
import { CachedEmbedder } from './cached-embedder.ts'
import { HashedEmbedder } from './hashed-embedder.ts'

// oxlint-disable-next-line vitest/expect-expect -- a case asserts by rejecting
test.each(embedderSuite(() => new CachedEmbedder(new HashedEmbedder())))('$name', ({ run }) =>
  run(),
)

/** Embeds a text as its length and the number of its model, and notes what it was asked. */
class NotingEmbedder implements Embedder {
  model = 1
  readonly dimensions = 2
  readonly asked: string[][] = []

  get id(): string {
    return `noting/${this.model}`
  }

  async embed(texts: readonly string[]): Promise<readonly Embedding[]> {
    this.asked.push([...texts])
    return texts.map(({ length }) => ({
      kind: 'dense',
      values: Float32Array.of(length, this.model),
    }))
  }
}

const valuesOf = (embeddings: readonly Embedding[]) => embeddings.map(({ values }) => [...values])

test('a text is embedded once, and repeats in one question too', async () => {
  const embedder = new NotingEmbedder()
  const reads: boolean[] = []
  const telemetry = { cacheRead: (_: string, isHit: boolean) => void reads.push(isHit) }
  const cached = new CachedEmbedder(embedder, { telemetry })
  await cached.embed(['a', 'bb', 'a'])
  expect(valuesOf(await cached.embed(['bb', 'ccc', 'a']))).toEqual([
    [2, 1],
    [3, 1],
    [1, 1],
  ])
  expect(embedder.asked).toEqual([['a', 'bb'], ['ccc']])
  expect(reads).toEqual([false, false, false, true, false, true])
})

test('when the embedder has another model, it is asked again', async () => {
  const embedder = new NotingEmbedder()
  const cached = new CachedEmbedder(embedder)
  await cached.embed(['a'])
  embedder.model = 2
  expect(valuesOf(await cached.embed(['a']))).toEqual([[1, 2]])
  expect(cached.id).toBe('noting/2')
})

test('over the bound the text unused for longest is forgotten', async () => {
  const embedder = new NotingEmbedder()
  const cached = new CachedEmbedder(embedder, { entriesMax: 2 })
  for (const text of ['a', 'b', 'a', 'c', 'a', 'b']) await cached.embed([text])
  expect(embedder.asked).toEqual([['a'], ['b'], ['c'], ['b']])
})

test('what could not be embedded is not remembered', async () => {
  const embedder = new NotingEmbedder()
  const cached = new CachedEmbedder({
    id: 'x',
    dimensions: 2,
    embed: (texts) =>
      embedder.asked.length === 0
        ? embedder.embed(texts).then(() => Promise.reject(new Error('away')))
        : embedder.embed(texts),
  })
  await expect(cached.embed(['a'])).rejects.toThrow('away')
  expect(valuesOf(await cached.embed(['a']))).toEqual([[1, 1]])
})

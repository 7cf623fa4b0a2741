import { MockEmbeddingModelV4 } from 'ai/test'
import { expect, test } from 'vitest'
import { embedderSuite } from '../../testing/embedder-suite.ts'
import { AiEmbedder } from './ai-embedder.ts'

/** A provider in the process: counts letters, so that texts with the same words are close. */
function letters(text: string): number[] {
  const counts = new Array<number>(128).fill(0)
  for (const character of text.toLowerCase()) counts[character.codePointAt(0)! % 128]! += 1
  return counts
}

const model = (answer: (values: string[]) => number[][]) =>
  new MockEmbeddingModelV4({
    provider: 'mock',
    modelId: 'letters',
    maxEmbeddingsPerCall: 8,
    doEmbed: ({ values }) => Promise.resolve({ embeddings: answer(values), warnings: [] }),
  })

const counting = () => new AiEmbedder(model((values) => values.map(letters)))

// oxlint-disable-next-line vitest/expect-expect -- a case asserts by rejecting
test.each(embedderSuite(counting))('$name', ({ run }) => run())

test('its id names provider and model, its dimensions are known after the first text', async () => {
  const embedder = counting()
  expect(embedder.id).toBe('ai/mock/letters')
  expect(embedder.dimensions).toBeNull()
  await embedder.embed(['a'])
  expect(embedder.dimensions).toBe(128)
})

test('a model that fails or answers nonsense is a communication error that may be retried', async () => {
  const failing = new AiEmbedder(
    model(() => {
      throw new Error('quota exceeded')
    }),
  )
  await expect(failing.embed(['a'])).rejects.toMatchObject({
    code: 'AgentCommunicationError',
    retryable: true,
    message: 'the embedding model ai/mock/letters failed: quota exceeded',
  })
  const uneven = new AiEmbedder(model((values) => values.map((_, n) => new Array(n + 1).fill(1))))
  await expect(uneven.embed(['a', 'b'])).rejects.toMatchObject({ code: 'AgentCommunicationError' })
})

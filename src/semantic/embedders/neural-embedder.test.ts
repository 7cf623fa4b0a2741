import { expect, test } from 'vitest'
import { embedderSuite } from '../../testing/embedder-suite.ts'
import { similarity } from '../embedder.ts'
import { NeuralEmbedder } from './neural-embedder.ts'

const embedder = new NeuralEmbedder()

// oxlint-disable-next-line vitest/expect-expect -- a case asserts by rejecting
test.each(embedderSuite(() => embedder))('$name', ({ run }) => run())

test('texts that share no word can be close', async () => {
  const [asked, alike, other] = await embedder.embed([
    'my automobile will not start',
    'the car is broken',
    'bake a cake with chocolate',
  ])
  expect(similarity(asked!, alike!)).toBeGreaterThan(similarity(asked!, other!) + 0.2)
})

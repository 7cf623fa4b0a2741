import { hashJson, type JsonValue } from '../../core/json.ts'
import { similarity, type Embedder, type Embedding } from '../embedder.ts'
import { type DeclaredPattern, type EventFilter, filtersOf } from './declared-pattern.ts'
import { compileFilter } from './event-filter.ts'
import { textsOf } from './event-text.ts'
import { fieldOf, type PatternEvent } from './pattern-event.ts'
import type { StreamEvent } from './pattern-stream.ts'

interface Stage {
  readonly pattern: number
  readonly stage: number
  readonly accepts: (event: PatternEvent) => boolean
  readonly like: NonNullable<EventFilter['like']> | null
}

/** What an event fits. */
export interface Fit {
  readonly hits: StreamEvent['hits']
  /** Per pattern by its place: how alike the event is to the nearest of its example texts. */
  readonly similarities: ReadonlyMap<number, number>
}

/** Longer keys are replaced by their hash, so that a key costs little memory. */
const keyCharactersMax = 200

/** Finds the stages of patterns that an event fits, by attributes and by likeness to example texts. */
export class FilterIndex {
  readonly #embedder: Embedder
  readonly #keys: readonly (string | null)[]
  readonly #stages: readonly Stage[]
  readonly #texts: readonly string[]
  #examples: Promise<ReadonlyMap<string, Embedding>> | null = null

  constructor(patterns: readonly DeclaredPattern[], embedder: Embedder) {
    this.#embedder = embedder
    this.#keys = patterns.map((pattern) => ('by' in pattern ? pattern.by : null))
    this.#stages = patterns.flatMap((one, pattern) =>
      filtersOf(one).map((filter, stage) => ({
        pattern,
        stage,
        accepts: compileFilter(filter),
        like: filter.like,
      })),
    )
    this.#texts = [...new Set(this.#stages.flatMap(({ like }) => like?.texts ?? []))]
  }

  /** @throws what the embedder throws, when a filter with `like` fits otherwise */
  async fitOf(event: PatternEvent): Promise<Fit> {
    const candidates = this.#stages.filter(({ accepts }) => accepts(event))
    if (candidates.every(({ like }) => like === null))
      return { hits: this.#hits(event, candidates), similarities: new Map() }
    const examples = await this.#embeddedExamples()
    const [embedding] = await this.#embedder.embed([textsOf(event.data).texts.join('\n')])
    const similarities = new Map<number, number>()
    const fitting = candidates.filter(({ pattern, like }) => {
      if (like === null) return true
      const nearest = Math.max(...like.texts.map((text) => likeness(embedding, examples.get(text))))
      similarities.set(pattern, Math.max(nearest, similarities.get(pattern) ?? 0))
      return nearest >= like.similarity
    })
    return { hits: this.#hits(event, fitting), similarities }
  }

  #hits(event: PatternEvent, stages: readonly Stage[]): StreamEvent['hits'] {
    const hits = new Map<number, { pattern: number; key: string; stages: number[] }>()
    for (const { pattern, stage } of stages) {
      const hit = hits.get(pattern)
      const key = hit?.key ?? this.#keyOf(event, pattern)
      if (hit !== undefined) hit.stages.push(stage)
      else if (key !== null) hits.set(pattern, { pattern, key, stages: [stage] })
    }
    return [...hits.values()]
  }

  /** An event without the field that a pattern goes by takes no part in it: null. */
  #keyOf(event: PatternEvent, pattern: number): string | null {
    const field = this.#keys[pattern] ?? null
    if (field === null) return ''
    const value = fieldOf(event, field)
    return value === undefined || value === null ? null : keyText(value)
  }

  #embeddedExamples(): Promise<ReadonlyMap<string, Embedding>> {
    this.#examples ??= this.#embedder.embed(this.#texts).then(
      (embeddings) => new Map(this.#texts.map((text, index) => [text, embeddings[index]!])),
      (error: unknown) => {
        // The next event tries again.
        this.#examples = null
        throw error
      },
    )
    return this.#examples
  }
}

function likeness(a: Embedding | undefined, b: Embedding | undefined): number {
  return a === undefined || b === undefined ? 0 : similarity(a, b)
}

function keyText(value: JsonValue): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return text.length > keyCharactersMax ? `sha256:${hashJson(text)}` : text
}

import { seededRandom } from '../../core/random.ts'
import type { Embedder, Embedding } from '../embedder.ts'
import { hashedEmbedding } from '../embedders/hashed-embedder.ts'
import { columnsOf, type LinearModel } from '../learning/row.ts'
import { TfIdf } from '../learning/tf-idf.ts'
import { calibrate, type HeldOutScores } from './calibration.ts'
import { withContext } from './context-columns.ts'
import type { TrainingSet, TrainingText } from './agent-profile.ts'
import { describedModel } from './described-model.ts'
import { addScores, denseRow, lexicalRow, type RoutingModel, scoresOf } from './routing-model.ts'
import { strangers } from './strangers.ts'
import { trainDense, trainLexical } from './train-halves.ts'

export interface TrainOptions {
  /** Adds a second half that judges by this embedder's vectors. */
  readonly embedder?: Embedder
  /** Texts of tasks that fit no agent. */
  readonly outside?: readonly string[]
}

/** Up to so many texts every one is held out once, else one in ten. */
const crossMax = 4_000
const folds = 4
const largeFolds = 10
const outsideMin = 50
const seed = 2

/**
 * Learns from a set: holds some texts out to calibrate on, then learns from all.
 *
 * @throws what the embedder throws
 */
export async function trainModel(
  set: TrainingSet,
  options: TrainOptions = {},
): Promise<RoutingModel> {
  const { embedder, outside = [] } = options
  // Where tasks that fit nobody are known, they say it better than the strangers do.
  const isOutsideKnown = outside.length >= outsideMin
  const others = isOutsideKnown ? outside : [...outside, ...strangers]
  const agentOf = isOutsideKnown ? null : set.agentOf
  if (!set.texts.some(({ isExample }) => isExample)) return describedModel(set, embedder)
  const vectors = await vectorsOf(set.texts, others, embedder)
  const all = { set, texts: set.texts.map((_, n) => n), vectors }
  const whole = learn(all)
  const { fast, both } = heldOutScores(set, vectors)
  return {
    agents: set.agents,
    classes: set.classes,
    agentOf: set.agentOf,
    tfIdf: whole.tfIdf,
    lexical: whole.lexical,
    fast: calibrate(fast, agentOf),
    dense:
      whole.dense === null || embedder === undefined
        ? null
        : { embedderId: embedder.id, model: whole.dense },
    both: calibrate(both, agentOf),
  }
}

/** The vectors of all texts; `dense` is null without an embedder. */
interface Vectors {
  readonly hashed: readonly Embedding[]
  readonly dense: readonly Embedding[] | null
  readonly outside: readonly string[]
  readonly outsideDense: readonly Embedding[] | null
}

async function vectorsOf(
  texts: readonly TrainingText[],
  outside: readonly string[],
  embedder: Embedder | undefined,
): Promise<Vectors> {
  return {
    hashed: texts.map(({ text }) => hashedEmbedding(text)),
    dense: (await embedder?.embed(texts.map(({ text }) => text))) ?? null,
    outside,
    outsideDense: (await embedder?.embed(outside)) ?? null,
  }
}

interface Learned {
  readonly tfIdf: TfIdf
  readonly lexical: LinearModel
  readonly dense: LinearModel | null
}

/** Learns from the texts at the given places. */
function learn(from: {
  readonly set: TrainingSet
  readonly texts: readonly number[]
  readonly vectors: Vectors
}): Learned {
  const { set, vectors } = from
  const texts = from.texts.map((n) => set.texts[n]!)
  const tfIdf = TfIdf.fit(
    from.texts.map((n) => vectors.hashed[n]!),
    'balanced',
  )
  const rows = from.texts.map((n) => withContext(tfIdf.row(vectors.hashed[n]!), set.texts[n]!.tda))
  const lexical = trainLexical({ set, texts, rows, columns: tfIdf.count })
  if (vectors.dense === null) return { tfIdf, lexical, dense: null }
  const dense = from.texts.map((n) => denseRow(vectors.dense![n]!))
  const lesson = { set, texts, rows: dense, columns: columnsOf(dense) }
  return { tfIdf, lexical, dense: trainDense(lesson) }
}

/** Scores of texts under models that had not learned from them, by the lexical half and by both. */
function heldOutScores(set: TrainingSet, vectors: Vectors) {
  const fast: HeldOutScores[] = []
  const both: HeldOutScores[] = []
  const examples = set.texts.filter(({ isExample }) => isExample).length
  // With one example each there is nothing to hold out.
  if (examples < 2 * set.classes.length || set.agents.length < 2) return { fast, both }
  const count = examples > crossMax ? largeFolds : folds
  const foldOf = assignFolds(set.texts, count)
  for (let fold = 0; fold < (examples > crossMax ? 1 : count); fold++) {
    const places = [...set.texts.keys()]
    const model = learn({ set, texts: places.filter((n) => foldOf[n] !== fold), vectors })
    const add = (
      task: { text: string; tda: TrainingText['tda'] },
      dense: Embedding | undefined,
      label: number,
    ) => {
      const scores = scoresOf(model.lexical, lexicalRow(model.tfIdf, task))
      fast.push({ scores, label })
      if (dense === undefined || model.dense === null) return
      const sum = Float64Array.from(scores)
      addScores(sum, scoresOf(model.dense, denseRow(dense)))
      both.push({ scores: sum, label })
    }
    for (const n of places) {
      if (foldOf[n] === fold) add(set.texts[n]!, vectors.dense?.[n], set.texts[n]!.intent)
    }
    if (fold > 0) continue
    for (const [n, text] of vectors.outside.entries())
      add({ text, tda: null }, vectors.outsideDense?.[n], -1)
  }
  return { fast, both }
}

/** Which fold each text is held out in; names and descriptions never are. */
function assignFolds(texts: readonly TrainingText[], count: number): Int32Array {
  const random = seededRandom(seed)
  return Int32Array.from(texts, ({ isExample }) => (isExample ? Math.floor(random() * count) : -1))
}

import type { Embedding } from '../embedder.ts'
import { hashedEmbedding } from '../embedders/hashed-embedder.ts'
import { type LinearModel, type Row, scoreInto } from '../learning/row.ts'
import { softmax } from '../learning/softmax.ts'
import { reservedColumns, type TfIdf, type Weighting } from '../learning/tf-idf.ts'
import { isStopWord } from '../text/stop-words.ts'
import type { IntentClass, TaskContext } from './agent-profile.ts'
import { type Calibration, fitOf } from './calibration.ts'
import { withContext } from './context-columns.ts'

/** A task as the model sees it. */
export interface TaskText {
  readonly text: string
  readonly tda: TaskContext | null
}

/** The half of a model that judges by the vectors of an `Embedder`. */
export interface DenseHalf {
  readonly embedderId: string
  readonly model: LinearModel
}

/** Everything that was learned; plain data, so that it can be stored. */
export interface RoutingModel {
  readonly agents: readonly string[]
  readonly classes: readonly IntentClass[]
  readonly agentOf: Int32Array
  readonly tfIdf: TfIdf
  readonly lexical: LinearModel
  /** Of the lexical half alone. */
  readonly fast: Calibration
  readonly dense: DenseHalf | null
  /** Of both halves together. */
  readonly both: Calibration
}

/** What a model thinks of one task. */
export interface Judgement {
  /** Of each class, in the model's order; they sum to 1. */
  readonly intents: Float64Array
  /** Of each agent: the sum over its intents. */
  readonly agents: Float64Array
  /** How probable it is that any agent fits, 0 to 1. */
  readonly fit: number
  /** Whether the text has any gram that the model knows. */
  readonly isKnown: boolean
}

/** The row of a text in the lexical half: its grams and its context. */
export function lexicalRow(tfIdf: TfIdf, { text, tda }: TaskText): Row {
  return withContext(tfIdf.row(gramsOf(text, tfIdf.weighting)), tda)
}

/** Where texts are only compared, words that say little are left out. */
export function gramsOf(text: string, weighting: Weighting): Embedding {
  return weighting === 'plain' ? hashedEmbedding(text, isStopWord) : hashedEmbedding(text)
}

/**
 * Judges by the words alone, or with `embedding` by both halves.
 *
 * @param allowed classes that may be chosen; all others get no probability. Default all.
 */
export function judgeTask(
  model: RoutingModel,
  task: TaskText,
  { embedding, allowed }: { readonly embedding?: Embedding; readonly allowed?: readonly boolean[] },
): Judgement {
  const row = lexicalRow(model.tfIdf, task)
  const scores = scoresOf(model.lexical, row)
  const isBoth = embedding !== undefined && model.dense !== null
  if (isBoth) addScores(scores, scoresOf(model.dense.model, denseRow(embedding)))
  if (allowed !== undefined)
    for (let k = 0; k < scores.length; k++) if (allowed[k] === false) scores[k] = -Infinity
  const calibration = isBoth ? model.both : model.fast
  const fit = fitOf(calibration, scores)
  const intents = softmax(scores, calibration.temperature)
  const agents = new Float64Array(model.agents.length)
  for (const [k, probability] of intents.entries()) agents[model.agentOf[k]!]! += probability
  // The text's columns come first and lie behind the reserved ones.
  return { intents, agents, fit, isKnown: (row.columns[0] ?? 0) >= reservedColumns }
}

/** The row of an embedder's vector. */
export function denseRow(embedding: Embedding): Row {
  if (embedding.kind === 'sparse')
    return { columns: Int32Array.from(embedding.indices), values: embedding.values }
  return { columns: Int32Array.from(embedding.values.keys()), values: embedding.values }
}

/** The score of each class. */
export function scoresOf(model: LinearModel, row: Row): Float64Array {
  const scores = new Float64Array(model.classes)
  scoreInto(scores, model, row)
  return scores
}

/** Adds the scores of the dense half, in place: both halves are logarithms of probabilities up to a constant. */
export function addScores(scores: Float64Array, dense: Float64Array): void {
  for (let k = 0; k < scores.length; k++) scores[k]! += dense[k]!
}

import type { Embedder } from '../embedder.ts'
import { columnsOf, type LinearModel, type Row } from '../learning/row.ts'
import { TfIdf } from '../learning/tf-idf.ts'
import type { TrainingSet } from './agent-profile.ts'
import type { Calibration } from './calibration.ts'
import { denseRow, gramsOf, type RoutingModel } from './routing-model.ts'

/** Bring cosines, which are at most 1, to the range of learned scores; chosen on MetaTool's training part. */
const lexicalScale = 20
const denseScale = 12

/**
 * A model for agents without a single example: a task goes to the agent whose name, description and
 * capabilities have the smallest angle to it, and with an embedder, whose description has. Nothing is
 * learned, so its confidence is calibrated with the figures of another set (`describedCalibration`).
 */
export async function describedModel(
  set: TrainingSet,
  embedder: Embedder | undefined,
): Promise<RoutingModel> {
  const texts = set.classes.map((_, k) => [
    ...new Set(set.texts.filter(({ intent }) => intent === k).map(({ text }) => text)),
  ])
  const grams = texts.map((parts) => gramsOf(parts.join('\n'), 'plain'))
  const tfIdf = TfIdf.fit(grams, 'plain')
  const rows = grams.map((embedding) => tfIdf.row(embedding))
  const { agents, classes, agentOf } = set
  const calibration = describedCalibration
  const known = { agents, classes, agentOf, tfIdf, fast: calibration, both: calibration }
  const lexical = cosines(rows, tfIdf.count, lexicalScale)
  if (embedder === undefined || rows.length === 0) return { ...known, lexical, dense: null }
  // A sentence says more to an encoder than the words of a name, which come first.
  const sentences = texts.map((parts) => (parts.length > 1 ? parts.slice(1) : parts).join('. '))
  const dense = (await embedder.embed(sentences)).map(denseRow)
  const columns = columnsOf(dense)
  const model = cosines(dense, columns, denseScale)
  return { ...known, lexical, dense: { embedderId: embedder.id, model } }
}

/** Scores each class by `scale` times the cosine to its row. */
function cosines(rows: readonly Row[], count: number, scale: number): LinearModel {
  const classes = rows.length
  const matrix = new Float32Array(count * classes)
  for (const [k, { columns, values }] of rows.entries())
    for (const [n, column] of columns.entries()) matrix[column * classes + k] = scale * values[n]!
  return { classes, matrix, bias: new Float32Array(classes) }
}

/** Learned on the training part of MetaTool: 199 tools by their descriptions, 8,076 tasks. */
const describedCalibration: Calibration = {
  temperature: 0.57,
  fit: { weights: [0.476, 0.155], bias: -1.8 },
}

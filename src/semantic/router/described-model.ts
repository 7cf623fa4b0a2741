import type { LinearModel } from '../learning/row.ts'
import { TfIdf } from '../learning/tf-idf.ts'
import type { TrainingSet } from './agent-profile.ts'
import type { Calibration } from './calibration.ts'
import { gramsOf, type RoutingModel } from './routing-model.ts'

/** Brings cosines, which are at most 1, to the range of learned scores. */
const scale = 20

/**
 * A model for agents without a single example: a task goes to the agent whose name, description and
 * capabilities have the smallest angle to it. Nothing is learned, so its confidence is calibrated with
 * the figures of another set (`describedCalibration`).
 */
export function describedModel(set: TrainingSet): RoutingModel {
  const texts = set.classes.map((_, k) =>
    [...new Set(set.texts.filter(({ intent }) => intent === k).map(({ text }) => text))].join('\n'),
  )
  const grams = texts.map((text) => gramsOf(text, 'plain'))
  const tfIdf = TfIdf.fit(grams, 'plain')
  const classes = texts.length
  const matrix = new Float32Array(tfIdf.count * classes)
  for (const [k, embedding] of grams.entries()) {
    const { columns, values } = tfIdf.row(embedding)
    for (const [n, column] of columns.entries()) matrix[column * classes + k] = scale * values[n]!
  }
  const lexical: LinearModel = { classes, matrix, bias: new Float32Array(classes) }
  const { agents, agentOf } = set
  const calibration = describedCalibration
  return {
    agents,
    classes: set.classes,
    agentOf,
    tfIdf,
    lexical,
    fast: calibration,
    dense: null,
    both: calibration,
  }
}

/** Learned on the training part of MetaTool: 199 tools by their descriptions, 8,076 tasks. */
const describedCalibration: Calibration = {
  temperature: 0.81,
  fit: { weights: [0.684, -0.167], bias: -3.005 },
}

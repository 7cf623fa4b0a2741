import { type LinearModel, scoreInto } from '../learning/row.ts'
import type { TfIdf } from '../learning/tf-idf.ts'
import type { Calibration } from './calibration.ts'
import { checkText, placeOf } from './checked-task.ts'
import type { AcceptedOutcome } from './route-decision.ts'
import { gramsOf, lexicalRow, type RoutingModel } from './routing-model.ts'

/** How far, in temperatures, the accepted agent is to lead after the update. */
const leadWanted = 2
/** The largest step, so that one wrong outcome cannot undo much. */
const stepMax = 8

/**
 * The model after one accepted outcome: the accepted class is moved up and its strongest rival down along
 * the text's row, just as far as it takes to lead and to fit, and at most `stepMax` (passive-aggressive
 * update, PA-I: Crammer et al., JMLR 7, 2006). Grams that were never seen get columns. Contradicting
 * outcomes pull to and fro; the newest has the last word.
 *
 * @throws InputError, NotFoundError
 */
export function afterOutcome(model: RoutingModel, outcome: AcceptedOutcome): RoutingModel {
  checkText(outcome.text)
  const agent = placeOf(model, outcome.agent)
  const task = { text: outcome.text, tda: outcome.tda ?? null }
  const tfIdf = model.tfIdf.grownBy(gramsOf(outcome.text, model.tfIdf.weighting))
  const lexical = grown(model.lexical, tfIdf)
  const row = lexicalRow(tfIdf, task)
  const scores = new Float64Array(lexical.classes)
  scoreInto(scores, lexical, row)
  const isOwn = (k: number) =>
    model.agentOf[k] === agent &&
    (outcome.intent === undefined || model.classes[k]!.intent === outcome.intent)
  const right = highest(scores, isOwn)
  const rival = highest(scores, (k) => model.agentOf[k] !== agent)
  const squares = row.values.reduce((sum, value) => sum + value * value, 0)
  if (right < 0 || rival < 0 || squares === 0) return model
  const lead = leadWanted * model.fast.temperature
  const missing = lead - (scores[right]! - scores[rival]!)
  const down = Math.max(0, Math.min(stepMax, missing / (2 * squares)))
  const height = heightOf(model.fast, lead) - scores[right]!
  const up = Math.max(down, Math.min(stepMax, height / squares))
  if (up <= 0) return model
  const matrix = lexical.matrix === model.lexical.matrix ? lexical.matrix.slice() : lexical.matrix
  for (const [n, column] of row.columns.entries()) {
    matrix[column * lexical.classes + right]! += up * row.values[n]!
    matrix[column * lexical.classes + rival]! -= down * row.values[n]!
  }
  return { ...model, tfIdf, lexical: { ...lexical, matrix } }
}

/** The score from which a task counts as one that fits, about three to one, when it leads by `lead`. */
function heightOf({ fit }: Calibration, lead: number): number {
  const [perScore = 0, perLead = 0] = fit?.weights ?? []
  return fit === null || perScore <= 0 ? -Infinity : (1 - fit.bias - perLead * lead) / perScore
}

function grown(model: LinearModel, tfIdf: TfIdf): LinearModel {
  const size = tfIdf.count * model.classes
  if (size === model.matrix.length) return model
  const matrix = new Float32Array(size)
  matrix.set(model.matrix)
  return { ...model, matrix }
}

/** The place of the highest score among those that `isAllowed`; -1 of none. */
function highest(scores: Float64Array, isAllowed: (k: number) => boolean): number {
  let best = -1
  for (const [k, score] of scores.entries())
    if (isAllowed(k) && (best < 0 || score > scores[best]!)) best = k
  return best
}

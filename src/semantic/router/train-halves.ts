import { seededRandom } from '../../core/random.ts'
import { complementBayes } from '../learning/naive-bayes.ts'
import type { LinearModel, Row } from '../learning/row.ts'
import { trainSoftmax } from '../learning/softmax.ts'
import type { TrainingSet, TrainingText } from './agent-profile.ts'

/** Rows to learn from, in the order of `texts`. */
export interface Lesson {
  readonly set: TrainingSet
  readonly texts: readonly TrainingText[]
  readonly rows: readonly Row[]
  readonly columns: number
}

const seed = 1
const lexical = { passes: 5, rate: 0.5 }
const dense = { passes: 8, rate: 0.5 }
/** Weights of the other models beside that of the intents; chosen on the validation part of CLINC150. */
const agentWeight = 0.7
const bayesWeight = 0.2

/**
 * The lexical half: regression over intents, regression over agents, naive Bayes over intents. All three are
 * linear and their scores are added, so they become one matrix. The second lends an intent with few
 * examples what its agent's other intents have taught.
 */
export function trainLexical(lesson: Lesson): LinearModel {
  const model = trainIntents(lesson, lexical)
  addModel(model, complementBayes(withIntent(lesson)), bayesWeight)
  addAgentModel(model, lesson, lexical)
  return model
}

/** The dense half: the same without naive Bayes, which knows no negative values. */
export function trainDense(lesson: Lesson): LinearModel {
  const model = trainIntents(lesson, dense)
  addAgentModel(model, lesson, dense)
  return model
}

interface Pace {
  readonly passes: number
  readonly rate: number
}

function trainIntents(lesson: Lesson, pace: Pace): LinearModel {
  return trainSoftmax(withIntent(lesson), { ...pace, random: seededRandom(seed) })
}

function withIntent({ set, texts, rows, columns }: Lesson) {
  const known = texts.map(({ intent }) => intent >= 0)
  return {
    rows: rows.filter((_, n) => known[n]),
    labels: Int32Array.from(texts.filter((_, n) => known[n]).map(({ intent }) => intent)),
    classes: set.classes.length,
    columns,
  }
}

function addAgentModel(model: LinearModel, { set, texts, rows, columns }: Lesson, pace: Pace) {
  // With one intent each, agents and intents are the same.
  if (set.agents.length === set.classes.length || set.agents.length === 1) return
  const labels = Int32Array.from(texts, ({ agent }) => agent)
  const examples = { rows, labels, classes: set.agents.length, columns }
  const ofAgents = trainSoftmax(examples, { ...pace, random: seededRandom(seed) })
  addModel(model, ofAgents, agentWeight, set.agentOf)
}

/** Adds `weight` times another model to `model`, class `k` of it from class `from[k]` of the other. */
function addModel(
  model: LinearModel,
  other: LinearModel,
  weight: number,
  from: Int32Array = Int32Array.from(model.bias.keys()),
): void {
  const { matrix, classes } = model
  for (let k = 0; k < classes; k++) model.bias[k]! += weight * other.bias[from[k]!]!
  for (let start = 0, at = 0; at < matrix.length; start += other.classes)
    for (let k = 0; k < classes; k++, at++) matrix[at]! += weight * other.matrix[start + from[k]!]!
}

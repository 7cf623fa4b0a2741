import { parseArgs } from 'node:util'
import { messageOf } from '../../src/core/errors.ts'
import { type Embedder, NeuralEmbedder } from '../../src/semantic/index.ts'
import { readRoutingData, type RoutingData } from './dataset.ts'
import { evaluate, type Trial } from './evaluate.ts'
import { profilesOf } from './profiles.ts'

/**
 * `npm run -s eval:routing -- --train FILE --test FILE [--level intent|domain|tool] [--shots N] [--zero-shot]
 * [--embedder default|neural] [--part test|val|train] [--json]`: learns from the train part of one file and
 * routes the tasks of a part, by default the test part, of another. A file without a validation part lends
 * every fifth task of its train part to it.
 */
const levels = ['intent', 'domain', 'tool']
const parts = ['test', 'val', 'train']

process.exitCode = await main()

async function main(): Promise<number> {
  try {
    const { isJson, trial } = readTrial()
    const figures = await evaluate(trial)
    if (isJson) console.log(JSON.stringify(figures))
    else console.table(figures)
    return 0
  } catch (thrown) {
    console.error(`eval:routing: ${messageOf(thrown)}`)
    return 2
  }
}

function readTrial(): { readonly isJson: boolean; readonly trial: Trial } {
  const { values } = parseArgs({
    options: {
      train: { type: 'string' },
      test: { type: 'string' },
      level: { type: 'string', default: 'intent' },
      shots: { type: 'string', default: 'Infinity' },
      'zero-shot': { type: 'boolean', default: false },
      embedder: { type: 'string', default: 'default' },
      part: { type: 'string', default: 'test' },
      json: { type: 'boolean', default: false },
    },
  })
  const { train, test, level, part } = values
  if (train === undefined || test === undefined) throw new Error('--train FILE --test FILE')
  if (!levels.includes(level)) throw new Error(`--level takes ${levels.join(', ')}`)
  if (!parts.includes(part)) throw new Error(`--part takes ${parts.join(', ')}`)
  const shots = values['zero-shot'] ? 0 : Number(values.shots)
  if (!(shots >= 0)) throw new Error('--shots takes a number')
  const learned = withValidation(readRoutingData(train), part)
  const asked = withValidation(readRoutingData(test), part)
  const trial = {
    profiles: profilesOf(learned, shots),
    outsideTrain: shots === 0 ? [] : learned.outsideTrain,
    ...questionsOf(asked, part),
    isByAgent: level === 'domain',
    embedder: embedderOf(values.embedder),
  }
  return { isJson: values.json, trial }
}

/** Only when validating: every fifth task of the train part stands in for a validation part that is missing. */
function withValidation(data: RoutingData, part: string): RoutingData {
  if (part !== 'val' || data.val.length > 0) return data
  return {
    ...data,
    train: data.train.filter((_, n) => n % 5 !== 0),
    val: data.train.filter((_, n) => n % 5 === 0),
  }
}

function questionsOf(data: RoutingData, part: string): Pick<Trial, 'tasks' | 'outside'> {
  if (part === 'val') return { tasks: data.val, outside: data.outsideVal }
  if (part === 'train') return { tasks: data.train, outside: data.outsideTrain }
  return { tasks: data.test, outside: data.outsideTest }
}

function embedderOf(name: string): Embedder | null {
  if (name === 'default') return null
  if (name === 'neural') return new NeuralEmbedder()
  throw new Error('--embedder takes default, neural')
}

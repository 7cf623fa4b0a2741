import { join } from 'node:path'
import { ChannelCoupling, readSeriesTable, StreamDetector } from '../../src/tda/index.ts'

/**
 * `node eval/tda/channels.ts DIR`: the coupling of all columns of `train.csv`, then `test_first_half.csv`, whose
 * column `attack` labels rows. Prints the area under the ROC curve of the rows' scores in the second file.
 */
const [folder = ''] = process.argv.slice(2)
const label = 'attack'
const whole = { untilMs: Infinity, rowsMax: 1_000_000 }
const train = await readSeriesTable(join(folder, 'train.csv'), whole)
const test = await readSeriesTable(join(folder, 'test_first_half.csv'), whole)
const names = train.columns.filter((name) => name !== label)
const coupling = new ChannelCoupling({ channels: names.length })
const detector = new StreamDetector({ source: folder, windowPoints: 32 })
const positives: number[] = []
const negatives: number[] = []
let score = 0
for (const table of [train, test]) {
  const columns = names.map((name) => table.values[table.columns.indexOf(name)] ?? [])
  const labels = table.values[table.columns.indexOf(label)]
  for (const [i, t] of table.t.entries()) {
    const seen = coupling.push(columns.map((values) => values[i] ?? NaN))
    const v = seen === null ? null : Math.atanh(Math.min(0.999, 1 - seen.apart))
    if (v !== null) score = detector.push({ t, v }).score
    if (table === test) (labels?.[i] === 1 ? positives : negatives).push(score)
  }
}
const wins = positives.reduce(
  (sum, high) =>
    sum + negatives.reduce((won, low) => won + (high > low ? 1 : high === low ? 0.5 : 0), 0),
  0,
)
const area = wins / (positives.length * negatives.length)
console.log(
  `${names.length} columns, ${positives.length} of ${positives.length + negatives.length} rows labelled: area under the ROC curve ${area.toFixed(3)}`,
)

import { z } from 'zod'
import { anomalySchema } from './anomaly.ts'
import { compensatedSchema, patternSchema, resultSchema } from './tda-client.ts'

/**
 * The JSON Schemas (2020-12) of what a TDA system and Aura tell each other, as texts by the names of their
 * files: the data of the events of `tda.anomalies.v1`, `tda.patterns.v1` and `aura.results.v1`.
 */
export function tdaSchemaTexts(): Readonly<Record<string, string>> {
  return {
    'tda-anomaly': text('An anomaly', anomalySchema),
    'tda-pattern': text('The shape of a window', patternSchema),
    'aura-result': text('What became of an execution', resultSchema),
    'aura-compensated': text('What was undone before an execution ended', compensatedSchema),
  }
}

function text(title: string, schema: z.ZodType): string {
  const made = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' })
  return `${JSON.stringify({ title, ...made }, null, 2)}\n`
}

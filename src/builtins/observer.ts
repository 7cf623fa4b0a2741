import { z } from 'zod'
import { BaseAgent, type AgentContext, type AgentDefinition } from '../agents/index.ts'
import { anomalySchema, scanSeries } from '../tda/index.ts'
import { decideInput, decisionSchema, judgeByStrength } from './judgement.ts'

/** Most anomalies in one answer of `detect`; the most severe are kept. */
const anomaliesMax = 50

const point = z.object({ t: z.number(), v: z.number() })

const detectInput = z.object({
  /** Path of a CSV file (relative ones from the working directory), values one second apart, or points. */
  series: z.union([z.string().min(1), z.array(z.number()), z.array(point)]),
  /** Column of a file; left out or null takes the first one with numbers. */
  column: z.string().nullish(),
})

const detectOutput = z.object({
  anomalies: z.array(anomalySchema).max(anomaliesMax),
  /** How many points were looked at. */
  points: z.number().int(),
  /** How many anomalies, the least severe ones, were left out of the list. */
  omitted: z.number().int(),
})

/**
 * Looks for anomalies in a series.
 *
 * @throws SeriesError when the series cannot be read.
 */
async function detect(
  input: z.infer<typeof detectInput>,
  context: Pick<AgentContext, 'signal'>,
): Promise<z.infer<typeof detectOutput>> {
  const { points, anomalies } = await scanSeries(input.series, {
    column: input.column ?? null,
    signal: context.signal,
  })
  const kept = new Set(anomalies.toSorted((a, b) => b.severity - a.severity).slice(0, anomaliesMax))
  const inOrder = anomalies.filter((anomaly) => kept.has(anomaly))
  return { anomalies: inOrder, points, omitted: anomalies.length - inOrder.length }
}

const definition: AgentDefinition = {
  type: 'observer',
  version: '1.0.0',
  description: 'Finds anomalies in metric series by their values and the shape of their windows',
  capabilities: ['anomaly-detection', 'time-series', 'tda'],
  actions: {
    detect: { effect: 'read', input: detectInput, output: detectOutput, run: detect },
    decide: {
      effect: 'read',
      input: decideInput,
      output: decisionSchema,
      run: (input: z.infer<typeof decideInput>) => judgeByStrength(input.findings),
    },
  },
}

/**
 * The built-in observer. `detect { series, column? }` answers `{ anomalies, points, omitted }`; `decide { findings }`
 * judges by statistical strength. Extend it and pass a definition to add actions or to change its id.
 */
export class ObserverAgent extends BaseAgent {
  constructor(changes: Partial<AgentDefinition> = {}) {
    super({ ...definition, ...changes, actions: { ...definition.actions, ...changes.actions } })
  }
}

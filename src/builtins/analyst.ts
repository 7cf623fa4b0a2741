import { z } from 'zod'
import { BaseAgent, type AgentDefinition } from '../agents/index.ts'
import { decideInput, decisionSchema, judgeByKind } from './judgement.ts'
import { explain, explainInput, explanationSchema } from './explanation.ts'

const retractInput = z.looseObject({
  input: z.unknown().optional(),
  output: z.unknown().optional(),
})
const retractOutput = z.object({ retracted: z.literal(true) })

const definition: AgentDefinition = {
  type: 'analyst',
  version: '1.0.0',
  description:
    'Explains an anomaly: its kind, its size, and which other measurements moved with it',
  capabilities: ['root-cause', 'time-series', 'classification'],
  actions: {
    explain: { effect: 'read', input: explainInput, output: explanationSchema, run: explain },
    // An explanation lives only in the execution's own record, so there is nothing left to undo.
    retract: {
      effect: 'idempotent',
      input: retractInput,
      output: retractOutput,
      run: () => ({ retracted: true }),
    },
    decide: {
      effect: 'read',
      input: decideInput,
      output: decisionSchema,
      run: (input: z.infer<typeof decideInput>) => judgeByKind(input.findings),
    },
  },
}

/**
 * The built-in analyst. `explain { anomaly, index? }` tells kind, magnitude and companions of an anomaly;
 * `retract { input, output }` is its compensation, also of a call that never happened; `decide { findings }`
 * judges by kind and duration.
 */
export class AnalystAgent extends BaseAgent {
  constructor(changes: Partial<AgentDefinition> = {}) {
    super({ ...definition, ...changes, actions: { ...definition.actions, ...changes.actions } })
  }
}

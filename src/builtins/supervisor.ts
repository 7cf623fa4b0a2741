import type { z } from 'zod'
import { BaseAgent, type AgentDefinition } from '../agents/index.ts'
import { decideInput, decisionSchema, judgeOverall } from './judgement.ts'

const definition: AgentDefinition = {
  type: 'supervisor',
  version: '1.0.0',
  description: 'Weighs findings and earlier decisions and says what to do',
  capabilities: ['decision', 'triage'],
  actions: {
    decide: {
      effect: 'read',
      input: decideInput,
      output: decisionSchema,
      run: (input: z.infer<typeof decideInput>) => judgeOverall(input.findings, input.decisions),
    },
  },
}

/** The built-in supervisor. `decide { findings, decisions? }` weighs strength, kinds and earlier decisions. */
export class SupervisorAgent extends BaseAgent {
  constructor(changes: Partial<AgentDefinition> = {}) {
    super({ ...definition, ...changes, actions: { ...definition.actions, ...changes.actions } })
  }
}

import { z } from 'zod'
import { BaseAgent } from '../../agents/index.ts'
import type { JsonObject } from '../../core/json.ts'
import type { DecisionTree } from './decision-tree.ts'

const decideInput = z.object({ facts: z.record(z.string(), z.unknown()).optional() })

/**
 * A decision tree as an agent of its name. `decide { facts? }` gives a `TreeDecision`; the facts are those of the
 * input and, unless it has its own, `tda`: the context of the call.
 */
export function decisionTreeAgent(tree: DecisionTree): BaseAgent {
  return new BaseAgent({
    type: tree.name,
    version: tree.version,
    description: tree.data.description ?? `Decides by the decision tree ${tree.name}`,
    capabilities: ['decision-tree'],
    actions: {
      decide: {
        effect: 'read',
        input: decideInput,
        run: ({ facts = {} }: z.infer<typeof decideInput>, { tda }) =>
          tree.decide({ tda: { ...tda }, ...(facts as JsonObject) }),
      },
    },
  })
}

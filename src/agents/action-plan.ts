import { hashJson } from '../core/json.ts'
import { exactUsd, isNoUsage } from '../core/usage.ts'
import type { ActionContract, ActionDefinition, Effect } from './contract.ts'
import type { PayloadRules } from './json-value.ts'
import { compileSchema, schemaDigest, type SchemaCheck } from './schema.ts'

/** An action made ready to be called. */
export interface ActionPlan {
  readonly name: string
  /** `<agent id>.<action>`, for messages. */
  readonly fullName: string
  readonly effect: Effect
  readonly definition: ActionDefinition
  readonly checkInput: SchemaCheck | null
  readonly checkOutput: SchemaCheck | null
  /** What payloads are held to. */
  readonly rules: Readonly<Record<'input' | 'output' | 'suspension', PayloadRules>>
  readonly contract: ActionContract
}

export interface ActionOwner {
  readonly agentId: string
  readonly agentType: string
  readonly version: string
  /** Whether every action can be looked up, whatever its own definition says (HTTP `lookup: true`). */
  readonly hasLookup: boolean
  readonly payloadBytesMax: number
}

/** @throws AgentModuleError for a schema that cannot be compiled. */
export function planAction(
  owner: ActionOwner,
  name: string,
  definition: ActionDefinition,
): ActionPlan {
  const { agentId, agentType, version } = owner
  const fullName = `${agentId}.${name}`
  const { effect, input, output, maxTokens = 0, maxCostUsd = 0 } = definition
  const most = { tokens: maxTokens, costUsd: exactUsd(maxCostUsd) }
  const rulesFor = (what: 'input' | 'output' | 'suspension'): PayloadRules => ({
    what: `${what} of ${fullName}`,
    bytesMax: owner.payloadBytesMax,
    code: what === 'input' ? 'AgentInputError' : 'AgentOutputError',
    retryable: what !== 'input' && effect !== 'once',
  })
  const identity = [version, name, schemaDigest(input), schemaDigest(output)]
  return {
    name,
    fullName,
    effect,
    definition,
    checkInput: input === undefined ? null : compileSchema(input, `input of ${fullName}`),
    checkOutput: output === undefined ? null : compileSchema(output, `output of ${fullName}`),
    rules: {
      input: rulesFor('input'),
      output: rulesFor('output'),
      suspension: rulesFor('suspension'),
    },
    contract: {
      agentId,
      agentType,
      effect,
      hasLookup: owner.hasLookup || definition.lookup !== undefined,
      hash: hashJson(identity).slice(0, 12),
      ...(isNoUsage(most) ? {} : { most }),
    },
  }
}

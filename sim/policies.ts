import type { PolicySource, PolicyValues } from '../src/core/contracts/policy.ts'

/** What is decided about one step in so many; about all others nothing. */
const oneIn = 4
const rulings: readonly PolicyValues[] = [
  { maxParallel: 1 },
  { approval: { signal: 'go', timeoutMs: null } },
  { approval: { signal: 'never', timeoutMs: 200 } },
  { quorum: 2 },
]

/** Decides by execution and step alone, so that a step that is decided anew is judged the same. */
export const simulatedPolicies: PolicySource = {
  decide({ execution, step }) {
    const values = step === null ? undefined : rulingOf(execution.id, step.id)
    if (values === undefined) return null
    const rules = Object.fromEntries(Object.keys(values).map((key) => [key, 'by-name']))
    return { policy: 'simulated', version: '1.0.0', values, rules }
  },
}

/** Whether a step of an execution may not begin without an approval. */
export function needsApproval(executionId: string, stepId: string): boolean {
  return rulingOf(executionId, stepId)?.approval !== undefined
}

function rulingOf(executionId: string, stepId: string): PolicyValues | undefined {
  const first = nameHash(`${executionId}/${stepId}`)
  return first % oneIn === 0 ? rulings[Math.floor(first / oneIn) % rulings.length] : undefined
}

/** FNV-1a, mixed once more: the same name has the same number, and names alike have different ones. */
function nameHash(name: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < name.length; at++) hash = Math.imul(hash ^ name.charCodeAt(at), 0x01000193)
  return Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d) >>> 8
}

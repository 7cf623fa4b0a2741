import { isOrchestrationError } from '../src/core/errors.ts'
import type { JsonObject } from '../src/core/json.ts'
import type { WorkflowData } from '../src/workflow/index.ts'
import type { World } from './world.ts'

const call = { agent: 'payer', action: 'do' }
const vote = { pattern: 'consensus', action: 'do' }

/** Documents that nothing is to be done for, by what is wrong with them. */
const badDocuments: Readonly<Record<string, JsonObject>> = {
  'document danglingNeed': { a: call, b: { ...call, needs: ['nobody'] } },
  'document cycle': { a: { ...call, needs: ['b'] }, b: { ...call, needs: ['a'] } },
  'document unreachable': { a: { ...call, with: { of: '${ steps.b.output }' } }, b: call },
  'document duplicateVoter': { a: { ...vote, agents: ['payer', 'payer'] } },
  'document noVoters': { a: { ...vote, agents: [] } },
  'document quorumTooHigh': {
    a: { ...vote, agents: ['payer'], options: { strategy: 'quorum', quorum: 2 } },
  },
}
export const documentFaults: readonly string[] = Object.keys(badDocuments)

/** Somebody asks for what cannot be done: it is refused with an error that says why, and nothing is begun. */
export function askBadly(world: World): void {
  const fault = world.pick(documentFaults) ?? ''
  const name = `bad-${world.newId()}`
  const data = { name, version: '1.0.0', steps: badDocuments[fault] ?? {} }
  world.saw(fault)
  const { engine } = world.process
  const start = async (): Promise<string> =>
    engine.startWorkflow(name, data as unknown as WorkflowData, { executionId: name })
  start().then(
    () => world.fail(`badDocumentIsRefused (${fault})`),
    (thrown: unknown) => {
      const isTyped = isOrchestrationError(thrown) && thrown.code === 'DocumentError'
      if (!isTyped || world.disk.store.find(name) !== undefined)
        world.fail(`badDocumentIsRefused (${fault}: ${String(thrown)})`)
    },
  )
}

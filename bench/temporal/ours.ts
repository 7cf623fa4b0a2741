import { Client, Connection } from '@temporalio/client'
import { defineAgent } from '../../src/index.ts'
import { openTemporalEngine } from '../../src/integrations/temporal/index.ts'
import type { Side } from './side.ts'

const step = (of: string, needs: readonly string[] = []) => ({
  agent: 'worker',
  action: 'work',
  needs: [...needs],
  with: { n: `\${ ${of} }` },
})

/** The same five steps as a document. */
const document = {
  name: 'five-steps',
  version: '1.0.0',
  steps: {
    first: step('input.n'),
    second: step('steps.first.output.n', ['first']),
    third: step('steps.second.output.n', ['second']),
    fourth: step('steps.third.output.n', ['third']),
    fifth: step('steps.fourth.output.n', ['fourth']),
  },
  output: '${ steps.fifth.output }',
}

const worker = defineAgent({
  type: 'worker',
  config: { resourceLimits: { maxConcurrent: 100 } },
  actions: {
    work: {
      effect: 'idempotent',
      run: async (input) => ({ n: (input as { readonly n: number }).n + 1 }),
    },
  },
})

/** The five steps on our engine, with its worker in this process. */
export async function openOurs(address: string, taskQueue: string): Promise<Side> {
  const engine = await openTemporalEngine({ address, taskQueue, agents: [worker] })
  const connection = await Connection.connect({ address })
  const client = new Client({ connection })
  return {
    async execute(input) {
      const {
        executionId: id,
        output,
        error,
      } = await engine.executeWorkflow(document.name, document, { input })
      if (error !== null) throw new Error(error.message)
      return { id, n: (output as { readonly n: number }).n }
    },
    async history(id) {
      const { raw } = await client.workflow.getHandle(id).describe()
      const info = raw.workflowExecutionInfo
      return { events: Number(info?.historyLength), bytes: Number(info?.historySizeBytes) }
    },
    async close() {
      await Promise.all([engine.close(), connection.close()])
    },
  }
}

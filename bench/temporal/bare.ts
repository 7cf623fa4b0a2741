import { randomUUID } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { Client, Connection } from '@temporalio/client'
import { bundleWorkflowCode, DefaultLogger, NativeConnection, Worker } from '@temporalio/worker'
import type { BareActivities, fiveSteps } from './bare-workflow.ts'
import type { Side } from './side.ts'

const activities: BareActivities = { work: async ({ n }) => ({ n: n + 1 }) }

/** The five steps by hand, with a client and a worker as Temporal's guide opens them. */
export async function openBare(address: string, taskQueue: string): Promise<Side> {
  const workflowBundle = await bundleWorkflowCode({
    workflowsPath: fileURLToPath(new URL('bare-workflow.ts', import.meta.url)),
    logger: new DefaultLogger('WARN'),
  })
  const native = await NativeConnection.connect({ address })
  const worker = await Worker.create({
    connection: native,
    taskQueue,
    workflowBundle,
    activities: { ...activities },
  })
  const running = worker.run()
  const connection = await Connection.connect({ address })
  const client = new Client({ connection })
  return {
    async execute(input) {
      const workflowId = randomUUID()
      const options = { workflowId, taskQueue, args: [input] as [typeof input] }
      const output = await client.workflow.execute<typeof fiveSteps>('fiveSteps', options)
      return { id: workflowId, n: output.n }
    },
    async history(id) {
      const { workflowExecutionInfo: info } = await client.workflow
        .getHandle(id)
        .describe()
        .then(({ raw }) => raw)
      return { events: Number(info?.historyLength), bytes: Number(info?.historySizeBytes) }
    },
    async close() {
      worker.shutdown()
      await running
      await Promise.all([connection.close(), native.close()])
    },
  }
}

import { expect, test } from 'vitest'
import {
  type AgentMeshController,
  BaseAgent,
  inProcessMesh,
  openEngine,
  watchAgents,
  type WorkflowData,
} from '../src/index.ts'

class Worker extends BaseAgent {
  complaint: string | null = null

  constructor(id: string) {
    super({
      type: 'worker',
      id,
      capabilities: ['work'],
      actions: { do: { effect: 'read', run: () => ({ by: id }) } },
    })
  }

  protected override onHealth(): void {
    if (this.complaint !== null) throw new Error(this.complaint)
  }
}

const workflow: WorkflowData = {
  name: 'work',
  version: '1.0.0',
  steps: { x: { agent: 'worker', action: 'do' } },
}

test('work by type goes to the agent that is well, and back when it is trusted again', async () => {
  const [one, two] = [new Worker('one'), new Worker('two')]
  let controller: AgentMeshController | null = null
  const engine = await openEngine({
    agents: [one, two],
    watch: (host) => (controller = watchAgents(host, { quarantine: { failuresMax: 1 } })),
  })
  const watched = controller as unknown as AgentMeshController
  const by = async () => (await engine.executeWorkflow('work', workflow)).output
  expect(await by()).toEqual({ x: { by: 'one' } })
  await watched.look()
  one.complaint = 'no connection'
  await watched.look()
  expect(watched.agent('one')).toMatchObject({
    standing: { kind: 'quarantined' },
    reason: 'no connection',
  })
  expect(await by()).toEqual({ x: { by: 'two' } })
  watched.release('one')
  one.complaint = null
  await watched.look()
  expect(await by()).toEqual({ x: { by: 'one' } })
  await engine.close()
})

test('a workflow starts when an agent is quarantined, and the mesh hears it', async () => {
  let controller: AgentMeshController | null = null
  const heard: string[] = []
  const engine = await openEngine({
    agents: [new Worker('one'), new Worker('two')],
    mesh: (host) => {
      const mesh = inProcessMesh(host)
      void mesh.subscribe('aura.agent.*', ({ type }) => {
        heard.push(type)
        return Promise.resolve()
      })
      return mesh
    },
    watch: (host) => (controller = watchAgents(host)),
  })
  const watched = controller as unknown as AgentMeshController
  await watched.look()
  await engine.registerWorkflow({
    ...workflow,
    triggers: [{ event: 'aura.agent.quarantined', input: { agent: '${ event.subject }' } }],
  })
  const ended = new Promise<string>((resolve) =>
    engine.subscribe({
      onEvent: ({ executionId, event }) =>
        event.kind === 'ExecutionCompleted' && resolve(executionId),
    }),
  )
  watched.quarantine('one', 'maintenance')
  expect((await engine.getExecution(await ended)).output).toEqual({ x: { by: 'two' } })
  expect(heard).toContain('aura.agent.quarantined')
  await engine.close()
})

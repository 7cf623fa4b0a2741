import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test, vi } from 'vitest'
import { AgentRegistry, defineAgent } from '../src/agents/index.ts'
import { systemClock as clock } from '../src/core/clock.ts'
import { LangGraphOrchestrator, openCheckpointSaver } from '../src/integrations/langgraph/index.ts'
import { kafkaMesh, readBrokers } from '../src/integrations/kafka/index.ts'
import {
  auraJson,
  cleanUp,
  examples,
  newFolder,
  type RunningAura,
  startAura,
} from './cli-process.ts'
import { describeWithServices } from './support/services.ts'

vi.setConfig({ testTimeout: 60_000 })
const closers: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close()
  cleanUp()
})

interface Run {
  readonly status: string
  readonly output: { readonly decision?: unknown } | null
  readonly error: { readonly code: string } | null
}

/** An agent as its host has it: it notes each call, and answers or hangs as `PACE` says. */
function hosted(type: string, log: string): string {
  return `import { appendFileSync } from 'node:fs'
import { defineAgent } from 'aura-orchestration'
export default [defineAgent({
  type: '${type}',
  actions: { decide: { effect: 'read', run: async (input) => {
    appendFileSync(${JSON.stringify(log)}, '${type} ' + process.pid + '\\n')
    if (process.env.PACE === 'hangs') await new Promise(() => {})
    return { choice: 'ship', confidence: 0.9, reason: 'by ${type}', input }
  } } },
})]
`
}

/** The same agents as their callers have them. */
function called(types: readonly string[]): string {
  const all = types.map(
    (
      type,
    ) => `defineAgent({ type: '${type}', config: { communicationConfig: { transport: 'mesh' } },
  actions: { decide: { effect: 'read' } } })`,
  )
  return `import { defineAgent } from 'aura-orchestration'\nexport default [${all.join(', ')}]\n`
}

await describeWithServices('processes that share a Kafka', ['kafka'], ({ kafka }) => {
  const env = { KAFKA_BROKERS: kafka }

  async function startHost(folder: string, type: string, pace = 'quick'): Promise<RunningAura> {
    const log = join(folder, 'calls')
    writeFileSync(join(folder, `${type}.ts`), hosted(type, log))
    const host = startAura(folder, ['agent-host', '--agents', `${type}.ts`], { ...env, PACE: pace })
    await host.prints(/serves/)
    return host
  }

  function callsOf(folder: string): readonly string[] {
    const log = join(folder, 'calls')
    return existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n') : []
  }

  async function untilCalled(folder: string, types: readonly string[]): Promise<void> {
    await vi.waitUntil(
      () => types.every((type) => callsOf(folder).some((line) => line.startsWith(`${type} `))),
      { timeout: 20_000, interval: 20 },
    )
  }

  test.each([
    ['is decided by those who are left', 2, ['completed', 'ship', null]],
    ['is refused for want of a quorum', 4, ['failed', undefined, 'NoConsensusError']],
  ])(
    'a vote of five in five processes, two killed and one frozen in mid-round, %s',
    async (_, quorum, expected) => {
      const folder = newFolder()
      const suffix = `${process.pid}-${quorum}`
      const types = [1, 2, 3, 4, 5].map((n) => `voter${n}-${suffix}`)
      const [a = '', b = '', c = ''] = types
      const hosts = await Promise.all(
        types.map((type, n) => startHost(folder, type, n < 3 ? 'hangs' : 'quick')),
      )
      writeFileSync(join(folder, 'voters.ts'), called(types))
      writeFileSync(
        join(folder, 'vote.yaml'),
        `name: vote
version: 1.0.0
steps:
  decide:
    pattern: consensus
    agents: [${types.join(', ')}]
    action: decide
    retry: { maxAttempts: 1 }
    options: { strategy: majority, quorum: ${quorum}, deadline: 8s }
output: { decision: "\${ steps.decide.output.choice }" }
`,
      )
      const words = ['run', 'vote.yaml', '--agents', 'voters.ts', '--id', 'v-1', '--json']
      const running = startAura(folder, words, env)
      await untilCalled(folder, types)
      hosts[0]?.kill('SIGKILL')
      hosts[1]?.kill('SIGKILL')
      hosts[2]?.kill('SIGSTOP')
      const { stdout } = await running.ended
      hosts[2]?.kill('SIGCONT')
      const run = JSON.parse(stdout) as Run
      expect([run.status, run.output?.decision, run.error?.code ?? null]).toEqual(expected)
      // One decision: each voter was asked once.
      const asked = [a, b, c].map(
        (type) => callsOf(folder).filter((line) => line.startsWith(type)).length,
      )
      expect(asked).toEqual([1, 1, 1])
      const again = await auraJson<Run>(folder, ...words.slice(0, -1))
      expect([again.value.status, again.value.output?.decision]).toEqual(expected.slice(0, 2))
    },
  )

  test('a graph whose nodes are in three processes goes on when one of them is killed', async () => {
    const folder = newFolder()
    const types = ['plan', 'build', 'check'].map((name) => `${name}-${process.pid}`)
    const [plan = '', build = '', check = ''] = types
    await startHost(folder, plan)
    const doomed = await startHost(folder, build, 'hangs')
    await startHost(folder, check)
    const mesh = await kafkaMesh({ brokers: readBrokers(kafka), clock })
    closers.push(() => mesh.close())
    const agents = new AgentRegistry({ clock, mesh: () => mesh })
    const remote = { communicationConfig: { transport: 'mesh' } } as const
    for (const type of types)
      agents.register(
        defineAgent({ type, config: remote, actions: { decide: { effect: 'read' } } }),
      )
    await agents.start()
    closers.push(() => agents.close(0))
    const opened = await openCheckpointSaver({ db: join(folder, 'graph.db') })
    closers.push(async () => opened.close())
    const orchestrator = new LangGraphOrchestrator({ agents, saver: opened.saver, mesh })
    const messages: string[] = []
    await mesh.subscribe('*', async ({ type, source }) => {
      if (source.includes('g-1')) messages.push(type)
    })
    const graph = await orchestrator.createAgentGraph(
      types.map((agentType, n) => ({ nodeId: `n${n}`, agentType })),
      [
        { fromNode: 'n0', toNode: 'n1' },
        { fromNode: 'n1', toNode: 'n2' },
      ],
      { graphId: 'g', messages: true },
    )
    // A host that is gone is no reason to give up: the next one is asked.
    await orchestrator.handleGraphErrors(graph, {
      AgentCommunicationError: () => ({ kind: 'retry' }),
    })
    const running = orchestrator.executeGraph(graph, { n: 1 }, { runId: `g-1-${process.pid}` })
    await untilCalled(folder, [build])
    const next = startHost(folder, build)
    doomed.kill('SIGKILL')
    await next
    const view = await running
    expect([view.status, view.error]).toEqual(['completed', null])
    const count = (type: string): number =>
      callsOf(folder).filter((line) => line.startsWith(`${type} `)).length
    expect([count(plan), count(build), count(check)]).toEqual([1, 2, 1])
    expect(messages.length).toBeGreaterThan(0)
  })

  test('an anomaly that one process finds starts a workflow in another one, once', async () => {
    const folder = newFolder()
    const name = `react-${process.pid}`
    // A source of its own, so that what other tests find starts nothing here.
    const series = join(folder, 'checkout.csv')
    writeFileSync(series, readFileSync(join(examples, 'series', 'checkout.csv')))
    writeFileSync(
      join(folder, 'react.yaml'),
      `name: ${name}
version: 1.0.0
triggers:
  - event: tda.anomaly.detected
    when: event.data.source == '${series}'
    input: { window: "\${ event.data.windowId }" }
input: { type: object, required: [window], properties: { window: { type: string } } }
steps: { note: { sleep: 1ms } }
output: { window: "\${ input.window }" }
`,
    )
    const group = `test-${process.pid}`
    const words = ['serve', '--port', '0', '--workflows', 'react.yaml']
    const serving = startAura(folder, words, { ...env, AURA_KAFKA_GROUP: group })
    await serving.prints(/http/)
    const startedMs = performance.now()
    const found = await watch()
    expect(found.stderr).toMatch(/[1-9]\d* events published/)
    const started = async (): Promise<number> => {
      const { value } = await auraJson<{ executions: readonly object[] }>(
        folder,
        'ls',
        '--workflow',
        name,
      )
      return value.executions.length
    }
    await vi.waitUntil(async () => (await started()) > 0, { timeout: 20_000, interval: 100 })
    const tookMs = Math.round(performance.now() - startedMs)
    console.log(`from the start of the watching process to the execution: ${tookMs} ms`)
    await watch()
    const before = await started()
    await watch()
    expect(await started()).toBe(before)
    serving.kill('SIGTERM')
    expect((await serving.ended).code).toBe(0)

    /** It follows the file: it is ended when it has found something. */
    async function watch() {
      const words = ['tda', 'watch', 'checkout.csv', '--column', 'p95_ms', '--publish']
      const watching = startAura(folder, words, env)
      await watching.prints(/spike|levelShift|trend|varianceChange/)
      watching.kill('SIGINT')
      return watching.ended
    }
  })
})

import { setTimeout as pause } from 'node:timers/promises'
import { defineAgent, MeshAgentHost } from '../src/agents/index.ts'
import { systemClock as clock } from '../src/core/clock.ts'
import { openEngine } from '../src/engine/index.ts'
import { kafkaMesh, kafkaStateTopic } from '../src/integrations/kafka/index.ts'
import { KafkaClient } from '../src/integrations/kafka/kafka-client.ts'
import { loadKafka } from '../src/integrations/kafka/load.ts'

const rounds = 6
const workflowsPerRound = 200
const stepsPerWorkflow = 4
const quietMs = 300

/** What the broker was given for one step, and whether that grows with what has finished. */
export interface StepMessages {
  /** Messages of all topics for one step, the writes of state counted, of each round. */
  readonly messagesPerStep: readonly number[]
  /** Workflows that had finished when the last round began. */
  readonly finished: number
}

/**
 * Runs workflows in rounds and counts at the broker what it was given: three calls over Kafka each, and a step
 * that writes to the state, which is shown in a topic.
 *
 * @param prefix of topics of its own
 */
export async function measureStepMessages(
  brokers: readonly string[],
  prefix: string,
): Promise<StepMessages> {
  const options = { brokers, clock, prefix, routes: [], partitions: 1 }
  const [here, there] = [await kafkaMesh(options), await kafkaMesh(options)]
  const state = await kafkaStateTopic({ brokers, clock, prefix, partitions: 1 })
  const work = { effect: 'idempotent' } as const
  const hosted = defineAgent({ type: 'far', actions: { work: { ...work, run: () => 1 } } })
  const host = new MeshAgentHost({ mesh: there, agents: [hosted], clock })
  await host.open()
  const config = { communicationConfig: { transport: 'mesh' } } as const
  const clerk = defineAgent({
    type: 'clerk',
    actions: { note: { ...work, run: (_, ctx) => ctx.state.set('note', 'done') } },
  })
  const engine = await openEngine({
    agents: [defineAgent({ type: 'far', config, actions: { work } }), clerk],
    mesh: () => here,
    mirrors: [state],
  })
  const client = new KafkaClient(await loadKafka(), { brokers })
  const far = { agent: 'far', action: 'work' } as const
  const document = {
    name: 'steps',
    version: '1.0.0',
    steps: {
      a: far,
      b: { ...far, needs: ['a'] },
      c: { ...far, needs: ['b'] },
      d: { agent: 'clerk', action: 'note', needs: ['c'] },
    },
  } as const
  const counted = async (): Promise<bigint> => {
    // What is shown of the state follows the executions.
    for (let written = -1; written !== state.written; await pause(quietMs)) written = state.written
    const all = await client.withAdmin('look at the topics', (admin) => admin.listTopics())
    const topics = all.filter((topic) => topic.startsWith(`${prefix}.`))
    const ends = await client.offsets(topics, 'end')
    return [...ends.values()].reduce((sum, end) => sum + end, 0n)
  }
  const messagesPerStep: number[] = []
  let finished = 0
  await engine.executeWorkflow('steps', document, { executionId: 'warm-up' })
  for (let round = 0; round < rounds; round++) {
    finished = round * workflowsPerRound
    const before = await counted()
    const ids = Array.from({ length: workflowsPerRound }, (_, n) => `steps-${round}-${n}`)
    await Promise.all(
      ids.map((executionId) => engine.executeWorkflow('steps', document, { executionId })),
    )
    const messages = Number((await counted()) - before)
    messagesPerStep.push(messages / (workflowsPerRound * stepsPerWorkflow))
  }
  await engine.close()
  await host.close()
  await Promise.all([here.close(), there.close(), client.close()])
  return { messagesPerStep, finished }
}

import { afterEach, describe, expect, it } from 'vitest'
import { AgentRegistry, type AgentContext, defineAgent } from '../src/agents/index.ts'
import type { CloudEvent } from '../src/core/contracts/events.ts'
import { AgentCommunicationError } from '../src/core/errors.ts'
import type { JsonValue } from '../src/core/json.ts'
import { limits } from '../src/core/limits.ts'
import { silentLogger } from '../src/core/logger.ts'
import { seededRandom } from '../src/core/random.ts'
import {
  type EmbeddedEngine,
  type Journal,
  MemoryJournal,
  SqliteJournal,
} from '../src/engine/index.ts'
import { InProcessMesh } from '../src/mesh/index.ts'
import { Database } from '../src/storage/index.ts'
import { FakeTime, type LifeClock } from '../src/testing/index.ts'
import { journalOver } from '../src/testing/simulation/disk.ts'
import { testEngine } from '../src/testing/test-engine.ts'
import { defineWorkflow, type WorkflowData } from '../src/workflow/index.ts'
import { fileStore } from './support/embedded-harness.ts'

type Run = (context: AgentContext, input: JsonValue) => unknown

/** A process with an engine, an agent `a` whose action `do` is `run`, and a mesh. */
class Process {
  readonly time: FakeTime
  readonly clock: LifeClock
  readonly mesh: InProcessMesh
  readonly engine: EmbeddedEngine
  readonly #registry: AgentRegistry

  constructor(run: Run, journal: Journal, time = new FakeTime()) {
    this.time = time
    this.clock = time.newLife()
    this.mesh = new InProcessMesh({ clock: this.clock })
    this.#registry = new AgentRegistry({ clock: this.clock, logger: silentLogger })
    const action = (input: never, context: AgentContext): unknown => run(context, input)
    this.#registry.register(
      defineAgent({
        type: 'a',
        description: 'Says things',
        actions: { do: { effect: 'idempotent', run: action } },
      }),
    )
    this.engine = testEngine({
      journal,
      agents: this.#registry,
      clock: this.clock,
      random: seededRandom(1),
      mesh: this.mesh,
    })
  }

  async start(): Promise<this> {
    const started = this.#registry.start()
    await this.time.advance(0)
    await started
    return this
  }

  /** Everything that is published, in order. */
  async hears(pattern = '*'): Promise<readonly CloudEvent[]> {
    const heard: CloudEvent[] = []
    await this.mesh.subscribe(pattern, async (event) => void heard.push(event))
    return heard
  }

  async run(document: WorkflowData = one, executionId = 'x'): Promise<string> {
    const run = this.engine.executeWorkflow(document.name, document, { executionId })
    await this.time.advance(60_000)
    return (await run).status
  }
}

const one = defineWorkflow({
  name: 'one',
  version: '1.0.0',
  steps: { say: { agent: 'a', action: 'do', retry: { maxAttempts: 3 } } },
})

const cleanUps: (() => void)[] = []
afterEach(() => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) cleanUp()
})

describe('ctx.mesh.publish', () => {
  it('publishes when the call completes, and nothing of an attempt that fails', async () => {
    const process = await new Process(({ mesh, attempt }) => {
      mesh.publish({ type: 'said', data: { attempt }, subject: 's', partitionkey: 'k' })
      if (attempt < 3) throw new Error('not yet')
      mesh.publish({ type: 'said', data: { attempt: 'last' } })
    }, new MemoryJournal()).start()
    const heard = await process.hears()
    expect(await process.run()).toBe('completed')
    const shared = { source: '/executions/x', type: 'said', correlationid: 'x' }
    const time = expect.stringMatching(/^2023-11-14T/)
    expect(heard).toEqual([
      {
        ...shared,
        id: 'x/say/1/e0',
        time,
        subject: 's',
        partitionkey: 'k',
        data: { attempt: 3 },
      },
      { ...shared, id: 'x/say/1/e1', time, subject: null, data: { attempt: 'last' } },
    ])
  })

  it('publishes nothing when the call fails for good, or writes over a state that has changed', async () => {
    const process = await new Process(({ mesh, state }) => {
      mesh.publish({ type: 'said' })
      state.set('k', 1, { expectedVersion: 7 })
    }, new MemoryJournal()).start()
    const heard = await process.hears()
    expect(await process.run()).toBe('failed')
    expect(heard).toEqual([])
  })

  it('starts what listens for the event, once for each execution that publishes it', async () => {
    const heardBy: JsonValue[] = []
    const process = await new Process(({ mesh, stepId }, input) => {
      if (stepId === 'say') mesh.publish({ type: 'said', data: { n: 1 } })
      else heardBy.push(input)
    }, new MemoryJournal()).start()
    await process.engine.registerWorkflow(
      defineWorkflow({
        name: 'listens',
        version: '1.0.0',
        input: { type: 'object', properties: { from: { type: 'string' } } },
        triggers: [{ event: 'said', input: { from: '${ event.source }' } }],
        steps: { hear: { agent: 'a', action: 'do', with: { from: '${ input.from }' } } },
      }),
    )
    for (const id of ['x', 'y']) await process.run(one, id)
    expect(heardBy).toEqual([{ from: '/executions/x' }, { from: '/executions/y' }])
  })

  it('refuses what is no event, too much, and what comes after the call', async () => {
    const refusals: unknown[] = []
    let late: (() => void) | undefined
    const process = await new Process(({ mesh }) => {
      const refused = (publish: () => void): void => {
        try {
          publish()
        } catch (thrown) {
          refusals.push((thrown as { code: unknown }).code)
        }
      }
      refused(() => mesh.publish({ type: '' }))
      refused(() => mesh.publish({ type: 't', data: 1n }))
      refused(() => mesh.publish({ type: 't', data: 'x'.repeat(limits.payloadBytesMax) }))
      for (let i = 0; i < limits.publishedEventsMax; i++) mesh.publish({ type: 't' })
      refused(() => mesh.publish({ type: 't' }))
      late = () => refused(() => mesh.publish({ type: 't' }))
    }, new MemoryJournal()).start()
    const heard = await process.hears()
    expect(await process.run()).toBe('completed')
    late?.()
    const tooMuch = 'ResourceExhaustionError'
    expect(refusals).toEqual(['InputError', 'InputError', tooMuch, tooMuch, 'UsageError'])
    expect(heard.length).toBe(limits.publishedEventsMax)
  })
})

const says: Run = ({ mesh }) => {
  for (const n of [1, 2]) mesh.publish({ type: 'said', data: { n } })
}

describe('the outbox', () => {
  it.each([
    ['in memory', () => Promise.resolve(memory())],
    ['in a file', file],
  ])('is sent on by the next process, under the same ids: %s', async (_, open) => {
    const journals = await open()
    let isDead = false
    // The first process records the outcome, and dies before anything is sent or noted as sent.
    const first = await new Process(
      says,
      journalOver(() => journals.journal, {
        append: (batch) =>
          batch.sent === undefined && !isDead ? journals.journal.append(batch) : never(),
      }),
    ).start()
    const heardFirst = await first.hears()
    expect(await first.run()).toBe('completed')
    expect(heardFirst.map(({ id }) => id)).toEqual(['x/say/1/e0', 'x/say/1/e1'])
    isDead = true
    first.clock.die()
    const second = await new Process(says, journals.reopen(), first.time).start()
    const heardSecond = await second.hears()
    second.engine.recoverAll()
    await second.time.advance(1_000)
    expect(heardSecond).toEqual(heardFirst)
    expect(journals.journal.outbox(0, 10)).toEqual([])
  })

  it('tries again what the mesh refuses, in the order of its key, and others meanwhile', async () => {
    const journal = new MemoryJournal()
    const process = await new Process(({ mesh }) => {
      for (const [n, partitionkey] of ['a', 'a', 'b', 'a'].entries())
        mesh.publish({ type: 'said', data: n, partitionkey })
    }, journal).start()
    const heard = await process.hears()
    const publish = process.mesh.publish.bind(process.mesh)
    let refusals = 3
    process.mesh.publish = async (event) => {
      if (event.partitionkey === 'a' && refusals-- > 0) throw new AgentCommunicationError('no')
      await publish(event)
    }
    expect(await process.run()).toBe('completed')
    expect(heard.map(({ data }) => data)).toEqual([2, 0, 1, 3])
    expect(journal.outbox(0, 10)).toEqual([])
  })

  it('passes over an event that was damaged on disk, and sends the others', async () => {
    const journals = await file()
    const recorder = await new Process(
      says,
      journalOver(() => journals.journal, {
        append: (batch) => (batch.sent === undefined ? journals.journal.append(batch) : never()),
      }),
    ).start()
    recorder.mesh.publish = never
    expect(await recorder.run()).toBe('completed')
    recorder.clock.die()
    const damage = "UPDATE outbox SET payload = replace(payload, 'said', 'sold') WHERE position = 1"
    journals.database().prepare(damage).run()
    const next = await new Process(says, journals.reopen(), recorder.time).start()
    const heard = await next.hears()
    next.engine.recoverAll()
    await next.time.advance(1_000)
    expect(heard.map(({ id }) => id)).toEqual(['x/say/1/e1'])
    expect(journals.journal.outbox(0, 10)).toEqual([])
  })
})

describe('ctx.mesh.request and subscribe', () => {
  it('asks under an id that a repeat has too, and ends with the call', async () => {
    const seen: string[] = []
    const process = await new Process(async ({ mesh, attempt }) => {
      const reply = await mesh.request({ type: 'ask', data: attempt }, { timeoutMs: 5_000 })
      if (attempt === 1) throw new Error('once more')
      return reply.data
    }, new MemoryJournal()).start()
    await process.mesh.subscribe('ask', async ({ id, source, data, correlationid }) => {
      seen.push(`${source} ${id} ${correlationid}`)
      return { id: 'r', source: 'b', type: 'answer', time: null, subject: null, data }
    })
    expect(await process.run()).toBe('completed')
    const asked = '/executions/x x/say/1/r1 x'
    expect(seen).toEqual([asked, asked])
  })

  it('hears events while the call runs, and not after', async () => {
    const heard: JsonValue[] = []
    const process = await new Process(async ({ mesh }) => {
      const both = Promise.withResolvers<void>()
      await mesh.subscribe('news', async ({ data }) => {
        heard.push(data)
        if (heard.length === 2) both.resolve()
      })
      await both.promise
    }, new MemoryJournal()).start()
    const run = process.engine.executeWorkflow('one', one, { executionId: 'x' })
    await process.time.advance(0)
    for (const n of [1, 2, 3]) {
      const event = { id: `${n}`, source: 's', type: 'news', time: null, subject: null, data: n }
      await process.mesh.publish(event)
      await process.time.advance(0)
    }
    await process.time.advance(1_000)
    expect([(await run).status, heard]).toEqual(['completed', [1, 2]])
    expect(process.mesh.readings()).toEqual([])
  })

  it('is bounded, and refused where there is no mesh', async () => {
    const codes: unknown[] = []
    const code = (thrown: unknown): unknown => codes.push((thrown as { code: unknown }).code)
    const process = await new Process(async ({ mesh }) => {
      await mesh.subscribe('*bad', async () => undefined).catch(code)
      for (let i = 0; i < limits.callSubscriptionsMax; i++)
        await mesh.subscribe('t', async () => undefined)
      await mesh.subscribe('t', async () => undefined).catch(code)
    }, new MemoryJournal()).start()
    expect(await process.run()).toBe('completed')
    expect(codes).toEqual(['InputError', 'ResourceExhaustionError'])
    expect(process.mesh.readings()).toEqual([])
  })
})

interface Journals {
  readonly journal: Journal
  reopen(): Journal
  database(): Database
}

function memory(): Journals {
  const journal = new MemoryJournal()
  const database = (): never => {
    throw new Error('there is no file')
  }
  return { journal, reopen: () => journal, database }
}

async function file(): Promise<Journals> {
  const { path, remove } = await fileStore()
  let database = Database.open({ path, durability: 'normal' })
  let journal: Journal = new SqliteJournal(database)
  cleanUps.push(() => {
    database.close()
    remove()
  })
  return {
    get journal() {
      return journal
    },
    reopen() {
      database.close()
      database = Database.open({ path, durability: 'normal' })
      journal = new SqliteJournal(database)
      return journal
    },
    database: () => database,
  }
}

function never(): Promise<never> {
  return new Promise(() => {})
}

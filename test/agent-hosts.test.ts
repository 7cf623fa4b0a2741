import { afterEach, expect, test } from 'vitest'
import { defineAgent, MeshAgentHost } from '../src/agents/index.ts'
import { systemClock as clock } from '../src/core/clock.ts'
import { AgentCommunicationError } from '../src/core/errors.ts'
import { seededRandom } from '../src/core/random.ts'
import { openEngineParts } from '../src/engine/index.ts'
import { type EventMesh, InProcessMesh } from '../src/mesh/index.ts'

const closers: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close()
})

type Run = (input: { readonly n: number }, signal: AbortSignal) => unknown

/** A host whose agent `worker` does `run`, and remembers what it was asked. */
async function openHost(mesh: EventMesh, run: Run, known = new Map<string, unknown>(), seed = 1) {
  const keys: string[] = []
  const action = {
    run: (
      input: { readonly n: number },
      { signal, idempotencyKey }: { signal: AbortSignal; idempotencyKey: string },
    ) => {
      keys.push(idempotencyKey)
      return run(input, signal)
    },
  }
  const worker = defineAgent({
    type: 'worker',
    actions: {
      read: { effect: 'read', ...action },
      once: { effect: 'once', ...action, lookup: (key) => known.get(key) },
    },
  })
  const host = new MeshAgentHost({ mesh, agents: [worker], clock, random: seededRandom(seed) })
  await host.open()
  closers.push(() => host.close())
  return { host, keys }
}

const remote = { communicationConfig: { transport: 'mesh' } } as const

/** An engine whose agent `worker` is called over the mesh. */
async function openCaller(mesh: EventMesh) {
  const worker = defineAgent({
    type: 'worker',
    lookup: true,
    config: remote,
    actions: { read: { effect: 'read' }, once: { effect: 'once' } },
  })
  const publish: EventMesh['publish'] = (event, options) => mesh.publish(event, options)
  const request: EventMesh['request'] = (event, options) => mesh.request(event, options)
  const subscribe: EventMesh['subscribe'] = (pattern, handler) => mesh.subscribe(pattern, handler)
  const port = { publish, request, subscribe, close: async () => undefined }
  const { engine } = await openEngineParts({ agents: [worker], mesh: () => port })
  closers.push(() => engine.close())
  const retry = { maxAttempts: 2, initialInterval: '1ms' } as const
  const run = (action: 'read' | 'once', executionId: string) =>
    engine.executeWorkflow(
      'w',
      {
        name: 'w',
        version: '1.0.0',
        steps: { s: { agent: 'worker', action, with: { n: 1 }, retry } },
        output: '${ steps.s.output }',
      },
      { executionId },
    )
  return { engine, run }
}

function openMesh(): InProcessMesh {
  const mesh = new InProcessMesh({ clock })
  closers.push(() => mesh.close())
  return mesh
}

/** What the others hear when a host has died. */
function gone(hostId: string) {
  const data = { hostId, addresses: [], isLeaving: true }
  const none = { time: null, subject: null }
  return { id: `gone-${hostId}`, source: 'test', type: 'aura.agent-presence', ...none, data }
}

test('an agent is called in another process as if it were here', async () => {
  const mesh = openMesh()
  await openHost(mesh, ({ n }) => ({ twice: 2 * n }))
  const { run } = await openCaller(mesh)
  const { status, output } = await run('read', 'e-1')
  expect([status, output]).toEqual(['completed', { twice: 2 }])
})

test('what an agent throws over there fails the call here, with its own words', async () => {
  const mesh = openMesh()
  const { keys } = await openHost(mesh, () => {
    throw Object.assign(new Error('no such account'), { retryable: false })
  })
  const { run } = await openCaller(mesh)
  const { status, error } = await run('once', 'e-1')
  expect([status, error?.message]).toEqual(['failed', expect.stringContaining('no such account')])
  expect(keys).toHaveLength(1)
})

test('when a host dies in a call that may happen only once, lookup decides, and nobody calls again', async () => {
  const mesh = openMesh()
  const known = new Map<string, unknown>()
  const begun = Promise.withResolvers<void>()
  const first = await openHost(mesh, () => new Promise(() => begun.resolve()), known)
  const { run } = await openCaller(mesh)
  const running = run('once', 'e-1')
  await begun.promise
  const second = await openHost(mesh, () => ({ by: 'second' }), known, 2)
  known.set(first.keys[0] ?? '', { by: 'first' })
  await mesh.publish(gone(first.host.id))
  const { status, output } = await running
  expect([status, output]).toEqual(['completed', { by: 'first' }])
  expect([first.keys.length, second.keys.length]).toEqual([1, 0])
})

test('when a host dies in a call that may happen again, another host is called with the same key', async () => {
  const mesh = openMesh()
  const begun = Promise.withResolvers<void>()
  const first = await openHost(mesh, () => new Promise(() => begun.resolve()))
  const { run } = await openCaller(mesh)
  const running = run('read', 'e-1')
  await begun.promise
  const second = await openHost(mesh, () => ({ by: 'second' }), new Map(), 2)
  await mesh.publish(gone(first.host.id))
  const { status, output } = await running
  expect([status, output, second.keys]).toEqual(['completed', { by: 'second' }, first.keys])
})

test('a lookup is asked again while nothing carries it, so that the step does not stay uncertain', async () => {
  const mesh = openMesh()
  const known = new Map<string, unknown>()
  const { keys } = await openHost(mesh, () => ({ by: 'host' }), known)
  let cut = 3
  const cutOff: EventMesh = Object.assign(Object.create(mesh) as EventMesh, {
    publish: mesh.publish.bind(mesh),
    subscribe: mesh.subscribe.bind(mesh),
    request: async (...[event, options]: Parameters<EventMesh['request']>) => {
      const answer = mesh.request(event, options)
      if (cut-- <= 0) return answer
      await answer.catch(() => undefined)
      throw new AgentCommunicationError('the broker is away')
    },
  })
  const { run } = await openCaller(cutOff)
  known.get = () => ({ by: 'host' })
  const { status } = await run('once', 'e-1')
  expect([status, keys.length, cut]).toEqual(['completed', 1, -1])
})

test('a host that is closed answers what it has begun, and gets nothing more', async () => {
  const mesh = openMesh()
  const begun = Promise.withResolvers<void>()
  const release = Promise.withResolvers<void>()
  const first = await openHost(mesh, async () => {
    begun.resolve()
    await release.promise
    return { by: 'first' }
  })
  const { run } = await openCaller(mesh)
  const running = run('once', 'e-1')
  await begun.promise
  const closing = first.host.close()
  const second = await openHost(mesh, () => ({ by: 'second' }), new Map(), 2)
  expect((await run('once', 'e-2')).output).toEqual({ by: 'second' })
  release.resolve()
  await closing
  expect((await running).output).toEqual({ by: 'first' })
  expect([first.keys.length, second.keys.length]).toEqual([1, 1])
})

test('agents of one type in one host share its calls', async () => {
  const mesh = openMesh()
  const calls: string[] = []
  const agents = ['one', 'two'].map((id) =>
    defineAgent({
      type: 'worker',
      id,
      actions: { read: { effect: 'read', run: () => calls.push(id) } },
    }),
  )
  const host = new MeshAgentHost({ mesh, agents, clock, random: seededRandom(1) })
  await host.open()
  closers.push(() => host.close())
  const { run } = await openCaller(mesh)
  expect((await run('read', 'e-1')).status).toBe('completed')
  expect(calls).toHaveLength(1)
})

test('a cancelled call is told to the agent over there', async () => {
  const mesh = openMesh()
  const begun = Promise.withResolvers<void>()
  const stopped = Promise.withResolvers<void>()
  await openHost(mesh, (_, signal) => {
    signal.addEventListener('abort', () => stopped.resolve())
    begun.resolve()
    return new Promise(() => {})
  })
  const { engine, run } = await openCaller(mesh)
  const running = run('read', 'e-1')
  await begun.promise
  await engine.cancelWorkflow('e-1')
  await stopped.promise
  expect((await running).status).toBe('cancelled')
})

test('a call with a key that the host knows is not made again', async () => {
  const mesh = openMesh()
  const { host, keys } = await openHost(mesh, ({ n }) => ({ n, call: keys.length }))
  const call = {
    action: 'once',
    input: { n: 1 },
    idempotencyKey: 'k',
    executionId: 'e',
    stepId: 's',
    index: null,
    attempt: 1,
    timeoutMs: 5_000,
    correlationId: 'c',
    tda: {},
    resumed: null,
  }
  const event = { id: 'k', source: 'test', time: null, subject: null, data: call }
  const type = `aura.agent-call.worker.${host.id}`
  const ask = () => mesh.request({ ...event, type }, { timeoutMs: 5_000 })
  const replies = await Promise.all([ask(), ask()])
  replies.push(await ask())
  expect(replies.map(({ data }) => data)).toEqual(
    replies.map(() => ({ kind: 'completed', output: { n: 1, call: 1 } })),
  )
  expect(keys).toEqual(['k'])
})

test('what is no call is refused, and an agent of the mesh without a mesh says what is missing', async () => {
  const mesh = openMesh()
  const { host } = await openHost(mesh, () => null)
  const type = `aura.agent-call.worker.${host.id}`
  const junk = { id: 'x', source: 'test', type, time: null, subject: null, data: { action: 5 } }
  await expect(mesh.request(junk, { timeoutMs: 5_000 })).rejects.toMatchObject({
    code: 'InputError',
  })
  const lonely = defineAgent({ type: 'l', config: remote, actions: { do: { effect: 'read' } } })
  const { engine } = await openEngineParts({ agents: [lonely] })
  closers.push(() => engine.close())
  const steps = { s: { agent: 'l', action: 'do', retry: { maxAttempts: 1 } } }
  const { error } = await engine.executeWorkflow('w', { name: 'w', version: '1.0.0', steps })
  expect(error?.message).toContain('called over a mesh, and there is none')
})

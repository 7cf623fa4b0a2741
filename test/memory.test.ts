import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, test } from 'vitest'
import { systemClock } from '../src/core/clock.ts'
import {
  type AgentContext,
  type AgentDefinition,
  defineAgent,
  HashedEmbedder,
  openEngine,
  type OpenEngineOptions,
} from '../src/index.ts'

let folder = ''
let engine: Awaited<ReturnType<typeof openEngine>>
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'aura-memory-'))
})
afterEach(async () => {
  await engine.close()
  rmSync(folder, { recursive: true, force: true })
})

const quick = { initialInterval: '1ms', jitter: 0 } as const
type MemoryConfig = NonNullable<AgentDefinition['config']>['memoryConfig']

/** An agent whose action does what the test says. */
function agentOf(
  run: (context: AgentContext, input: { n: number }) => unknown,
  memoryConfig: MemoryConfig = {},
  type = 'scribe',
) {
  const act = {
    effect: 'idempotent' as const,
    run: (input: { n: number }, context: AgentContext) => run(context, input),
  }
  return defineAgent({ type, config: { memoryConfig }, actions: { act } })
}

async function open(agents: OpenEngineOptions['agents'], options: OpenEngineOptions = {}) {
  const embedder = new HashedEmbedder()
  engine = await openEngine({
    db: join(folder, 'a.db'),
    agents: agents ?? [],
    embedder,
    ...options,
  })
}

/** What an action answers that is called once. */
async function once(
  run: (context: AgentContext) => unknown,
  memoryConfig: MemoryConfig = {},
  options: OpenEngineOptions = {},
): Promise<unknown> {
  await open([agentOf(run, memoryConfig)], options)
  try {
    return await engine.invoke('scribe', 'act', {}, { retry: { maxAttempts: 1 } })
  } finally {
    await engine.close()
  }
}

const facts = {
  disk: 'The disk of the database server was full',
  deploy: 'A deploy of the shop was rolled back',
  coffee: 'The coffee machine on the third floor is broken',
}

describe('what an agent remembers', () => {
  it('is there in later executions and processes, and is recalled by meaning', async () => {
    await once(({ memory }) => {
      for (const [key, text] of Object.entries(facts))
        memory.put(key, { text }, { text, metadata: { length: text.length } })
    })
    const found = await once(async ({ memory }) => {
      const recalled = await memory.recall('which server had a full disk?', { limit: 2 })
      return { keys: recalled.map(({ key }) => key), score: recalled[0]?.score }
    })
    expect(found).toMatchObject({ keys: expect.arrayContaining(['disk']) })
    expect((found as { keys: string[] }).keys[0]).toBe('disk')
    expect((found as { score: number }).score).toBeGreaterThan(0.3)
    expect(await once(({ memory }) => memory.get('deploy'))).toMatchObject({
      namespace: 'default',
      value: { text: facts.deploy },
      metadata: { length: facts.deploy.length },
      expiresAtMs: null,
    })
  })

  it('is filtered by metadata: equality and bounds', async () => {
    await once(({ memory }) => {
      for (let year = 2020; year < 2026; year++)
        memory.put(`y${year}`, year, { metadata: { year, kind: year % 2 === 0 ? 'even' : 'odd' } })
    })
    const keys = (where: object) =>
      once(async ({ memory }) =>
        (await memory.list({ where: where as never })).map(({ key }) => key),
      )
    expect(await keys({ kind: 'odd' })).toEqual(['y2025', 'y2023', 'y2021'])
    expect(await keys({ year: { $gte: 2024 }, kind: { $ne: 'odd' } })).toEqual(['y2024'])
    expect(await keys({ year: { $gt: 2020, $lt: 2022 } })).toEqual(['y2021'])
    expect(await keys({ missing: { $lte: 1 } })).toEqual([])
    await expect(keys({ year: { $near: 1 } })).rejects.toMatchObject({
      code: 'InputError',
      hint: expect.stringContaining('$gte'),
    })
  })

  it('is each agent’s own, by namespace', async () => {
    const config = { namespaces: ['a', 'b'] }
    const writes = agentOf(({ memory }) => memory.put('k', 1, { namespace: 'a' }), config)
    const reads = agentOf(({ memory }) => memory.get('k', { namespace: 'a' }), config, 'other')
    await open([writes, reads])
    await engine.invoke('scribe', 'act', {})
    expect(await engine.invoke('other', 'act', {})).toBeNull()
    await engine.close()
    expect(await once(({ memory }) => memory.get('k', { namespace: 'b' }), config)).toBeNull()
    expect(await once(({ memory }) => memory.namespaces(), config)).toEqual(['a'])
    await expect(
      once(({ memory }) => memory.put('k', 1, { namespace: 'c' }), config),
    ).rejects.toMatchObject({ code: 'InputError', message: expect.stringContaining("'c'") })
  })

  it('is gone when it expires or is deleted', async () => {
    let skewMs = 0
    const clock = Object.assign(Object.create(systemClock) as typeof systemClock, {
      nowMs: () => systemClock.nowMs() + skewMs,
    })
    await once(
      ({ memory }) => {
        memory.put('brief', 'soon gone', { ttlMs: 1_000 })
        memory.put('usual', 'kept for a day')
        memory.put('wrong', 'deleted again')
      },
      { ttlMs: '1d' },
      { clock },
    )
    await once(({ memory }) => memory.delete('wrong'), {}, { clock })
    const keys = () =>
      once(
        async ({ memory }) => {
          const recalled = await memory.recall('gone kept day deleted', { scoreMin: -1 })
          const listed = await memory.list()
          expect(recalled.map(({ key }) => key).toSorted()).toEqual(
            listed.map(({ key }) => key).toSorted(),
          )
          return listed.map(({ key }) => key)
        },
        {},
        { clock },
      )
    expect(await keys()).toEqual(['usual', 'brief'])
    skewMs = 2_000
    expect(await keys()).toEqual(['usual'])
    skewMs = 90_000_000
    expect(await keys()).toEqual([])
  })

  it('is there in an engine without a file as long as that engine', async () => {
    engine = await openEngine({
      agents: [agentOf(({ memory }, { n }) => (n === 1 ? memory.put('k', 1) : memory.get('k')))],
    })
    await engine.invoke('scribe', 'act', { n: 1 })
    expect(await engine.invoke('scribe', 'act', { n: 2 })).toMatchObject({ value: 1 })
    await expect(
      engine
        .invoke('scribe', 'act', { n: 1 })
        .then(() =>
          engine.memories.recall({ owner: 'scribe', namespace: 'default' }, 'x', { limit: 1 }),
        ),
    ).rejects.toMatchObject({ code: 'RefusedError', hint: expect.stringContaining('embedder') })
  })
})

describe('a call writes all or nothing, once', () => {
  it('a failed attempt has written nothing, and the next one does not see it', async () => {
    const seen: unknown[] = []
    const agent = agentOf(async ({ memory, attempt }) => {
      seen.push(await memory.get('k'))
      memory.put('k', attempt)
      memory.put(`only-${attempt}`, true)
      if (attempt === 1) throw new Error('half done')
      return (await memory.get('k'))?.value
    })
    await open([agent])
    expect(await engine.invoke('scribe', 'act', {}, { retry: quick })).toBe(2)
    expect(seen).toEqual([null, null])
    const listed = engine.memories.list({ owner: 'scribe', namespace: 'default' }, { limit: 9 })
    expect(listed.map(({ key }) => key)).toEqual(['only-2', 'k'])
  })

  it('what it reads has its own writes, in recall and lists too', async () => {
    await once(({ memory }) => {
      for (const [key, text] of Object.entries(facts)) memory.put(key, text)
    })
    const found = await once(async ({ memory }) => {
      memory.put('disk', 'The disk is fine again, somebody brought cake')
      memory.delete('coffee')
      const cake = await memory.recall('cake', { limit: 1 })
      const keys = (await memory.list()).map(({ key }) => key)
      return [
        cake[0]?.key,
        keys,
        (await memory.recall('coffee machine')).some(({ key }) => key === 'coffee'),
      ]
    })
    expect(found).toEqual(['disk', ['disk', 'deploy'], false])
  })

  it('after it has ended it writes nothing any more', async () => {
    const late = Promise.withResolvers<unknown>()
    await once(({ memory }) => {
      setImmediate(() =>
        setImmediate(() => {
          try {
            late.resolve(memory.put('late', 1))
          } catch (thrown) {
            late.resolve(thrown)
          }
        }),
      )
    })
    expect(await late.promise).toMatchObject({ code: 'UsageError' })
  })
})

describe('working memory', () => {
  it('is shared by the calls of one execution, survives a restart, and is gone with it', async () => {
    const agents = () => [
      agentOf(async ({ memory }, { n }) => {
        if (n === 1) memory.working.set('plan', ['first'])
        if (n === 2) memory.working.update('plan', (plan) => [...(plan as string[]), 'second'])
        return memory.working.get('plan')
      }),
    ]
    const document = {
      name: 'notes',
      version: '1.0.0',
      steps: {
        a: { agent: 'scribe', action: 'act', with: { n: 1 } },
        wait: { needs: ['a'], waitFor: { signal: 'go' } },
        b: { needs: ['wait'], agent: 'scribe', action: 'act', with: { n: 2 } },
      },
      output: { plan: "${ state['memory.plan'] }" },
    }
    await open(agents())
    await engine.startWorkflow('notes', document, { executionId: 'x' })
    await expect.poll(async () => (await engine.getExecution('x')).status).toBe('waiting')
    await engine.close()
    await open(agents())
    const ending = engine.continueWorkflow('x')
    await engine.signal('x', 'go', null)
    const run = await ending
    expect(run.steps['b']?.output).toEqual(['first', 'second'])
    expect(await engine.getState('x', 'memory.plan')).toEqual(['first', 'second'])
    expect(await engine.invoke('scribe', 'act', { n: 3 })).toBeNull()
  })
})

describe('memoryConfig', () => {
  const filled = (config: MemoryConfig, count = 3) =>
    once(({ memory }) => {
      for (let n = 1; n <= count; n++) memory.put(`k${n}`, 'x'.repeat(100))
    }, config)
  const keys = (config: MemoryConfig = {}) =>
    once(async ({ memory }) => (await memory.list()).map(({ key }) => key), config)

  test('entriesMax: what was written longest ago is forgotten', async () => {
    await filled({ entriesMax: 2 })
    expect(await keys()).toEqual(['k3', 'k2'])
  })

  test('bytesMax: what was written longest ago is forgotten', async () => {
    await filled({ bytesMax: 600 })
    expect(await keys()).toEqual(['k3', 'k2'])
  })

  test('eviction: a full namespace may refuse what is new instead, not what it has', async () => {
    await filled({ entriesMax: 2, eviction: 'refuse' }, 2)
    await expect(filled({ entriesMax: 2, eviction: 'refuse' })).rejects.toMatchObject({
      code: 'ResourceExhaustionError',
      details: { limit: 'entriesMax', max: 2 },
    })
    await expect(filled({ bytesMax: 300, eviction: 'refuse' })).rejects.toMatchObject({
      details: { limit: 'bytesMax', max: 300 },
    })
    await filled({ entriesMax: 2, eviction: 'refuse' }, 1)
    expect(await keys()).toEqual(['k1', 'k2'])
  })

  test('entryBytesMax: a larger entry is refused', async () => {
    await expect(filled({ entryBytesMax: 50 })).rejects.toMatchObject({
      code: 'ResourceExhaustionError',
      message: expect.stringContaining('entryBytesMax'),
    })
  })

  test('ttlMs: how long an entry is kept that says nothing itself', async () => {
    await filled({ ttlMs: 60_000 }, 1)
    const entry = (await once(({ memory }) => memory.get('k1'))) as Record<string, number>
    expect((entry['expiresAtMs'] as number) - (entry['writtenAtMs'] as number)).toBe(60_000)
  })

  test('namespaces: null is any', async () => {
    await once(({ memory }) => memory.put('k', 1, { namespace: 'users.ada' }), { namespaces: null })
    expect(await once(({ memory }) => memory.namespaces())).toEqual(['users.ada'])
  })

  test('recallLimit and scoreMin: what recall gives unless it is asked otherwise', async () => {
    await once(({ memory }) => {
      for (const [key, text] of Object.entries(facts)) memory.put(key, text)
    })
    const recalled = (config: MemoryConfig) =>
      once(async ({ memory }) => (await memory.recall('a full disk')).length, config)
    expect(await recalled({ recallLimit: 1, scoreMin: -1 })).toBe(1)
    expect(await recalled({ scoreMin: -1 })).toBe(3)
    expect(await recalled({ scoreMin: 0.99 })).toBe(0)
  })
})

test.each([
  ['a key that is no text', ({ memory }: AgentContext) => memory.put(7 as never, 1)],
  ['an empty key', ({ memory }: AgentContext) => memory.put('', 1)],
  ['a value that is no JSON', ({ memory }: AgentContext) => memory.put('k', () => {})],
  ['a text that is none', ({ memory }: AgentContext) => memory.put('k', 1, { text: 1 as never })],
  [
    'metadata that is no object',
    ({ memory }: AgentContext) => memory.put('k', 1, { metadata: [] as never }),
  ],
  ['a time to live of 0', ({ memory }: AgentContext) => memory.put('k', 1, { ttlMs: 0 })],
  [
    'an unknown namespace',
    ({ memory }: AgentContext) => memory.get('k', { namespace: 'defaults' }),
  ],
  ['a question that is no text', ({ memory }: AgentContext) => memory.recall(1 as never)],
  ['a limit of 0', ({ memory }: AgentContext) => memory.list({ limit: 0 })],
])('%s is refused as InputError', async (_, run) => {
  await expect(once(run)).rejects.toMatchObject({ code: 'InputError' })
})

test('a row that was altered on disk is not used', async () => {
  await once(({ memory }) => memory.put('k', 'as it was'))
  const { Database } = await import('../src/storage/index.ts')
  const database = Database.open({ path: join(folder, 'a.db') })
  database.commit(() =>
    database.prepare("UPDATE memories SET payload = replace(payload, 'was', 'is')").run(),
  )
  database.close()
  await expect(once(({ memory }) => memory.get('k'))).rejects.toMatchObject({
    message: expect.stringContaining('altered'),
  })
})

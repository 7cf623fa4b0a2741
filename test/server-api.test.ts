import { Ajv2020 } from 'ajv/dist/2020.js'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { CloudEvent } from '../src/core/contracts/events.ts'
import { systemClock } from '../src/core/clock.ts'
import {
  OrchestrationError,
  ResourceExhaustionError,
  StateConsistencyError,
} from '../src/core/errors.ts'
import type { JsonObject, JsonValue } from '../src/core/json.ts'
import { silentLogger } from '../src/core/logger.ts'
import type { DeadLetterFilter, DeadLetterView, ExecutionRow } from '../src/engine/index.ts'
import type { StateWriteOptions, WorkflowEngine, WorkflowStateEntry } from '../src/engine/index.ts'
import { type EmbeddedEngine, openEngine } from '../src/engine/index.ts'
import { type ApiServer, type ApiServerOptions, startControlServer } from '../src/server/index.ts'
import {
  readDocumentData,
  type WorkflowData,
  type WorkflowDocument,
} from '../src/workflow/index.ts'

const token = 'a-secret'
const waiting = { name: 'ask', version: '1.0.0', steps: { ask: { waitFor: { signal: 'go' } } } }

let real: EmbeddedEngine
let server: ApiServer
let done: (readonly unknown[])[]
let options: ApiServerOptions
let rows: ExecutionRow[]
let letters: DeadLetterView[]
let registry: WorkflowDocument[]
/** Goes before the real engine. */
let fake: Partial<WorkflowEngine>

/** The newer verbs of an engine as a record of what was asked of them. */
function fakeVerbs(): Partial<WorkflowEngine> {
  const state = new Map<string, WorkflowStateEntry>()
  const check = (key: string, expectedVersion: number | undefined): void => {
    const version = state.get(key)?.version ?? 0
    if (expectedVersion === undefined || expectedVersion === version) return
    throw new StateConsistencyError(`'${key}' has version ${version}, not ${expectedVersion}`)
  }
  return {
    checkpoint: async (...asked: unknown[]) => {
      done.push(['checkpoint', ...asked])
      const checkpointId = `${String(asked[0])}/@7`
      const metadata = { label: null, reason: 'verb' } as const
      const at = { atMs: 1, timestampMs: 1, stateSnapshot: {}, metadata }
      return { checkpointId, workflowId: String(asked[0]), stepId: null, ...metadata, ...at }
    },
    rollback: async (...asked: unknown[]) => done.push(['rollback', ...asked]) > 0,
    fork: async (...asked: unknown[]) => {
      done.push(['fork', ...asked])
      return 'forked-1'
    },
    deadLetters: async (filter: DeadLetterFilter = {}) =>
      letters
        .filter((letter) => letter.executionId === (filter.executionId ?? letter.executionId))
        .slice(0, filter.limit ?? 1_000),
    redrive: async (id: string) => {
      if (!letters.some((letter) => letter.id === id)) {
        throw new OrchestrationError('NotFoundError', `no open dead letter '${id}'`)
      }
      done.push(['redrive', id])
    },
    discard: async (id: string) => void done.push(['discard', id]),
    registerWorkflow: async (data: WorkflowData) => {
      registry.push(readDocumentData(data).document as WorkflowDocument)
    },
    deliver: () => Promise.resolve([]),
    getStateEntry: async (_: string, key: string) => state.get(key) ?? null,
    listState: async () => [...state.values()],
    setState: async (
      workflowId: string,
      key: string,
      value: JsonValue,
      write: StateWriteOptions = {},
    ) => {
      check(key, write.expectedVersion)
      const version = (state.get(key)?.version ?? 0) + 1
      const { ttlMs = null, metadata = {} } = write
      state.set(key, { workflowId, key, value, version, timestampMs: 9, ttlMs, metadata })
      return true as const
    },
    deleteState: async (_: string, key: string, write: StateWriteOptions = {}) => {
      check(key, write.expectedVersion)
      return state.delete(key)
    },
  }
}

/** The real engine with `fake` before it. */
function stagedEngine(): WorkflowEngine {
  return new Proxy(real, {
    get(engine, name) {
      if (name in fake) return fake[name as keyof WorkflowEngine]
      const value: unknown = Reflect.get(engine, name, engine)
      return typeof value === 'function' ? value.bind(engine) : value
    },
  })
}

beforeEach(async () => {
  done = []
  rows = []
  letters = []
  registry = []
  fake = fakeVerbs()
  real = await openEngine()
  options = {
    engine: stagedEngine(),
    token,
    kind: 'serve',
    list: ({ before = Infinity, limit = 1_000, metadata = {} }) =>
      rows
        .filter((row) => row.execution < before)
        .filter((row) =>
          Object.entries(metadata).every(([key, text]) => row.metadata[key] === text),
        )
        .slice(0, limit),
    metrics: { text: () => Promise.resolve('up 1\n'), contentType: 'text/plain; version=0.0.4' },
    logger: silentLogger,
    clock: systemClock,
    log: () => [],
    agents: () => [],
    workflows: (name) => registry.filter((document) => document.name === (name ?? document.name)),
    startDocument: (document, how) => real.startDocument(document, how),
    readiness: () => ({ isReady: true, reason: null }),
  }
  server = await startControlServer(options)
})

afterEach(async () => {
  await server.close()
  await real.close()
})

interface Asked {
  readonly body?: unknown
  readonly text?: string
  readonly headers?: Readonly<Record<string, string>>
}
interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly value: JsonObject
}

/** Asks, and holds every answer against what `/openapi.json` says of it. */
async function ask(method: string, path: string, asked: Asked = {}): Promise<Answer> {
  const base = `http://127.0.0.1:${server.port}`
  const text = asked.body === undefined ? asked.text : JSON.stringify(asked.body)
  const response = await fetch(`${base}${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, ...asked.headers },
    ...(text === undefined ? {} : { body: text }),
  })
  const answer = await response.text()
  const type = response.headers.get('content-type') ?? ''
  const value = (type.includes('json') ? JSON.parse(answer) : null) as JsonObject
  await checkPublished({ method, path, status: response.status, type, value })
  return { status: response.status, headers: response.headers, value }
}

interface Described {
  readonly paths: Record<string, Record<string, { responses: Record<string, unknown> }>>
}

async function checkPublished(given: {
  readonly method: string
  readonly path: string
  readonly status: number
  readonly type: string
  readonly value: JsonObject
}): Promise<void> {
  const { method, status, type, value } = given
  const response = await fetch(`http://127.0.0.1:${server.port}/openapi.json`)
  const described = (await response.json()) as Described
  const path = given.path.split('?')[0] as string
  const found =
    Object.entries(described.paths).find(([known]) => known === path) ??
    Object.entries(described.paths).find(([known]) =>
      new RegExp(`^${known.replace(/\{\w+\}/g, '[^/]+')}$`).test(path),
    )
  const published = found?.[1][method.toLowerCase()]?.responses[status]
  expect(published, `${method} ${path} may answer ${status}`).toBeDefined()
  const at = (name: string): string => name.replace(/~/g, '~0').replace(/\//g, '~1')
  const media = type.split(';')[0] as string
  if (media === '') return
  const ajv = new Ajv2020({ strict: false, validateFormats: false })
  ajv.addSchema(described, 'api')
  const pointer = `paths/${at(found?.[0] ?? '')}/${method.toLowerCase()}/responses/${status}/content/${at(media)}/schema`
  const fits = ajv.compile({ $ref: `api#/${encodeURI(pointer)}` })
  expect(fits(value), `${method} ${path} ${status}: ${JSON.stringify(fits.errors)}`).toBe(true)
}

function row(execution: number, metadata: JsonObject = {}): ExecutionRow {
  const what = { executionId: `e-${execution}`, workflow: 'w', version: '1.0.0', metadata }
  const shown = { ...what, execution, status: 'running', startedAtMs: 1, endedAtMs: null }
  return shown as unknown as ExecutionRow
}

describe('starts', () => {
  test('a start is made once for an execution id, and refused for another document or input', async () => {
    const body = { document: waiting, executionId: 's-1', input: { a: 1 } }
    const first = await ask('POST', '/v1/executions', { body })
    expect([first.status, first.value]).toEqual([201, { executionId: 's-1', status: 'waiting' }])
    const again = await ask('POST', '/v1/executions', { body })
    expect([again.status, again.value]).toEqual([200, { executionId: 's-1', status: 'waiting' }])
    const other = await ask('POST', '/v1/executions', { body: { ...body, input: { a: 2 } } })
    expect([other.status, other.value.code]).toEqual([409, 'UsageError'])
    expect(other.value.hint).toMatch(/another id/)
  })

  test('of two starts under one id at the same moment one is the new one', async () => {
    const body = { document: waiting, executionId: 's-2' }
    const both = await Promise.all([1, 2].map(() => ask('POST', '/v1/executions', { body })))
    expect(new Set(both.map(({ status }) => status))).toEqual(new Set([200, 201]))
  })

  test('a document with problems is refused with all of them and leaves nothing', async () => {
    const document = { name: 'Bad Name', version: '1', steps: { a: { slep: '1s' } } }
    const { status, value } = await ask('POST', '/v1/executions', {
      body: { document, executionId: 's-3' },
    })
    expect([status, value.code]).toEqual([422, 'DocumentError'])
    const { problems } = value.details as { problems: { path: string }[] }
    expect(problems.map(({ path }) => path)).toEqual(
      expect.arrayContaining(['name', 'version', 'steps.a.slep']),
    )
    expect((await ask('GET', '/v1/executions/s-3')).status).toBe(404)
  })

  test.each([
    ['agents of its own', { document: waiting, agents: ['a.ts'] }, /aura serve --agents/],
    ['a mistyped key', { document: waiting, inptu: {} }, /did you mean 'input'/],
    ['neither workflow nor document', { input: {} }, null],
    ['both workflow and document', { document: waiting, workflow: 'ask' }, null],
    ['an id that is none', { document: waiting, executionId: '../x' }, /1 to 200/],
    ['a range that is none', { workflow: 'ask@latest-ish' }, /name@1/],
    ['an input that is no object', { document: waiting, input: [1] }, null],
  ])('a start with %s is refused', async (_, body, hint) => {
    const { status, value } = await ask('POST', '/v1/executions', { body })
    expect([status, value.code]).toEqual([422, 'InputError'])
    if (hint !== null) expect(value.hint).toMatch(hint)
  })

  test('a name starts the highest registered version that its range allows', async () => {
    for (const version of ['1.2.0', '2.0.0', '1.10.0']) {
      await ask('POST', '/v1/workflows', { body: { ...waiting, version } })
    }
    const versionOf = async (workflow: string): Promise<unknown> => {
      const { value } = await ask('POST', '/v1/executions', { body: { workflow } })
      return (await ask('GET', `/v1/executions/${value.executionId as string}`)).value.version
    }
    expect(await versionOf('ask')).toBe('2.0.0')
    expect(await versionOf('ask@1')).toBe('1.10.0')
    const none = await ask('POST', '/v1/executions', { body: { workflow: 'ask@3' } })
    expect([none.status, none.value.hint]).toEqual([404, 'its versions are 1.2.0, 2.0.0, 1.10.0'])
    const unknown = await ask('POST', '/v1/executions', { body: { workflow: 'aks' } })
    expect([unknown.status, unknown.value.hint]).toEqual([404, "did you mean 'ask'?"])
  })

  test("a file owned by 'aura run' takes no other executions", async () => {
    await server.close()
    server = await startControlServer({ ...options, kind: 'run' })
    const { status, value, headers } = await ask('POST', '/v1/executions', {
      body: { document: waiting },
    })
    expect([status, value.code, headers.get('retry-after')]).toEqual([503, 'OwnerError', '1'])
  })
})

describe('executions', () => {
  test('the pages of a list hold every execution once, whatever starts meanwhile', async () => {
    rows = [5, 4, 3, 2, 1].map((execution) => row(execution))
    const seen: unknown[] = []
    let cursor: JsonValue = null
    do {
      const from: string = typeof cursor === 'string' ? `&cursor=${cursor}` : ''
      const { value } = await ask('GET', `/v1/executions?limit=2${from}`)
      seen.push(...(value.executions as JsonObject[]).map(({ executionId }) => executionId))
      cursor = value.nextCursor as JsonValue
      rows.unshift(row(rows.length + 1))
    } while (cursor !== null)
    expect(seen).toEqual(['e-5', 'e-4', 'e-3', 'e-2', 'e-1'])
  })

  test('metadata filters, and a filter that there is not is refused', async () => {
    rows = [row(2, { team: 'sre' }), row(1, { team: 'web' })]
    const { value } = await ask('GET', '/v1/executions?meta.team=web')
    expect(value).toMatchObject({ executions: [{ executionId: 'e-1' }], nextCursor: null })
    for (const query of ['team=web', 'status=done', 'limit=0', 'cursor=zzz', 'meta.=x']) {
      expect((await ask('GET', `/v1/executions?${query}`)).status, query).toBe(422)
    }
  })

  test.each([
    ['checkpoint', { label: 'safe' }, ['checkpoint', 'v-1', 'safe']],
    ['checkpoint', undefined, ['checkpoint', 'v-1', undefined]],
    ['rollback', { to: 'start' }, ['rollback', 'v-1', 'start', { acceptEffects: false }]],
    [
      'rollback',
      { to: 'ask', acceptEffects: true },
      ['rollback', 'v-1', 'ask', { acceptEffects: true }],
    ],
  ])('%s %j reaches the engine and answers the status', async (verb, body, expected) => {
    await real.startWorkflow('ask', waiting, { executionId: 'v-1' })
    const { status, value } = await ask('POST', `/v1/executions/v-1/${verb}`, { body })
    expect(done).toEqual([expected])
    const more = verb === 'checkpoint' ? { checkpointId: 'v-1/@7' } : {}
    expect([status, value]).toEqual([200, { executionId: 'v-1', status: 'waiting', ...more }])
  })

  test('a fork answers the id of the new execution', async () => {
    const { status, value } = await ask('POST', '/v1/executions/v-2/fork', {
      body: { from: 'ask', document: waiting, executionId: 'v-3' },
    })
    expect([status, value]).toEqual([201, { executionId: 'forked-1' }])
    expect(done).toEqual([['fork', 'v-2', 'ask', { document: waiting, executionId: 'v-3' }]])
  })

  test('a mistyped key of a verb is refused before anything happens', async () => {
    const { status, value } = await ask('POST', '/v1/executions/v-4/rollback', {
      body: { to: 'start', acceptEffect: true },
    })
    expect([status, value.hint]).toEqual([422, "did you mean 'acceptEffects'?"])
    expect(done).toEqual([])
  })
})

describe('state', () => {
  const path = '/v1/executions/st-1/state/count'

  test('a value is written over the version that was read, and refused over another', async () => {
    const first = await ask('PUT', path, { body: 1, headers: { 'if-none-match': '*' } })
    expect([first.status, first.headers.get('etag')]).toEqual([204, '"1"'])
    const again = await ask('PUT', path, { body: 1, headers: { 'if-none-match': '*' } })
    expect([again.status, again.value.code]).toEqual([412, 'StateConsistencyError'])
    const second = await ask('PUT', path, { body: 2, headers: { 'if-match': '"1"' } })
    expect([second.status, second.headers.get('etag')]).toEqual([204, '"2"'])
    expect((await ask('PUT', path, { body: 3, headers: { 'if-match': '"1"' } })).status).toBe(412)
    const { status, value, headers } = await ask('GET', path)
    expect([status, value, headers.get('etag')]).toEqual([200, 2, '"2"'])
    expect((await ask('DELETE', path, { headers: { 'if-match': '"1"' } })).status).toBe(412)
    expect((await ask('DELETE', path)).status).toBe(204)
    expect((await ask('DELETE', path)).status).toBe(404)
    expect((await ask('GET', path)).status).toBe(404)
  })

  test('writers who read, add one and try again on conflict lose no update', async () => {
    await ask('PUT', path, { body: 0 })
    const add = async (): Promise<void> => {
      for (;;) {
        const { value, headers } = await ask('GET', path)
        const put = await ask('PUT', path, {
          body: Number(value) + 1,
          headers: { 'if-match': headers.get('etag') ?? '' },
        })
        if (put.status === 204) return
      }
    }
    await Promise.all(Array.from({ length: 8 }, add))
    expect((await ask('GET', path)).value).toBe(8)
  })

  test('another writer’s version is not given for one’s own value', async () => {
    const set = fake.setState as WorkflowEngine['setState']
    fake.setState = async (id, key, value, how) => {
      await set(id, key, value, how)
      return set(id, key, 'of another')
    }
    const { status, headers } = await ask('PUT', path, { body: 'mine' })
    expect([status, headers.get('etag')]).toEqual([204, null])
  })

  test('time to live and metadata go with the entry, also beyond ASCII', async () => {
    const headers = { 'x-aura-metadata': '{"by":"J\\u00f6rg"}' }
    await ask('PUT', `${path}?ttlMs=5000`, { body: { a: null }, headers })
    const entry = await ask('GET', path)
    expect(entry.value).toEqual({ a: null })
    expect(entry.headers.get('x-aura-ttl-ms')).toBe('5000')
    expect(JSON.parse(entry.headers.get('x-aura-metadata') ?? '')).toEqual({ by: 'Jörg' })
    expect((await ask('GET', '/v1/executions/st-1/state')).value).toMatchObject({
      entries: [{ key: 'count', version: 1, ttlMs: 5_000, metadata: { by: 'Jörg' } }],
    })
  })

  test.each([
    ['no body', {}],
    ['several versions', { body: 1, headers: { 'if-match': '"1", "2"' } }],
    ['two conditions', { body: 1, headers: { 'if-match': '"1"', 'if-none-match': '*' } }],
    ['metadata that is no object', { body: 1, headers: { 'x-aura-metadata': '[]' } }],
    ['a time to live that is none', { body: 1, headers: { 'x-aura-ttl-ms': 'soon' } }],
  ])('a write with %s is refused', async (_, asked) => {
    expect((await ask('PUT', path, asked)).status).toBe(422)
  })
})

describe('workflows', () => {
  const yaml = 'name: ask\nversion: 1.1.0\nsteps:\n  ask: { waitFor: { signal: go } }\n'

  test('documents are registered as JSON, wrapped, or YAML, and listed by name with their versions', async () => {
    const triggered = { ...waiting, triggers: [{ schedule: '0 * * * *' }] }
    expect((await ask('POST', '/v1/workflows', { body: triggered })).status).toBe(201)
    expect((await ask('POST', '/v1/workflows', { body: { document: waiting } })).status).toBe(201)
    const headers = { 'content-type': 'application/yaml' }
    const { value } = await ask('POST', '/v1/workflows', { text: yaml, headers })
    expect(value).toEqual({ name: 'ask', version: '1.1.0', problems: [] })
    expect((await ask('GET', '/v1/workflows')).value).toMatchObject({
      workflows: [{ name: 'ask', version: '1.1.0', triggers: [], versions: ['1.1.0', '1.0.0'] }],
      nextCursor: null,
    })
    const { versions } = (await ask('GET', '/v1/workflows/ask')).value
    // Of version 1.0.0, registered twice, the later one.
    expect(versions).toMatchObject([
      { version: '1.1.0', document: { timeout: null } },
      { version: '1.0.0', document: { triggers: [] } },
    ])
    expect((await ask('GET', '/v1/workflows/aks')).value.hint).toBe("did you mean 'ask'?")
  })

  test('problems of a YAML document have their lines', async () => {
    const headers = { 'content-type': 'text/yaml; charset=utf-8' }
    const text = yaml.replace('waitFor', 'waitfor')
    const { status, value } = await ask('POST', '/v1/workflows', { text, headers })
    expect(status).toBe(422)
    expect((value.details as JsonObject).problems).toMatchObject(
      [4, 4].map((line) => ({ file: 'body', line })),
    )
    expect(registry).toEqual([])
  })

  test('a body that is no document is refused', async () => {
    expect((await ask('POST', '/v1/workflows', { text: '[1]' })).status).toBe(422)
    expect((await ask('POST', '/v1/workflows', { text: '' })).status).toBe(422)
    expect((await ask('POST', '/v1/workflows', { text: yaml })).value.detail).toMatch(/no JSON/)
  })
})

describe('dead letters', () => {
  const error = { code: 'AgentError', message: 'no', retryable: false, hint: null, details: null }
  const letter = (id: string, atMs: number): DeadLetterView => {
    return { id, executionId: id.split('/')[0] as string, stepId: null, error, atMs }
  }

  test('pages hold every one, also when the last one shown was closed in between', async () => {
    letters = ['a', 'b', 'c', 'd', 'e'].map((id, place) => letter(id, place))
    const first = (await ask('GET', '/v1/dead-letters?limit=2')).value
    expect(first.deadLetters).toMatchObject([{ id: 'a' }, { id: 'b' }])
    letters.splice(1, 1)
    const path = `/v1/dead-letters?limit=2&cursor=${first.nextCursor as string}`
    const second = (await ask('GET', path)).value
    expect(second.deadLetters).toMatchObject([{ id: 'c' }, { id: 'd' }])
    const rest = `/v1/dead-letters?cursor=${second.nextCursor as string}`
    expect((await ask('GET', rest)).value).toMatchObject({
      deadLetters: [{ id: 'e' }],
      nextCursor: null,
    })
    expect((await ask('GET', '/v1/dead-letters?cursor=x')).status).toBe(422)
  })

  test('one is looked at, redriven or discarded by its id, slashes and all', async () => {
    await real.startWorkflow('ask', waiting, { executionId: 'd-1' })
    letters = [letter('d-1/pay[2]/compensate', 1)]
    const path = `/v1/dead-letters/${encodeURIComponent('d-1/pay[2]/compensate')}`
    expect((await ask('GET', path)).value).toMatchObject({ executionId: 'd-1' })
    const redriven = await ask('POST', `${path}/redrive`)
    expect([redriven.status, redriven.value]).toEqual([
      200,
      { executionId: 'd-1', status: 'waiting' },
    ])
    expect((await ask('POST', `${path}/discard`)).status).toBe(200)
    expect(done).toEqual([
      ['redrive', 'd-1/pay[2]/compensate'],
      ['discard', 'd-1/pay[2]/compensate'],
    ])
    expect((await ask('GET', '/v1/dead-letters/d-2')).status).toBe(404)
    expect((await ask('POST', '/v1/dead-letters/d-2/redrive')).status).toBe(404)
  })

  test('many are redriven at once, and those that could not be are named', async () => {
    letters = [letter('m-1', 1), letter('m-2', 2)]
    fake.deadLetters = () => Promise.resolve([letter('m-0', 0), ...letters])
    expect((await ask('POST', '/v1/dead-letters/redrive')).value).toMatchObject({
      redriven: ['m-1', 'm-2'],
      refused: [{ id: 'm-0', error: { code: 'NotFoundError' } }],
    })
    expect(done.map(([, id]) => id)).toEqual(['m-1', 'm-2'])
  })
})

describe('events', () => {
  const event = { specversion: '1.0', id: '1', source: '/s', type: 'a.b', data: { n: 1 } }
  let delivered: CloudEvent[]

  beforeEach(() => {
    delivered = []
    fake.deliver = (one) => {
      delivered.push(one)
      return Promise.resolve(['w.0.1'])
    }
  })

  test('an event is taken in structured and in binary mode', async () => {
    const headers = { 'content-type': 'application/cloudevents+json; charset=utf-8' }
    const body = { ...event, time: '2026-01-01T00:00:00Z', traceparent: 'x' }
    const { status, value } = await ask('POST', '/v1/events', { body, headers })
    expect([status, value]).toEqual([200, { started: ['w.0.1'] }])
    const ce = { 'ce-specversion': '1.0', 'ce-id': '1', 'ce-source': '/%C3%B6', 'ce-type': 'a.b' }
    const json = { ...ce, 'content-type': 'application/json', 'ce-subject': 'me' }
    await ask('POST', '/v1/events', { body: { n: 1 }, headers: json })
    await ask('POST', '/v1/events', {
      text: 'hi',
      headers: { ...ce, 'content-type': 'text/plain' },
    })
    await ask('POST', '/v1/events', { headers: ce })
    const plain = { id: '1', source: '/ö', type: 'a.b', time: null, subject: null }
    expect(delivered).toEqual([
      { ...plain, source: '/s', time: '2026-01-01T00:00:00Z', data: { n: 1 } },
      { ...plain, subject: 'me', data: { n: 1 } },
      { ...plain, data: 'hi' },
      { ...plain, data: null },
    ])
  })

  test.each([
    ['no version', { ...event, specversion: undefined }, /body\.specversion/],
    ['another version', { ...event, specversion: '0.3' }, /body\.specversion/],
    ['an empty id', { ...event, id: '' }, /body\.id/],
    ['a time that is none', { ...event, time: 'yesterday' }, /'time' is RFC 3339/],
    ['nothing in it', [], /CloudEvent/],
  ])('an event with %s is refused', async (_, body, detail) => {
    const { status, value } = await ask('POST', '/v1/events', { body })
    expect(status).toBe(422)
    expect(value.detail).toMatch(detail)
    expect(delivered).toEqual([])
  })

  test('an event of a kind that is not understood is refused as such', async () => {
    const headers = { 'content-type': 'application/cloudevents-batch+json' }
    expect((await ask('POST', '/v1/events', { body: [event], headers })).status).toBe(415)
  })

  test('an event over the admission limit is to be sent again', async () => {
    const full = new ResourceExhaustionError('openExecutionsMax is 1', { retryable: true })
    fake.deliver = () => Promise.reject(full)
    const { status, value, headers } = await ask('POST', '/v1/events', { body: event })
    expect([status, value.code, value.retryable]).toEqual([429, 'ResourceExhaustionError', true])
    expect(headers.get('retry-after')).toBe('1')
  })
})

describe('the process', () => {
  test('while it goes down it is not ready, begins nothing new and still steers', async () => {
    await real.startWorkflow('ask', waiting, { executionId: 'p-1' })
    expect((await ask('GET', '/readyz')).value).toEqual({ status: 'ready' })
    server.drain()
    expect((await ask('GET', '/readyz')).status).toBe(503)
    expect((await ask('GET', '/healthz')).status).toBe(200)
    const event = { specversion: '1.0', id: '1', source: '/s', type: 't' }
    for (const [path, body] of [
      ['/v1/executions', { document: waiting }],
      ['/v1/executions/p-1/fork', { from: 'start' }],
      ['/v1/events', event],
      ['/v1/dead-letters/redrive', {}],
    ] as const) {
      const { status, value } = await ask('POST', path, { body })
      expect([path, status, value.code, value.retryable]).toEqual([path, 503, 'OwnerError', true])
    }
    const again = { document: waiting, executionId: 'p-1' }
    expect((await ask('POST', '/v1/executions', { body: again })).status).toBe(200)
    expect((await ask('POST', '/v1/executions/p-1/pause')).value.status).toBe('paused')
  })

  test('it says why it is not ready', async () => {
    options = { ...options, readiness: () => ({ isReady: false, reason: 'the disk is full' }) }
    await server.close()
    server = await startControlServer(options)
    const { status, value } = await ask('GET', '/readyz')
    expect([status, value.detail]).toEqual([503, 'the disk is full'])
  })

  test('what a later release brings, and what this owner does not offer, is answered with 501', async () => {
    expect((await ask('POST', '/v1/route', { body: { text: 'pay the bill' } })).status).toBe(501)
    expect((await ask('POST', '/v1/route', { body: { txt: 'pay' } })).status).toBe(422)
    for (const path of ['/v1/tda/patterns', '/v1/tda/anomalies', '/v1/audit']) {
      const { status, value } = await ask('GET', path)
      expect([status, value.detail]).toEqual([501, `GET ${path} is not yet in this release`])
    }
    expect((await ask('GET', '/v1/agents')).value).toEqual({ agents: [], nextCursor: null })
    await server.close()
    const { engine, list, metrics, logger, clock } = options
    server = await startControlServer({ engine, token, list, metrics, logger, clock })
    for (const path of ['/v1/agents', '/v1/workflows', '/v1/executions/e/events']) {
      expect((await ask('GET', path)).status, path).toBe(501)
    }
  })
})

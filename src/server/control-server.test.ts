import { execFileSync } from 'node:child_process'
import { request } from 'node:http'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { systemClock } from '../core/clock.ts'
import { limits } from '../core/limits.ts'
import { silentLogger } from '../core/logger.ts'
import { openEngine } from '../engine/index.ts'
import type { EmbeddedEngine } from '../engine/index.ts'
import { startControlServer } from './control-server.ts'
import type { ApiServer as ControlServer } from './api-server-options.ts'

const token = 'a-secret'
let engine: EmbeddedEngine
let server: ControlServer
let readMetrics: () => Promise<string>

beforeEach(async () => {
  readMetrics = () => Promise.resolve('up 1\n')
  engine = await openEngine()
  server = await startControlServer({
    engine,
    token,
    list: () => [],
    metrics: { text: () => readMetrics(), contentType: 'text/plain; version=0.0.4' },
    logger: silentLogger,
    clock: systemClock,
  })
})

afterEach(async () => {
  await server.close()
  await engine.close()
})

interface Answer {
  readonly status: number
  readonly type: string
  readonly body: string
}

function ask(
  method: string,
  path: string,
  options: { readonly headers?: Record<string, string>; readonly body?: string } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${token}`, ...options.headers }
    const call = request(
      { host: '127.0.0.1', port: server.port, method, path, headers, agent: false },
      (response) => {
        let body = ''
        response.setEncoding('utf8')
        response.on('data', (part: string) => (body += part))
        response.on('end', () => {
          resolve({
            status: response.statusCode ?? 0,
            type: response.headers['content-type'] ?? '',
            body,
          })
        })
      },
    )
    call.on('error', reject)
    call.end(options.body)
  })
}

async function startWaiting(executionId: string): Promise<void> {
  await engine.startWorkflow(
    'ask',
    { name: 'ask', version: '1.0.0', steps: { ask: { waitFor: { signal: 'approval' } } } },
    { executionId },
  )
}

test('without the token nothing is told but health and metrics', async () => {
  const without = { headers: { authorization: '' } }
  expect((await ask('GET', '/healthz', without)).status).toBe(200)
  expect(await ask('GET', '/metrics', without)).toMatchObject({ status: 200, body: 'up 1\n' })
  expect((await ask('GET', '/v1/executions', without)).status).toBe(401)
  expect(
    (await ask('GET', '/v1/executions', { headers: { authorization: 'Bearer a-secreT' } })).status,
  ).toBe(401)
  expect((await ask('POST', '/v1/executions/x/cancel', without)).status).toBe(401)
})

test('a foreign host name is refused, so that no web page can steer', async () => {
  expect((await ask('GET', '/metrics', { headers: { host: 'evil.example:80' } })).status).toBe(403)
})

test('pause, resume and cancel answer with the status that the execution has then', async () => {
  await startWaiting('e-1')
  const path = '/v1/executions/e-1'
  expect(JSON.parse((await ask('POST', `${path}/pause`)).body)).toEqual({
    executionId: 'e-1',
    status: 'paused',
  })
  expect(JSON.parse((await ask('POST', `${path}/resume`)).body)).toEqual({
    executionId: 'e-1',
    status: 'waiting',
  })
  expect(JSON.parse((await ask('POST', `${path}/cancel`)).body)).toEqual({
    executionId: 'e-1',
    status: 'cancelled',
  })
  expect(JSON.parse((await ask('POST', `${path}/pause`)).body)).toEqual({
    executionId: 'e-1',
    status: 'cancelled',
  })
})

test('a signal reaches its execution with its data', async () => {
  await startWaiting('e-2')
  const ended = engine.continueWorkflow('e-2')
  const answer = await ask('POST', '/v1/executions/e-2/signal', {
    body: JSON.stringify({ name: 'approval', data: { by: 'me' } }),
  })
  expect(answer.status).toBe(200)
  expect((await ended).output).toEqual({ ask: { by: 'me' } })
})

test('GET of an execution is what show prints', async () => {
  await startWaiting('e-3')
  const answer = await ask('GET', '/v1/executions/e-3')
  expect(JSON.parse(answer.body)).toMatchObject({
    executionId: 'e-3',
    status: 'waiting',
    currentSteps: ['ask'],
  })
})

test.each([
  ['an unknown execution', 'POST', '/v1/executions/nope/pause', undefined, 404, 'NotFoundError'],
  ['an unknown verb', 'POST', '/v1/executions/nope/explode', undefined, 404, 'NotFoundError'],
  ['an unknown path', 'GET', '/v2/things', undefined, 404, 'NotFoundError'],
  ['a wrong method', 'DELETE', '/v1/executions/nope', undefined, 405, 'UsageError'],
  ['a body that is no JSON', 'POST', '/v1/executions/nope/signal', '{', 422, 'InputError'],
  ['a body without its name', 'POST', '/v1/executions/nope/signal', '{}', 422, 'InputError'],
  [
    'a resolution that there is not',
    'POST',
    '/v1/executions/nope/resolve',
    '{"step":"a","resolution":"maybe"}',
    422,
    'InputError',
  ],
])('%s is answered by a problem document', async (...[, method, path, body, status, code]) => {
  const answer = await ask(method, path, body === undefined ? {} : { body })
  expect(answer.status).toBe(status)
  expect(answer.type).toBe('application/problem+json')
  expect(JSON.parse(answer.body)).toMatchObject({
    status,
    code,
    title: code,
    type: `urn:aura:error:${code}`,
  })
})

test('a body over the limit is refused and not kept', async () => {
  const body = `{"name":"${'x'.repeat(limits.payloadBytesMax)}"}`
  const answer = await ask('POST', '/v1/executions/nope/signal', { body })
  expect(answer.status).toBe(413)
  expect(JSON.parse(answer.body)).toMatchObject({
    code: 'ResourceExhaustionError',
    retryable: false,
    detail: expect.stringContaining('payloadBytesMax'),
  })
})

test('a request under way gets its answer when the server closes', async () => {
  const asked = Promise.withResolvers<void>()
  readMetrics = () => {
    asked.resolve()
    return new Promise((resolve) => setImmediate(() => resolve('late 1\n')))
  }
  const answer = ask('GET', '/metrics')
  await asked.promise
  const [{ body }] = await Promise.all([answer, server.close()])
  expect(body).toBe('late 1\n')
})

test('a request whose body is not read to its end is answered, and the connection closed', async () => {
  const body = 'x'.repeat(1_000_000)
  const answer = await ask('POST', '/v1/executions', { body, headers: { authorization: '' } })
  expect(answer.status).toBe(401)
})

test('requests are logged with their id, and what fails inside is told to the log alone', async () => {
  const lines: object[] = []
  const logging = { ...silentLogger, log: (...line: readonly unknown[]) => void lines.push(line) }
  await server.close()
  server = await startControlServer({
    engine,
    token,
    list: () => {
      throw new Error('the inside')
    },
    metrics: { text: () => readMetrics(), contentType: 'text/plain' },
    logger: logging,
    clock: systemClock,
  })
  const answer = await ask('GET', '/v1/executions', { headers: { 'x-request-id': 'mine-1' } })
  expect([answer.status, answer.body.includes('the inside')]).toEqual([500, false])
  expect(lines).toMatchObject([
    ['error', 'a request failed', { requestId: 'mine-1', error: 'the inside' }],
    ['debug', 'request', { requestId: 'mine-1', method: 'GET', status: 500 }],
  ])
})

test('an address that cannot be bound is refused with what to do', async () => {
  const options = { engine, token, list: () => [], logger: silentLogger, clock: systemClock }
  const metrics = { text: () => readMetrics(), contentType: 'text/plain' }
  await expect(
    startControlServer({ ...options, metrics, port: server.port }),
  ).rejects.toMatchObject({ code: 'UsageError', hint: expect.stringContaining('--port') })
})

test('a server that nobody asks loads no HTTP framework', () => {
  const program = `
    import { createRequire } from 'node:module'
    const { startControlServer } = await import('./src/server/index.ts')
    const clock = { nowMs: () => 0, after: () => () => {} }
    const server = await startControlServer({ clock, token: 't' })
    const loaded = () => Object.keys(createRequire(import.meta.url).cache).some((file) => file.includes('/fastify/'))
    const before = loaded()
    await fetch('http://127.0.0.1:' + server.port + '/healthz')
    console.log(JSON.stringify([before, loaded()]))
    process.exit()`
  const out = execFileSync(process.execPath, ['--input-type=module', '-e', program], {
    encoding: 'utf8',
  })
  expect(JSON.parse(out)).toEqual([false, true])
})

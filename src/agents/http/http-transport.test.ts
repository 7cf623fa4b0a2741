import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createTcpServer, type AddressInfo, type Server } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { systemClock } from '../../core/clock.ts'
import { defineAgent } from '../define-agent.ts'
import type { BaseAgent } from '../base-agent.ts'
import { callOnce } from '../call-once.ts'
import type { AgentSettings } from '../configuration.ts'
import type { CallOutcome } from '../contract.ts'
import type { CallTracer } from '../host.ts'
import { outcomeUrl } from './http-transport.ts'
import { retryAfterMs } from './retry-after.ts'

type Handler = (request: IncomingMessage, response: ServerResponse, body: string) => void

const closers: (() => Promise<unknown> | void)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closers.push(() => new Promise((resolve) => server.close(resolve)))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

async function serve(handler: Handler): Promise<string> {
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk: Buffer) => {
      body += chunk.toString()
    })
    request.on('end', () => handler(request, response, body))
  })
  closers.push(() => server.closeAllConnections())
  return listen(server)
}

async function agentAt(
  url: string,
  config: AgentSettings = {},
  tracer: CallTracer | null = null,
): Promise<BaseAgent> {
  const actions = {
    read: { effect: 'read' },
    again: { effect: 'idempotent' },
    append: { effect: 'once' },
  } as const
  const agent = defineAgent({ type: 'remote', url, lookup: true, config, actions })
  await agent.init({ tracer })
  closers.push(() => agent.close())
  return agent
}

function codeOf(outcome: CallOutcome): string {
  return 'error' in outcome
    ? `${outcome.kind} ${outcome.error.code} ${outcome.error.retryable}`
    : outcome.kind
}

function answering(
  status: number,
  body = '',
  headers: Record<string, string> = {},
): Promise<string> {
  return serve((_request, response) => response.writeHead(status, headers).end(body))
}

test('a call posts action, input and context with its key, and a 2xx body is the output', async () => {
  let seen:
    | { method: string | undefined; headers: IncomingMessage['headers']; body: unknown }
    | undefined
  const url = await serve((request, response, body) => {
    seen = { method: request.method, headers: request.headers, body: JSON.parse(body) }
    response.end('{"ok":[1]}')
  })
  const agent = await agentAt(
    `${url}/agent`,
    {},
    { start: () => ({ traceparent: '00-1-2-01', end() {} }) },
  )
  const before = systemClock.nowMs()
  const { outcome } = callOnce(agent, 'append', {
    input: { a: 1 },
    index: 2,
    idempotencyKey: 'e-1/write[2]/1',
  })
  expect(await outcome).toEqual({ kind: 'completed', output: { ok: [1] } })
  expect(seen?.method).toBe('POST')
  expect(seen?.headers).toMatchObject({
    'idempotency-key': 'e-1/write[2]/1',
    'content-type': 'application/json',
    traceparent: '00-1-2-01',
  })
  expect(seen?.body).toEqual({
    action: 'append',
    input: { a: 1 },
    context: {
      executionId: 'e-1',
      stepId: 'write',
      index: 2,
      attempt: 1,
      deadlineMs: expect.any(Number),
      correlationId: 'c-1',
      tda: expect.objectContaining({ available: false }),
    },
  })
  const body = seen?.body as { readonly context: { readonly deadlineMs: number } }
  expect(Math.abs(body.context.deadlineMs - before - 60_000)).toBeLessThan(2_000)
})

test('credentials of the configuration are sent, and no trace header without a span', async () => {
  const seen: IncomingMessage['headers'][] = []
  const url = await serve((request, response) => {
    seen.push(request.headers)
    response.end('1')
  })
  const bearer = await agentAt(url, {
    communicationConfig: { auth: { kind: 'bearer', token: 'abc' } },
  })
  const header = await agentAt(url, {
    communicationConfig: { auth: { kind: 'header', name: 'X-Key', value: 'k' } },
  })
  await callOnce(bearer, 'read').outcome
  await callOnce(header, 'read').outcome
  await header.lookup('read', 'k')
  expect(seen[0]).toMatchObject({ authorization: 'Bearer abc' })
  expect(seen[0]).not.toHaveProperty('traceparent')
  expect([seen[1]?.['x-key'], seen[2]?.['x-key']]).toEqual(['k', 'k'])
})

test.each([
  [408, 'failed AgentCommunicationError true', 'unknown AgentCommunicationError true'],
  [425, 'failed AgentCommunicationError true', 'failed AgentCommunicationError true'],
  [429, 'failed AgentCommunicationError true', 'failed AgentCommunicationError true'],
  [500, 'failed AgentCommunicationError true', 'unknown AgentCommunicationError true'],
  [503, 'failed AgentCommunicationError true', 'unknown AgentCommunicationError true'],
  [400, 'failed AgentError false', 'failed AgentError false'],
  [404, 'failed AgentError false', 'failed AgentError false'],
  [302, 'failed AgentCommunicationError false', 'failed AgentCommunicationError false'],
])('status %i is classified by effect', async (status, forRead, forOnce) => {
  const agent = await agentAt(
    await answering(status, 'why', { location: '/elsewhere', 'retry-after': '3' }),
  )
  const read = await callOnce(agent, 'read').outcome
  expect(codeOf(read)).toBe(forRead)
  expect(codeOf(await callOnce(agent, 'append').outcome)).toBe(forOnce)
  const details = { status, body: 'why', ...(status >= 400 ? { retryAfterMs: 3_000 } : {}) }
  expect('error' in read && read.error.details).toEqual(details)
})

test('Retry-After is seconds or a date, never negative, at most a day', () => {
  const now = Date.parse('2026-01-01T00:00:00Z')
  expect(retryAfterMs('7', now)).toBe(7_000)
  expect(retryAfterMs('Thu, 01 Jan 2026 00:01:00 GMT', now)).toBe(60_000)
  expect(retryAfterMs('Wed, 31 Dec 2025 00:00:00 GMT', now)).toBe(0)
  expect(retryAfterMs('999999999', now)).toBe(86_400_000)
  expect(retryAfterMs('soon', now)).toBeUndefined()
  expect(retryAfterMs(null, now)).toBeUndefined()
})

test('a refused connection or unknown host never happened, also for once', async () => {
  const server = createTcpServer()
  const url = await listen(server)
  await closers.pop()?.()
  const refused = await agentAt(url)
  const unknownHost = await agentAt('http://no-such-host.invalid')
  for (const agent of [refused, unknownHost]) {
    expect(codeOf(await callOnce(agent, 'append').outcome)).toBe(
      'failed AgentCommunicationError true',
    )
  }
})

test('a connection lost after the request is unknown for once, a retryable failure otherwise', async () => {
  const url = await serve((request) => void request.socket.destroy())
  const agent = await agentAt(url)
  expect(codeOf(await callOnce(agent, 'append').outcome)).toBe(
    'unknown AgentCommunicationError true',
  )
  expect(codeOf(await callOnce(agent, 'again').outcome)).toBe('failed AgentCommunicationError true')
})

test('a connection lost in the middle of the answer is no answer', async () => {
  const url = await serve((request, response) => {
    response.writeHead(200, { 'content-length': '100' })
    response.write('{"half":', () => request.socket.destroy())
  })
  const agent = await agentAt(url)
  expect(codeOf(await callOnce(agent, 'append').outcome)).toBe(
    'unknown AgentCommunicationError true',
  )
})

test('connections are kept for read and idempotent calls and new for once', async () => {
  const sockets: unknown[] = []
  const url = await serve((request, response) => {
    sockets.push(request.socket.remotePort)
    response.end('1')
  })
  const agent = await agentAt(url)
  for (const action of ['read', 'again', 'append', 'append']) await callOnce(agent, action).outcome
  expect(sockets[1]).toBe(sockets[0])
  expect(new Set(sockets).size).toBe(3)
})

test('a kept connection that the server has closed is replaced without a failure', async () => {
  let calls = 0
  const url = await serve((request, response) => {
    calls++
    if (calls === 2) request.socket.destroy()
    else response.end(String(calls))
  })
  const agent = await agentAt(url)
  expect(await callOnce(agent, 'read').outcome).toEqual({ kind: 'completed', output: 1 })
  expect(await callOnce(agent, 'read').outcome).toEqual({ kind: 'completed', output: 3 })
})

test('a body over payloadBytesMax is not read to its end', async () => {
  const { promise: cutOff, resolve } = Promise.withResolvers<void>()
  const url = await serve((_request, response) => {
    response.writeHead(200)
    const more = (): void =>
      void response.write('x'.repeat(10_000), (error) => (error ? undefined : more()))
    response.on('close', resolve)
    more()
  })
  const agent = await agentAt(url, { resourceLimits: { payloadBytesMax: 50_000 } })
  expect(codeOf(await callOnce(agent, 'read').outcome)).toBe('failed ResourceExhaustionError false')
  await cutOff
})

test.each([['<html>'], ['{"a":'], ['\u00ff']])(
  'a 2xx body that is not JSON breaks the protocol: %s',
  async (body) => {
    const url = await serve((_request, response) => response.end(Buffer.from(body, 'latin1')))
    const agent = await agentAt(url)
    expect(codeOf(await callOnce(agent, 'read').outcome)).toBe(
      'failed AgentCommunicationError true',
    )
    expect(codeOf(await callOnce(agent, 'append').outcome)).toBe(
      'unknown AgentCommunicationError true',
    )
  },
)

test('an empty 2xx body is null, and a body with __proto__ is refused', async () => {
  const empty = await agentAt(await answering(204))
  expect(await callOnce(empty, 'read').outcome).toEqual({ kind: 'completed', output: null })
  const evil = await agentAt(await answering(200, '{"__proto__":{}}'))
  expect(codeOf(await callOnce(evil, 'read').outcome)).toBe('failed AgentOutputError true')
})

test('202 with suspended waits for the signal, and the data comes back in the context', async () => {
  const seen: unknown[] = []
  const url = await serve((_request, response, body) => {
    const { resumed } = (JSON.parse(body) as { context: { resumed?: unknown } }).context
    seen.push(resumed)
    if (resumed !== undefined) response.end('"approved"')
    else response.writeHead(202).end('{"suspended":{"signal":"approval","resumeToken":5}}')
  })
  const agent = await agentAt(url)
  expect(await callOnce(agent, 'append').outcome).toEqual({
    kind: 'suspended',
    signal: 'approval',
    schema: null,
    resumeToken: 5,
  })
  const resumed = { signal: 'approval', data: 'yes', resumeToken: 5 }
  expect(await callOnce(agent, 'append', { resumed }).outcome).toMatchObject({ output: 'approved' })
  expect(seen).toEqual([undefined, resumed])
})

test('202 without suspended is an output, with a broken one a broken protocol', async () => {
  const plain = await agentAt(await answering(202, '{"queued":true}'))
  expect(await callOnce(plain, 'read').outcome).toMatchObject({ output: { queued: true } })
  const broken = await agentAt(await answering(202, '{"suspended":{"signal":7}}'))
  expect(codeOf(await callOnce(broken, 'read').outcome)).toBe('failed AgentCommunicationError true')
})

test('a timeout and an abort close the connection', async () => {
  const closed: Promise<void>[] = []
  const { promise: arrived, resolve: arrive } = Promise.withResolvers<void>()
  const url = await serve((request) => {
    closed.push(new Promise((resolve) => request.socket.on('close', () => resolve())))
    if (closed.length === 2) arrive()
  })
  const agent = await agentAt(url)
  const late = callOnce(agent, 'append', { timeoutMs: 200 })
  const aborted = callOnce(agent, 'again')
  await arrived
  aborted.running.abort('cancelled')
  expect(codeOf(await aborted.outcome)).toBe('failed WorkflowCancelledError true')
  expect(codeOf(await late.outcome)).toBe('unknown WorkflowTimeoutError true')
  await Promise.all(closed)
})

test('lookup asks for the outcome under the encoded key', async () => {
  const paths: (string | undefined)[] = []
  const url = await serve((request, response) => {
    paths.push(request.url)
    const key = decodeURIComponent(request.url?.split('/').pop() ?? '')
    if (key === 'e/done/1') response.end('{"ok":true}')
    else if (key === 'e/none/1') response.writeHead(404).end('{"outcome":"none"}')
    else if (key === 'e/lost/1') response.writeHead(404).end('not found')
    else response.writeHead(500).end()
  })
  const agent = await agentAt(`${url}/agent/`)
  expect(agent.contract('append')?.hasLookup).toBe(true)
  expect(await agent.lookup('append', 'e/done/1')).toEqual({
    kind: 'completed',
    output: { ok: true },
  })
  expect(await agent.lookup('append', 'e/none/1')).toEqual({ kind: 'never' })
  expect(await agent.lookup('append', 'e/lost/1')).toMatchObject({ kind: 'unknown' })
  expect(await agent.lookup('append', 'e/x[3]/1')).toMatchObject({ kind: 'unknown' })
  expect(paths[0]).toBe('/agent/outcome/e%2Fdone%2F1')
  expect(paths[3]).toBe('/agent/outcome/e%2Fx%5B3%5D%2F1')
  expect(outcomeUrl('http://h/a?tenant=1', 'k')).toBe('http://h/a/outcome/k?tenant=1')
})

test('a lookup of a silent or absent agent stays unknown', async () => {
  const silent = await agentAt(await serve(() => undefined))
  expect(await silent.lookup('append', 'k', 50)).toMatchObject({
    kind: 'unknown',
    error: { code: 'WorkflowTimeoutError' },
  })
  const absent = await agentAt('http://no-such-host.invalid')
  expect(await absent.lookup('append', 'k')).toMatchObject({
    kind: 'unknown',
    error: { code: 'AgentCommunicationError' },
  })
})

test('an agent whose TLS files cannot be read is quarantined', async () => {
  const config = { communicationConfig: { tls: { caPath: '/no/such/ca.pem' } } }
  const agent = defineAgent({
    type: 'remote',
    url: 'https://x.invalid',
    config,
    actions: { a: { effect: 'read' } },
  })
  await expect(agent.init()).rejects.toMatchObject({ code: 'AgentUnavailableError' })
  expect(agent.reason?.message).toContain('communicationConfig.tls.caPath')
})

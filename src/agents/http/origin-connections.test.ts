import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterEach, expect, test } from 'vitest'
import type { BaseAgent } from '../base-agent.ts'
import { callOnce } from '../call-once.ts'
import { defineAgent } from '../define-agent.ts'

const closers: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close()
})

interface Held {
  readonly executionId: string
  readonly socket: Socket
  readonly response: ServerResponse
}

/** A server that gives each call to the test, which answers it, and answers lookups itself. */
async function heldServer() {
  const given: Held[] = []
  const takers: ((one: Held) => void)[] = []
  const sockets: Socket[] = []
  const take = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { context } = JSON.parse(await text(request)) as { context: { executionId: string } }
    const one = { executionId: context.executionId, socket: request.socket, response }
    const taker = takers.shift()
    if (taker === undefined) given.push(one)
    else taker(one)
  }
  const server = createServer((request, response) => {
    if (request.method === 'GET') response.end('"found"')
    else void take(request, response)
  })
  server.on('connection', (socket) => sockets.push(socket))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closers.push(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    /** Calls that nobody has taken. */
    given,
    /** Every connection that there has been. */
    sockets,
    next: () =>
      new Promise<Held>((resolve) => {
        const one = given.shift()
        if (one === undefined) takers.push(resolve)
        else resolve(one)
      }),
  }
}

async function agentAt(url: string, type: string, connectionsMax: number): Promise<BaseAgent> {
  const config = { communicationConfig: { connectionsMax } }
  const actions = { read: { effect: 'read' }, pay: { effect: 'once' } } as const
  const agent = defineAgent({ type, url, lookup: true, config, actions })
  await agent.init()
  closers.push(() => agent.close())
  return agent
}

test('agents at one origin share its connections within the smallest of their bounds', async () => {
  const server = await heldServer()
  const wide = await agentAt(`${server.url}/a`, 'wide', 100)
  const narrow = await agentAt(`${server.url}/b`, 'narrow', 3)
  const calls = [wide, narrow, wide, narrow, wide].map((agent) => callOnce(agent, 'read').outcome)
  const held = [await server.next(), await server.next()]
  // Two places are taken, so nobody else can have come; the third is for lookups.
  expect(server.given).toEqual([])
  for (const answered of calls.keys()) {
    held.shift()?.response.end('1')
    if (answered < 3) held.push(await server.next())
  }
  for (const call of calls) expect(await call).toMatchObject({ kind: 'completed' })
  expect(server.sockets).toHaveLength(2)
})

test('when the agent with the smallest bound has left, the others have theirs', async () => {
  const server = await heldServer()
  const wide = await agentAt(server.url, 'wide', 4)
  const narrow = await agentAt(server.url, 'narrow', 2)
  await narrow.close()
  const calls = [1, 2, 3].map(() => callOnce(wide, 'read').outcome)
  const held = [await server.next(), await server.next(), await server.next()]
  for (const { response } of held) response.end('1')
  for (const call of calls) expect(await call).toMatchObject({ kind: 'completed' })
})

test('a call that only waited has not been sent, and its timeout ran', async () => {
  const server = await heldServer()
  const agent = await agentAt(server.url, 'shop', 2)
  const first = callOnce(agent, 'pay')
  const { response } = await server.next()
  const late = await callOnce(agent, 'pay', { timeoutMs: 20 }).outcome
  expect(late).toMatchObject({ kind: 'failed', error: { code: 'WorkflowTimeoutError' } })
  const aborted = callOnce(agent, 'pay')
  aborted.running.abort('cancelled')
  expect(await aborted.outcome).toMatchObject({
    kind: 'failed',
    error: { code: 'WorkflowCancelledError' },
  })
  response.end('1')
  expect(await first.outcome).toMatchObject({ kind: 'completed' })
  const next = callOnce(agent, 'pay')
  const { response: second } = await server.next()
  second.end('2')
  expect(await next.outcome).toMatchObject({ output: 2 })
  expect(server.given).toEqual([])
})

test('a lookup does not wait behind calls, and what idles gives way to it', async () => {
  const server = await heldServer()
  const agent = await agentAt(server.url, 'shop', 2)
  const read = callOnce(agent, 'read')
  const { socket, response } = await server.next()
  const idleClosed = once(socket, 'close')
  response.end('1')
  await read.outcome
  const paid = callOnce(agent, 'pay')
  const { response: held } = await server.next()
  expect(await agent.lookup('pay', 'k')).toEqual({ kind: 'completed', output: 'found' })
  await idleClosed
  held.end('1')
  expect(await paid.outcome).toMatchObject({ kind: 'completed' })
})

test('executions get connections in turn', async () => {
  const server = await heldServer()
  const agent = await agentAt(server.url, 'shop', 2)
  const ids = ['greedy', 'greedy', 'greedy', 'modest']
  const calls = ids.map((executionId) => callOnce(agent, 'read', { executionId }).outcome)
  const served: string[] = []
  while (served.length < ids.length) {
    const { executionId, response } = await server.next()
    served.push(executionId)
    response.end('1')
  }
  await Promise.all(calls)
  expect(served).toEqual(['greedy', 'greedy', 'modest', 'greedy'])
})

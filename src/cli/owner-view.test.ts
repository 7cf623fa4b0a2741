import { createServer } from 'node:http'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import type { ShowView } from '../engine/index.ts'
import type { OwnerInfo } from '../storage/index.ts'
import { missingAgents, ownerView } from './owner-view.ts'

let server: Server | null = null
afterEach(async () => {
  const open = server
  server = null
  if (open !== null) await new Promise((resolve) => open.close(resolve))
})

async function ownerThatAnswers(status: number, body: object): Promise<OwnerInfo> {
  const open = createServer((_, response) => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  })
  server = open
  await new Promise<void>((resolve) => open.listen(0, '127.0.0.1', resolve))
  const { port } = open.address() as AddressInfo
  return { pid: 12, port, token: 't', kind: 'serve', startedAtMs: 0 }
}

type Entry = ShowView['errorLog'][number]
const entry = (more: Partial<Entry>): Entry => ({
  stepId: 'a[2]',
  atMs: 0,
  attempt: null,
  code: 'AgentUnavailableError',
  message: "no agent 'x' with action 'y' here: the call waits",
  correlationId: 'e-1',
  traceId: null,
  ...more,
})

test('what an owner says of an execution is believed, what is no execution is not', async () => {
  const view = { status: 'waiting', steps: {}, errorLog: [] }
  expect(await ownerView(await ownerThatAnswers(200, view), 'e-1')).toEqual(view)
  await new Promise((resolve) => server?.close(resolve))
  expect(await ownerView(await ownerThatAnswers(200, { a: 1 }), 'e-1')).toBeNull()
})

test('an owner that does not know the execution is no error, one that is out of order is', async () => {
  const unknown = await ownerThatAnswers(404, { code: 'NotFoundError', detail: 'no execution' })
  expect(await ownerView(unknown, 'e-1')).toBeNull()
  await new Promise((resolve) => server?.close(resolve))
  const broken = await ownerThatAnswers(500, {})
  await expect(ownerView(broken, 'e-1')).rejects.toMatchObject({ code: 'OwnerError' })
})

test('calls that wait for an agent are told from attempts that found none', () => {
  const errorLog = [entry({}), entry({ attempt: 1 }), entry({ code: 'AgentError' })]
  expect(missingAgents({ errorLog })).toEqual([
    { stepId: 'a', label: 'a[2]', what: "no agent 'x' with action 'y' here" },
  ])
})

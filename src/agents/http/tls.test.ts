import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TLSSocket } from 'node:tls'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { callOnce } from '../call-once.ts'
import type { AgentConfiguration } from '../configuration.ts'
import { defineAgent } from '../define-agent.ts'
import type { CallOutcome } from '../contract.ts'
import { selfSigned } from './self-signed.ts'

const folder = mkdtempSync(join(tmpdir(), 'aura-tls-'))
const caPath = join(folder, 'ca.pem')
const keyPath = join(folder, 'key.pem')
let calls = 0
const server = createServer(
  { ...selfSigned, ca: selfSigned.cert, requestCert: true, rejectUnauthorized: false },
  (request, response) => {
    calls++
    response.end(JSON.stringify((request.socket as TLSSocket).authorized))
  },
)

beforeAll(async () => {
  writeFileSync(caPath, selfSigned.cert)
  writeFileSync(keyPath, selfSigned.key)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
})
afterAll(async () => {
  rmSync(folder, { recursive: true })
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
})

async function call(
  action: string,
  tls?: AgentConfiguration['communicationConfig']['tls'],
): Promise<CallOutcome> {
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`
  const actions = { read: { effect: 'read' }, append: { effect: 'once' } } as const
  const config = tls === undefined ? {} : { communicationConfig: { tls } }
  const agent = defineAgent({ type: 'remote', url, config, actions })
  await agent.init()
  const outcome = await callOnce(agent, action).outcome
  await agent.close()
  return outcome
}

test('a server of an authority of one’s own is trusted by caPath, on kept and on new connections', async () => {
  for (const action of ['read', 'append']) {
    expect(await call(action, { caPath })).toEqual({ kind: 'completed', output: false })
  }
})

test('without caPath its certificate is refused before anything is sent, so a once call never happened', async () => {
  const before = calls
  expect(await call('append')).toMatchObject({
    kind: 'failed',
    error: { code: 'AgentCommunicationError' },
  })
  expect(calls).toBe(before)
})

test('certPath and keyPath show the server who calls', async () => {
  for (const action of ['read', 'append']) {
    expect(await call(action, { caPath, certPath: caPath, keyPath })).toMatchObject({
      output: true,
    })
  }
})

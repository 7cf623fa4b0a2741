import { createServer } from 'node:http'
import type { RequestListener, Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import type { OwnerInfo } from '../storage/index.ts'
import { askOwner } from './owner-client.ts'

const servers: Server[] = []
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
})

async function ownerThat(answers: RequestListener): Promise<OwnerInfo> {
  const server = createServer(answers)
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return { pid: 12, port, token: 't', kind: 'serve', startedAtMs: 0 }
}

const later = /may still carry it out later/
const post = { method: 'POST', path: '/v1/executions/a/pause', body: {}, timeoutMs: 20 } as const

test('a verb that was not answered may still be carried out, which the hint says', async () => {
  const mute = await ownerThat(() => {})
  await expect(askOwner(mute, post)).rejects.toMatchObject({
    code: 'OwnerError',
    hint: expect.stringMatching(later),
    details: { mayHappen: true },
  })
  const leaving = await ownerThat((request) => request.socket.destroy())
  await expect(askOwner(leaving, post)).rejects.toMatchObject({
    hint: expect.stringMatching(later),
  })
})

test('a question that was not answered, and a verb that reached nobody, change nothing', async () => {
  const mute = await ownerThat(() => {})
  const asked = { method: 'GET', path: '/v1/agents', timeoutMs: 20 } as const
  await expect(askOwner(mute, asked)).rejects.toMatchObject({
    hint: expect.not.stringMatching(later),
    details: { mayHappen: false },
  })
  const gone = await ownerThat(() => {})
  await new Promise((resolve) => servers.pop()?.close(resolve))
  await expect(askOwner(gone, post)).rejects.toMatchObject({
    hint: expect.not.stringMatching(later),
  })
})

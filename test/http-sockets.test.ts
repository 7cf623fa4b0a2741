import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { defineAgent, openEngine } from '../src/index.ts'
import { countSockets } from './support/count-sockets.ts'

const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close()
})

const connectionsMax = 32
/** The rest is kept for lookups. */
const callsMax = 28

/** Answers nothing until `callsMax` requests are there, then everything. */
async function startServer(): Promise<{ readonly url: string; served: () => number }> {
  const held: ServerResponse[] = []
  let served = 0
  const server = createServer((request, response) => {
    request.resume()
    held.push(response)
    served++
    if (served >= callsMax) for (const one of held.splice(0)) one.end('{"ok":true}')
  })
  server.keepAliveTimeout = 60_000
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closers.push(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return { url, served: () => served }
}

test.each([
  ['read', 'are kept', callsMax],
  ['pay', 'are fresh for once', 1_000],
] as const)(
  '1,000 concurrent steps over two agents of one origin have at most connectionsMax connections, which (%s) %s',
  async (action, _, opened) => {
    const server = await startServer()
    const counts = countSockets(Number(new URL(server.url).port))
    closers.push(counts.stop)
    const agents = ['north', 'south'].map((type) =>
      defineAgent({
        type,
        url: `${server.url}/${type}`,
        config: { communicationConfig: { connectionsMax } },
        actions: { read: { effect: 'read' }, pay: { effect: 'once' } },
      }),
    )
    const engine = await openEngine({ agents })
    closers.push(() => engine.close())
    const step = (agent: string) => ({ agent, action, forEach: 'input.items', maxParallel: 500 })
    const document = {
      name: 'crowd',
      version: '1.0.0',
      steps: { a: step('north'), b: step('south') },
    }
    const input = { items: Array.from({ length: 500 }, (_one, n) => n) }
    const { status } = await engine.executeWorkflow('crowd', document, { input })
    expect([status, server.served()]).toEqual(['completed', 1_000])
    expect(counts).toMatchObject({ opened, most: callsMax })
  },
)

import { once } from 'node:events'
import { createServer } from 'node:net'

/** What a Redis of a cluster adds to its port for the other nodes. */
const clusterBusOffset = 10_000
/** Linux gives outgoing connections the ports from here on: one of them may be gone when it is needed. */
const outgoingPortsFrom = 32_768
const firstPort = 10_000

/**
 * A port on 127.0.0.1 for a server that a test starts, or kills and starts again: nobody listens on
 * it or on its cluster bus, and no outgoing connection is ever given it.
 */
export async function freePort(): Promise<number> {
  const ports = outgoingPortsFrom - clusterBusOffset - firstPort
  for (;;) {
    const port = firstPort + Math.floor(Math.random() * ports)
    if ((await isFree(port)) && (await isFree(port + clusterBusOffset))) return port
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, '127.0.0.1')
  try {
    await once(server, 'listening')
  } catch {
    return false
  }
  server.close()
  await once(server, 'close')
  return true
}

import { once } from 'node:events'
import { connect } from 'node:net'

const answerMsMax = 5_000

/** Sends bytes to a port of this machine and gives the first that come back. @throws Error when none do */
export async function ask(port: number, request: Uint8Array | string): Promise<Buffer> {
  const socket = connect(port, '127.0.0.1')
  socket.setTimeout(answerMsMax, () => socket.destroy(new Error(`port ${port} does not answer`)))
  try {
    await once(socket, 'connect')
    socket.write(request)
    return ((await once(socket, 'data')) as [Buffer])[0]
  } finally {
    socket.destroy()
  }
}

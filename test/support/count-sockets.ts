import diagnostics from 'node:diagnostics_channel'
import type { Socket } from 'node:net'

/** What a process has connected to one port since the counting began. */
export interface SocketCounts {
  /** All in all. */
  readonly opened: number
  /** At the same time. */
  readonly most: number
  readonly stop: () => void
}

/** Counts what this process connects to a port from now on, until `stop`. */
export function countSockets(port: number): SocketCounts {
  const open = new Set<Socket>()
  const counts = {
    opened: 0,
    most: 0,
    stop: () => void diagnostics.unsubscribe('net.client.socket', onSocket),
  }
  const onSocket = (message: unknown): void => {
    const { socket } = message as { readonly socket: Socket }
    socket.once('connect', () => {
      if (socket.remotePort !== port) return
      open.add(socket)
      for (const one of open) if (one.destroyed) open.delete(one)
      counts.opened++
      counts.most = Math.max(counts.most, open.size)
    })
  }
  diagnostics.subscribe('net.client.socket', onSocket)
  return counts
}

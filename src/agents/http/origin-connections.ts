import { Agent as HttpConnections } from 'node:http'
import { Agent as HttpsConnections } from 'node:https'
import type { Turn } from '../fair-queue.ts'
import { AgentPool } from '../pool.ts'
import { exchange, type Exchange, type ExchangeRequest } from './exchange.ts'
import type { TlsMaterial } from './tls-material.ts'

export interface OriginRequest extends Omit<ExchangeRequest, 'connections' | 'tls' | 'onClosed'> {
  /** Whose turn among those who wait. */
  readonly turn: Turn
  /** `kept` takes a connection that is there, `fresh` opens one; `lookup` is fresh and has places of its own. */
  readonly over: 'kept' | 'fresh' | 'lookup'
}

/** Of how many connections one is kept for lookups, which decide about calls and may not wait behind them. */
const lookupShare = 8

/**
 * The connections of one process to one origin, whichever agents use them: at most `connectionsMax` at a time,
 * kept alive ones that idle included. An eighth of them, at least one, is for lookups. Whoever finds no place
 * waits in turn; connections that idle give way to those that must be fresh.
 */
export class OriginConnections {
  readonly #tls: TlsMaterial
  readonly #kept: HttpConnections
  readonly #calls = new AgentPool({ maxConcurrent: 1, queueMax: Infinity })
  readonly #lookups = new AgentPool({ maxConcurrent: 1, queueMax: Infinity })

  constructor(origin: string, tls: TlsMaterial) {
    this.#tls = tls
    const options = { keepAlive: true, maxFreeSockets: Infinity }
    this.#kept = origin.startsWith('https:')
      ? new HttpsConnections(options)
      : new HttpConnections(options)
  }

  /** At least 2. A larger one is felt when the next place is given back. */
  set connectionsMax(most: number) {
    this.#lookups.maxConcurrent = Math.ceil(most / lookupShare)
    this.#calls.maxConcurrent = most - this.#lookups.maxConcurrent
  }

  /** Sends once there is a place. `done` is called once, unless the returned function has cancelled before. */
  send(request: OriginRequest, done: (result: Exchange) => void): () => void {
    const places = request.over === 'lookup' ? this.#lookups : this.#calls
    const grant = (): void => {
      cancel = this.#begin(request, places, done)
    }
    let cancel = (): void => void places.cancel(grant)
    if (places.acquire(grant, request.turn) === 'granted') grant()
    return () => cancel()
  }

  close(): void {
    this.#kept.destroy()
  }

  #begin(request: OriginRequest, places: AgentPool, done: (result: Exchange) => void): () => void {
    const isKept = request.over === 'kept'
    if (!isKept) this.#dropIdle()
    // A connection that is kept is free only after its request was closed.
    const onClosed = (): void => queueMicrotask(() => places.release())
    const connections = isKept ? this.#kept : false
    return exchange({ ...request, connections, tls: this.#tls, onClosed }, done)
  }

  /** Closes connections that idle until all together are within the bound. */
  #dropIdle(): void {
    const idle = Object.values(this.#kept.freeSockets).flatMap((sockets) => sockets ?? [])
    const most = this.#calls.maxConcurrent + this.#lookups.maxConcurrent
    const excess = idle.length + this.#calls.held + this.#lookups.held - most
    for (const socket of idle.slice(0, Math.max(0, excess))) socket.destroy()
  }
}

interface Shared {
  readonly connections: OriginConnections
  /** What each of those who use them has said. */
  readonly bounds: Map<object, number>
}

const shared = new Map<string, Shared>()

/**
 * The connections of this process to an origin, the same for all who present the same certificates there.
 *
 * @param user gives them back with `leaveOrigin`; the smallest bound of all users counts
 */
export function joinOrigin(
  user: object,
  to: { readonly url: string; readonly tls: TlsMaterial; readonly connectionsMax: number },
): OriginConnections {
  const { origin } = new URL(to.url)
  const key = JSON.stringify([origin, to.tls])
  const found = shared.get(key) ?? {
    connections: new OriginConnections(origin, to.tls),
    bounds: new Map(),
  }
  shared.set(key, found)
  found.bounds.set(user, to.connectionsMax)
  bound(found)
  return found.connections
}

/** The last one who leaves closes the connections. */
export function leaveOrigin(user: object): void {
  for (const [key, one] of shared) {
    if (!one.bounds.delete(user)) continue
    if (one.bounds.size > 0) return bound(one)
    shared.delete(key)
    return one.connections.close()
  }
}

function bound({ connections, bounds }: Shared): void {
  connections.connectionsMax = Math.min(...bounds.values())
}

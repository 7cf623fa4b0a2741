import type { Clock } from '../../core/clock.ts'
import type { CloudEvent } from '../../core/contracts/events.ts'
import type { MeshPort } from '../../core/contracts/mesh.ts'
import {
  hostGoneMs,
  presenceMs,
  messages,
  presenceType,
  readMessage,
  whoIsThereType,
} from './messages.ts'

interface Host {
  readonly addresses: ReadonlySet<string>
  seenMs: number
  /** Calls under way there, told when the host is gone. */
  readonly onGone: Set<() => void>
}

const directories = new WeakMap<MeshPort, HostDirectory>()

/** The directory of a mesh; one for all agents that are called over it. */
export function directoryOf(mesh: MeshPort, clock: Clock): HostDirectory {
  const known = directories.get(mesh)
  if (known !== undefined) return known
  const directory = new HostDirectory(mesh, clock)
  directories.set(mesh, directory)
  return directory
}

/** Which hosts of agents are there, as they say themselves every second. */
export class HostDirectory {
  readonly #mesh: MeshPort
  readonly #clock: Clock
  readonly #hosts = new Map<string, Host>()
  readonly #waiting = new Set<() => void>()
  #listening: Promise<unknown> | null = null
  #isWatching = false

  constructor(mesh: MeshPort, clock: Clock) {
    this.#mesh = mesh
    this.#clock = clock
  }

  /**
   * A host of an address, the one with the fewest calls of this process under way; waits at most so long for
   * one. Null when there is none by then.
   */
  async find(address: string, withinMs: number): Promise<string | null> {
    const untilMs = this.#clock.monotonicMs() + withinMs
    await this.#listen()
    if (this.#idlest(address) === null) await this.#ask()
    for (;;) {
      const found = this.#idlest(address)
      const leftMs = untilMs - this.#clock.monotonicMs()
      if (found !== null || leftMs <= 0) return found
      await this.#change(Math.min(leftMs, presenceMs))
    }
  }

  /** Calls `onGone` once when the host has left or is silent. Returns a function that ends it. */
  watch(hostId: string, onGone: () => void): () => void {
    const host = this.#hosts.get(hostId)
    host?.onGone.add(onGone)
    this.#lookAgain()
    return () => void host?.onGone.delete(onGone)
  }

  #idlest(address: string): string | null {
    const aliveMs = this.#clock.monotonicMs() - hostGoneMs
    let best: string | null = null
    let fewest = Infinity
    for (const [hostId, { addresses, seenMs, onGone }] of this.#hosts) {
      if (seenMs < aliveMs || !addresses.has(address) || onGone.size >= fewest) continue
      best = hostId
      fewest = onGone.size
    }
    return best
  }

  async #listen(): Promise<void> {
    this.#listening ??= this.#mesh.subscribe(presenceType, async (event) => this.#take(event))
    try {
      await this.#listening
    } catch (thrown) {
      this.#listening = null
      throw thrown
    }
  }

  /** Hosts answer at once, so that the first call need not wait for their next word. */
  async #ask(): Promise<void> {
    const id = `${this.#clock.nowMs()}-${this.#clock.monotonicMs()}`
    const source = '/agents/callers'
    const none = { time: null, subject: null, data: null }
    await this.#mesh.publish({ id, source, type: whoIsThereType, ...none })
  }

  #take({ data }: CloudEvent): void {
    const { hostId, addresses, isLeaving } = readMessage('presence', messages.presence, data)
    if (isLeaving) this.#gone(hostId)
    else {
      const onGone = this.#hosts.get(hostId)?.onGone ?? new Set()
      const seenMs = this.#clock.monotonicMs()
      this.#hosts.set(hostId, { addresses: new Set(addresses), seenMs, onGone })
    }
    for (const tell of this.#waiting) tell()
  }

  #gone(hostId: string): void {
    const host = this.#hosts.get(hostId)
    this.#hosts.delete(hostId)
    for (const tell of host?.onGone ?? []) tell()
  }

  /** As long as somebody waits for an answer of a host, its silence is noticed. */
  #lookAgain(): void {
    if (this.#isWatching) return
    this.#isWatching = true
    this.#clock.after(presenceMs, () => {
      this.#isWatching = false
      const aliveMs = this.#clock.monotonicMs() - hostGoneMs
      for (const [hostId, { seenMs }] of this.#hosts) if (seenMs < aliveMs) this.#gone(hostId)
      const isNeeded = [...this.#hosts.values()].some(({ onGone }) => onGone.size > 0)
      if (isNeeded) this.#lookAgain()
    })
  }

  #change(atMostMs: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        cancel()
        this.#waiting.delete(done)
        resolve()
      }
      const cancel = this.#clock.after(atMostMs, done)
      this.#waiting.add(done)
    })
  }
}

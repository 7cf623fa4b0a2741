import { Agent, get } from 'node:http'
import type { Clock } from '../../src/core/clock.ts'
import type { Random } from '../../src/core/random.ts'

/** What happened since the last `take`. */
export interface LoadCounts {
  readonly completed: number
  readonly failed: number
  readonly p50Ms: number
  readonly p95Ms: number
}

export interface LoadOptions {
  readonly port: number
  readonly random: Random
  readonly clock: Clock
  readonly requestsPerSecondMax: number
  /** Told of every answer, errors included. */
  readonly onAnswer?: (answer: { readonly isOk: boolean; readonly tookMs: number }) => void
}

const tickMs = 10
const openMax = 300
/** Requests a second on average, and the season that moves them by 40 %. */
const meanRate = 140
const seasonMs = 20_000

/** An open-loop load on 127.0.0.1: arrivals do not wait for answers, so a slow service shows as latency. */
export function createLoad(options: LoadOptions): { take(): LoadCounts; stop(): void } {
  const { clock, random } = options
  const agent = new Agent({ keepAlive: true, maxSockets: 128 })
  const startedMs = clock.monotonicMs()
  let latenciesMs: number[] = []
  let failed = 0
  let sent = 0
  let last = { p50Ms: 0, p95Ms: 0 }
  let isStopped = false
  const open = new Set<number>()

  const send = (): void => {
    const id = sent++
    const sentMs = clock.monotonicMs()
    open.add(id)
    const finish = (ok: boolean): void => {
      if (!open.delete(id)) return
      const tookMs = clock.monotonicMs() - sentMs
      latenciesMs.push(tookMs)
      if (!ok) failed++
      options.onAnswer?.({ isOk: ok, tookMs })
    }
    const url = `http://127.0.0.1:${options.port}/checkout/${id}`
    const call = get(url, { agent, timeout: 2_000 }, (reply) => {
      reply.resume()
      reply.on('end', () => finish(reply.statusCode === 200))
      reply.on('error', () => finish(false))
    })
    call.on('timeout', () => call.destroy())
    call.on('error', () => finish(false))
  }

  let tickedMs = startedMs
  const tick = (): void => {
    if (isStopped) return
    clock.after(tickMs, tick)
    const nowMs = clock.monotonicMs()
    const passedMs = Math.min(50, nowMs - tickedMs)
    tickedMs = nowMs
    const season = 1 + 0.4 * Math.sin((2 * Math.PI * (nowMs - startedMs)) / seasonMs)
    const expected = (Math.min(options.requestsPerSecondMax, meanRate * season) * passedMs) / 1_000
    let due = Math.floor(expected) + (random() < expected % 1 ? 1 : 0)
    while (due-- > 0 && open.size < openMax) send()
  }
  clock.after(tickMs, tick)

  return {
    take() {
      const ascending = latenciesMs.toSorted((a, b) => a - b)
      const at = (share: number): number =>
        ascending[Math.floor(share * (ascending.length - 1))] ?? 0
      if (ascending.length > 0) last = { p50Ms: at(0.5), p95Ms: at(0.95) }
      const counts = { completed: ascending.length, failed, ...last }
      latenciesMs = []
      failed = 0
      return counts
    },
    stop() {
      isStopped = true
      agent.destroy()
    },
  }
}

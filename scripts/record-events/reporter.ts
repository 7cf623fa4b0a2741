// Loaded into the checkout process before its own code (`node --import`): turns what Node itself tells about
// calls, the event loop and memory into events. They leave in a batch every second, so they arrive late.
import { subscribe } from 'node:diagnostics_channel'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { memoryUsage } from 'node:process'
import type { JsonObject } from '../../src/core/json.ts'
import { createThrottle } from './throttle.ts'

const batchMs = 1_000
const loopMs = 500
const memoryMs = 2_000
/** A delay of the event loop that is worth an event. */
const delayMsMin = 60

let count = 0
let batch: JsonObject[] = []
const throttle = createThrottle(2, () => Date.now())

function report(type: string, data: JsonObject): void {
  const suppressed = throttle(type)
  if (suppressed === null) return
  const time = new Date().toISOString()
  const event = { id: `c-${++count}`, source: '/checkout', type, time, subject: 'checkout' }
  batch.push({ ...event, data: suppressed === 0 ? data : { ...data, suppressed } })
}

subscribe('http.client.request.error', (message) => {
  const { error } = message as { readonly error: Error & { readonly code?: string } }
  // A call that finds several addresses fails with one error for all of them, without a text of its own.
  report('checkout.dependency.error', { code: error.code ?? '', message: error.message })
})

const delay = monitorEventLoopDelay({ resolution: 10 })
delay.enable()
setInterval(() => {
  const maxMs = Math.round(delay.max / 1e6)
  delay.reset()
  if (maxMs >= delayMsMin) report('checkout.loop.delayed', { maxMs })
}, loopMs)

const megabytes = (bytes: number): number => Math.round(bytes / 1_048_576)
setInterval(() => {
  const { rss, heapUsed } = memoryUsage()
  report('checkout.memory', { rssMb: megabytes(rss), heapMb: megabytes(heapUsed) })
}, memoryMs)

setInterval(() => {
  if (batch.length > 0) process.send?.({ events: batch })
  batch = []
}, batchMs)

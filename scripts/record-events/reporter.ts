// Loaded into the checkout process before its own code (`node --import`): turns what Node itself tells about
// calls, the event loop and memory into events. They leave in a batch every second, so they arrive late.
import { subscribe } from 'node:diagnostics_channel'
import { monitorEventLoopDelay, performance } from 'node:perf_hooks'
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
let used = process.cpuUsage()
let lookedMs = performance.now()
setInterval(() => {
  const maxMs = Math.round(delay.max / 1e6)
  const { user, system } = process.cpuUsage(used)
  const nowMs = performance.now()
  // Tells a loop that is blocked by its own work from one that waits for a processor.
  const cpuPercent = Math.round((user + system) / 10 / (nowMs - lookedMs))
  delay.reset()
  used = process.cpuUsage()
  lookedMs = nowMs
  if (maxMs >= delayMsMin) report('checkout.loop.delayed', { maxMs, cpuPercent })
}, loopMs)

const buffersMb = (): number => Math.round(process.memoryUsage().arrayBuffers / 1_048_576)
let lastMb = buffersMb()
setInterval(() => {
  const nowMb = buffersMb()
  report('checkout.memory', { buffersMb: nowMb, grewMb: nowMb - lastMb })
  lastMb = nowMb
}, memoryMs)

setInterval(() => {
  if (batch.length > 0) process.send?.({ events: batch })
  batch = []
}, batchMs)

// The service under observation: prices a basket, asks inventory, remembers the session.
// Run only as a child of record-series.ts, which switches its faults on and off by message.
import { createHash } from 'node:crypto'
import { Agent, createServer, get } from 'node:http'
import { memoryUsage } from 'node:process'
import { systemClock } from '../../src/core/clock.ts'

const inventoryPort = Number(process.argv[2])
const intervalMs = Number(process.argv[3])
const agent = new Agent({ keepAlive: true, maxSockets: 64 })
const faults = { stall: false, leak: false }
// The leak: sessions that nobody expires, looked through on every request.
let sessions: { key: string; basket: string[]; page: Buffer }[] = []
const sessionsMax = 4_000

function askInventory(item: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const url = `http://127.0.0.1:${inventoryPort}/stock/${item}`
    const call = get(url, { agent, timeout: 500 }, (reply) => {
      reply.resume()
      reply.on('end', () => resolve(reply.statusCode === 200))
      reply.on('error', reject)
    })
    call.on('timeout', () => call.destroy(new Error('inventory timed out')))
    call.on('error', reject)
  })
}

async function askWithRetries(item: string): Promise<boolean> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await askInventory(item)
    } catch (error) {
      if (attempt === 2) throw error
      await new Promise<void>((resolve) => systemClock.after(20 * (attempt + 1), resolve))
    }
  }
}

function price(basket: string): string {
  let digest = basket
  for (let round = 0; round < 60; round++)
    digest = createHash('sha256').update(digest).digest('hex')
  return digest
}

function remember(key: string, digest: string): void {
  if (!faults.leak || sessions.length >= sessionsMax) return
  const basket = Array.from({ length: 25 }, (_, line) => `${key}:${line}:${digest}`)
  sessions.push({ key, basket, page: Buffer.alloc(30_000, digest) })
}

const server = createServer((request, response) => {
  const key = request.url ?? ''
  const digest = price(key)
  remember(key, digest)
  const known = sessions.filter((session) => session.basket.join().includes(`${key}!`)).length
  askWithRetries(digest.slice(0, 8)).then(
    (inStock) => response.end(JSON.stringify({ inStock, known })),
    () => response.writeHead(503).end(),
  )
})

function stall(): void {
  const untilMs = systemClock.monotonicMs() + 110
  while (systemClock.monotonicMs() < untilMs) price('stalled')
}

let lastUsage = process.cpuUsage()
let lastMs = systemClock.monotonicMs()
function sample(): void {
  systemClock.after(intervalMs, sample)
  if (faults.stall) stall()
  const nowMs = systemClock.monotonicMs()
  const used = process.cpuUsage(lastUsage)
  const cpuPercent = (used.user + used.system) / 10 / Math.max(1, nowMs - lastMs)
  lastUsage = process.cpuUsage()
  lastMs = nowMs
  process.send?.({ cpuPercent, memoryMb: memoryUsage().rss / 1_048_576 })
}

process.on('message', (message: { stall?: boolean; leak?: boolean }) => {
  Object.assign(faults, message)
  if (message.leak === false) sessions = []
})
process.on('disconnect', () => process.exit(0))
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  process.send?.({ port: typeof address === 'object' && address !== null ? address.port : 0 })
  sample()
})

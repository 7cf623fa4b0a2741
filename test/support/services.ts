import { once } from 'node:events'
import { connect } from 'node:net'
import { describe } from 'vitest'

/** Where each real server is when its environment variable does not say. */
const services = {
  redis: { setting: 'REDIS_URL', address: 'redis://127.0.0.1:6379' },
  kafka: { setting: 'KAFKA_BROKERS', address: '127.0.0.1:9092' },
  temporal: { setting: 'TEMPORAL_ADDRESS', address: '127.0.0.1:7233' },
} as const

export type ServiceName = keyof typeof services

/**
 * Declares a suite that needs real servers (`npm run services:up NAME`) and gives it their addresses. Where one
 * is out of reach the suite is reported as skipped, with the command that brings it; a server that
 * `AURA_REQUIRE_SERVICES` names (`redis,kafka,temporal`) must be there, or the suite fails.
 *
 *     await describeWithServices('state in Redis', ['redis'], ({ redis }) => { … })
 */
export async function describeWithServices<Name extends ServiceName>(
  title: string,
  names: readonly Name[],
  suite: (addresses: Readonly<Record<Name, string>>) => void,
): Promise<void> {
  const addresses = Object.fromEntries(
    names.map((name) => [name, process.env[services[name].setting] || services[name].address]),
  ) as Record<Name, string>
  const reached = await Promise.all(names.map((name) => isInReach(addresses[name])))
  const absent = names.filter((_, place) => reached[place] === false)
  const where = absent.map((name) => `${name} at ${addresses[name]}`).join(', ')
  const advice = `nothing answers as ${where}: npm run services:up ${absent.join(' ')}`
  const required = (process.env['AURA_REQUIRE_SERVICES'] ?? '').split(',')
  if (absent.some((name) => required.includes(name)))
    throw new Error(`AURA_REQUIRE_SERVICES wants it, and ${advice}`)
  const isHere = absent.length === 0
  const note = isHere ? '' : ` (${advice})`
  // A reporter may show no names of what was skipped.
  if (!isHere) console.warn(`skipped: ${title}${note}`)
  describe.runIf(isHere)(`${title}${note}`, () => {
    suite(addresses)
  })
}

/** Whether something accepts connections at the first address of a list, `host:port` with or without a scheme. */
async function isInReach(address: string): Promise<boolean> {
  const [first = ''] = address.split(',')
  const { hostname, port } = new URL(first.includes('://') ? first : `tcp://${first}`)
  const socket = connect({ host: hostname, port: Number(port), timeout: 2_000 })
  socket.once('timeout', () => socket.destroy(new Error('silent')))
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false // refused or silent: the caller says so
  } finally {
    socket.destroy()
  }
}

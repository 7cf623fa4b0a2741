import { get } from 'node:http'
import type { JsonObject } from '../../src/core/json.ts'

/** Asks a service once whether it is there: one event when it is asked, one if it answers within 2 s. */
export function probe(
  target: { readonly name: string; readonly port: number; readonly path: string },
  number: number,
  report: (type: string, subject: string, data: JsonObject) => void,
): void {
  const { name, port, path } = target
  const probeId = `${name}-${number}`
  report('probe.sent', name, { probe: probeId })
  const call = get(`http://127.0.0.1:${port}${path}`, { timeout: 2_000, agent: false }, (reply) => {
    reply.resume()
    reply.on('end', () => report('probe.answered', name, { probe: probeId }))
    reply.on('error', () => undefined)
  })
  call.on('timeout', () => call.destroy())
  // An answer that never comes is what the absence of `probe.answered` tells.
  call.on('error', () => undefined)
}

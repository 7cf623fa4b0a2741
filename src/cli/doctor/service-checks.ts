import { isOrchestrationError, messageOf } from '../../core/errors.ts'
import type { CommandContext } from '../command-context.ts'
import type { Check } from './check.ts'
import { kafkaProbe } from './kafka.ts'
import { redisProbe } from './redis.ts'
import type { ServiceProbe } from './service-probe.ts'
import { temporalProbe } from './temporal.ts'

/** The services that can be asked, one file each. */
const probes: readonly ServiceProbe[] = [redisProbe, kafkaProbe, temporalProbe]

/** What became of asking each service, in the given order; one without a probe or an address is not configured. */
export function serviceChecks(
  names: readonly string[],
  context: CommandContext,
): Promise<readonly Check[]> {
  return Promise.all(names.map((name) => serviceCheck(name, context)))
}

async function serviceCheck(name: string, { env, clock }: CommandContext): Promise<Check> {
  const known = probes.find((probe) => probe.name === name)
  const address = known === undefined ? '' : (env[known.setting] ?? '')
  if (known === undefined || address === '') {
    const where = known === undefined ? '' : `: ${known.setting} says where it is`
    return { name, status: 'notConfigured', detail: `not configured${where}`, hint: null }
  }
  try {
    const found = await known.probe(address, clock, env)
    if (typeof found !== 'string') return { name, status: 'warning', ...found }
    return { name, status: 'ok', detail: found, hint: null }
  } catch (thrown) {
    const hint = isOrchestrationError(thrown) ? thrown.hint : null
    return { name, status: 'failed', detail: messageOf(thrown), hint }
  }
}

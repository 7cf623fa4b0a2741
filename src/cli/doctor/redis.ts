import type { ServiceProbe } from './service-probe.ts'

/** Redis: its version, how long it takes to answer, and whether state would be safe in it. */
export const redisProbe: ServiceProbe = {
  name: 'redis',
  setting: 'REDIS_URL',
  probe: async (address, clock) => {
    const { checkRequirements, probeRedis, redisAddress } =
      await import('../../integrations/redis/index.ts')
    const { facts, latencyMs } = await probeRedis({ url: address, clock })
    checkRequirements(facts, redisAddress(address).shown)
    const kind = facts.isCluster ? ' cluster' : ''
    return `${facts.version}${kind} answers in ${latencyMs.toFixed(1)} ms`
  },
}

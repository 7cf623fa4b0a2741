import type { ServiceProbe } from './service-probe.ts'

/** Temporal: its version and how long it takes to answer. */
export const temporalProbe: ServiceProbe = {
  name: 'temporal',
  setting: 'TEMPORAL_ADDRESS',
  probe: async (address, clock) => {
    const { probeTemporal } = await import('../../integrations/temporal/index.ts')
    const { version, latencyMs } = await probeTemporal({ address, clock })
    return `${version} answers in ${latencyMs.toFixed(1)} ms`
  },
}

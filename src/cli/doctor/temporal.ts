import type { ServiceProbe } from './service-probe.ts'

/** Temporal: its version, how long it takes to answer, and whether anybody works there. */
export const temporalProbe: ServiceProbe = {
  name: 'temporal',
  setting: 'TEMPORAL_ADDRESS',
  probe: async (address, clock, env) => {
    const { probeTemporal } = await import('../../integrations/temporal/index.ts')
    const namespace = env['TEMPORAL_NAMESPACE'] || 'default'
    const taskQueue = env['AURA_TASK_QUEUE'] || 'aura'
    const answer = await probeTemporal({ address, namespace, taskQueue, clock })
    const { version, latencyMs, workers } = answer
    const detail = `${version} answers in ${latencyMs.toFixed(1)} ms`
    if (workers > 0) return `${detail}, ${workers} worker(s) on task queue '${taskQueue}'`
    return {
      detail: `${detail}, and no worker is on task queue '${taskQueue}'`,
      hint: 'start one: aura worker --agents FILE; executions of that queue wait until then',
    }
  },
}

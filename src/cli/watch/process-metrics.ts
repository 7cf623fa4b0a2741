import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { Clock } from '../../core/clock.ts'
import type { WatchedPoint } from './watched.ts'
import { pause } from './pause.ts'

/** Metrics of the own process: CPU in percent of one core, resident memory, longest delay of the event loop. */
export const processMetrics = ['cpu_percent', 'memory_mb', 'event_loop_ms'] as const

/** A point of each metric every `everyMs`, until the signal ends it. */
export async function* sampleProcess(
  everyMs: number,
  during: { readonly clock: Clock; readonly signal: AbortSignal },
): AsyncGenerator<WatchedPoint> {
  const { clock, signal } = during
  const delay = monitorEventLoopDelay({ resolution: 10 })
  delay.enable()
  try {
    let lastCpu = process.cpuUsage()
    let lastMs = clock.monotonicMs()
    for (;;) {
      await pause(everyMs, during)
      if (signal.aborted) return
      const t = clock.nowMs()
      const nowMs = clock.monotonicMs()
      const used = process.cpuUsage(lastCpu)
      const cpuMs = (used.user + used.system) / 1_000
      yield { column: 'cpu_percent', t, v: (100 * cpuMs) / Math.max(1, nowMs - lastMs) }
      yield { column: 'memory_mb', t, v: process.memoryUsage.rss() / 1e6 }
      yield { column: 'event_loop_ms', t, v: delay.max / 1e6 }
      delay.reset()
      lastCpu = process.cpuUsage()
      lastMs = nowMs
    }
  } finally {
    delay.disable()
  }
}

import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import type { Anomaly } from './anomaly.ts'
import { detectSeries } from './detector.ts'
import { readSeries } from './series.ts'

const nab = fileURLToPath(new URL('../../../shared/data/anomaly/nab/', import.meta.url))
const hasNab = existsSync(nab)
if (!hasNab) process.stdout.write('NAB series: not run, there is no ../shared/data/anomaly/nab\n')

async function scan(
  name: string,
): Promise<{ anomalies: Anomaly[]; windows: [number, number][]; scanMs: number }> {
  const { points } = await readSeries(`${nab}${name}`)
  const before = process.cpuUsage()
  // NAB lets a detector learn from the first 15 %.
  const warmUpPoints = Math.min(750, Math.floor(points.length * 0.15))
  const anomalies = detectSeries(points, { source: name, warmUpPoints })
  // Time of the processor, so that busy neighbours do not count.
  const { user, system } = process.cpuUsage(before)
  const scanMs = (user + system) / 1_000
  const all = JSON.parse(readFileSync(`${nab}combined_windows.json`, 'utf8')) as Record<
    string,
    [string, string][]
  >
  const windows = (all[name] ?? []).map(([from, to]): [number, number] => [
    Date.parse(`${from}Z`),
    Date.parse(`${to}Z`),
  ])
  process.stdout.write(
    `${name}: ${points.length} points in ${scanMs.toFixed(0)} ms, ${anomalies.length} anomalies\n`,
  )
  return { anomalies, windows, scanMs }
}

const isIn = (anomaly: Anomaly, [from, to]: [number, number]): boolean =>
  anomaly.t0Ms >= from && anomaly.t0Ms <= to

const touches = (a: Anomaly, fault: { t0Ms: number; t1Ms: number }): boolean =>
  a.t0Ms <= fault.t1Ms + 3_000 && a.t1Ms >= fault.t0Ms

describe('recorded operational series', () => {
  const incident = fileURLToPath(new URL('../../examples/series/checkout.csv', import.meta.url))

  it.each([
    ['p95_ms', 4],
    ['p50_ms', 4],
    ['cpu_percent', 4],
    ['memory_mb', 3],
  ])('show the faults of the incident in %s without false alarms', async (column, atLeast) => {
    const { points } = await readSeries(incident, { column })
    const anomalies = detectSeries(points, { source: incident })
    const labels = JSON.parse(readFileSync(incident.replace('.csv', '.labels.json'), 'utf8')) as {
      faults: { t0Ms: number; t1Ms: number }[]
    }
    const found = labels.faults.filter((fault) => anomalies.some((a) => touches(a, fault)))
    expect(found.length).toBeGreaterThanOrEqual(atLeast)
    expect(anomalies.filter((a) => !labels.faults.some((fault) => touches(a, fault)))).toEqual([])
  })
})

describe.runIf(hasNab)('NAB series', () => {
  it('of a failing service are found window by window with at most one false alarm', async () => {
    const { anomalies, windows } = await scan(
      'realKnownCause/ec2_request_latency_system_failure.csv',
    )
    expect(windows).toHaveLength(3)
    for (const window of windows) expect(anomalies.some((a) => isIn(a, window))).toBe(true)
    const isFalse = (a: Anomaly): boolean => !windows.some((window) => isIn(a, window))
    expect(anomalies.filter(isFalse).length).toBeLessThanOrEqual(1)
  })

  it('of 4,032 points are scanned within four seconds', async () => {
    const { anomalies, windows, scanMs } = await scan(
      'realAWSCloudwatch/ec2_cpu_utilization_5f5533.csv',
    )
    for (const window of windows) expect(anomalies.some((a) => isIn(a, window))).toBe(true)
    expect(scanMs).toBeLessThan(4_000)
  })

  it('without anomaly and without noise cause none', async () => {
    expect((await scan('artificialNoAnomaly/art_flatline.csv')).anomalies).toEqual([])
  })
})

import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { readEntries, readNabSeries } from './nab-corpus.ts'
import { resultAt, sweepThresholds } from './nab-scorer.ts'
import { windowedGaussian } from './windowed-gaussian.ts'

const nab = fileURLToPath(new URL('../../../shared/data/anomaly/nab/', import.meta.url))
const hasNab = existsSync(nab)
if (!hasNab)
  process.stdout.write('published baseline: not run, there is no ../shared/data/anomaly/nab\n')

/**
 * What the benchmark publishes of its windowed Gaussian detector (`results/windowedGaussian/`, standard profile,
 * threshold 1, the run behind the 39.65 of its scoreboard): score before normalisation, alarms in and outside windows.
 */
const published: readonly (readonly [string, number, number, number])[] = [
  ['artificialNoAnomaly/art_daily_perfect_square_wave.csv', 0, 0, 0],
  ['artificialNoAnomaly/art_daily_small_noise.csv', 0, 0, 0],
  ['artificialNoAnomaly/art_flatline.csv', 0, 0, 0],
  ['artificialWithAnomaly/art_daily_flatmiddle.csv', -1, 0, 0],
  ['artificialWithAnomaly/art_daily_jumpsup.csv', -1, 0, 0],
  ['artificialWithAnomaly/art_daily_nojump.csv', -1, 0, 0],
  ['realAWSCloudwatch/ec2_cpu_utilization_24ae8d.csv', -1.26667875935, 2, 11],
  ['realAWSCloudwatch/ec2_cpu_utilization_5f5533.csv', -2, 0, 0],
  ['realAWSCloudwatch/ec2_cpu_utilization_77c1ca.csv', -1, 0, 0],
  ['realAWSCloudwatch/ec2_cpu_utilization_c6585a.csv', -1.32, 0, 12],
  ['realAWSCloudwatch/ec2_disk_write_bytes_1ef3de.csv', -4.19089678552, 9, 48],
  ['realAWSCloudwatch/ec2_disk_write_bytes_c0d644.csv', -1.09599853032, 13, 19],
  ['realAWSCloudwatch/ec2_network_in_5abac7.csv', -3.52193223519, 19, 50],
  ['realAWSCloudwatch/grok_asg_anomaly.csv', 2.37942230674, 69, 3],
  ['realAWSCloudwatch/rds_cpu_utilization_cc0c53.csv', -0.138449197924, 50, 0],
  ['realAdExchange/exchange-2_cpm_results.csv', -2, 0, 0],
  ['realAdExchange/exchange-4_cpc_results.csv', 0.292288463428, 3, 4],
  ['realAdExchange/exchange-4_cpm_results.csv', 1.27471036268, 4, 3],
  ['realKnownCause/ec2_request_latency_system_failure.csv', 2.02150685678, 8, 0],
  ['realKnownCause/machine_temperature_system_failure.csv', -4, 0, 0],
  ['realKnownCause/nyc_taxi.csv', -5, 0, 0],
  ['realKnownCause/rogue_agent_key_updown.csv', -1.3964908955, 1, 8],
  ['realTraffic/occupancy_6005.csv', -1, 0, 0],
  ['realTraffic/speed_6005.csv', 0.832538201468, 1, 0],
  ['realTraffic/speed_7578.csv', 3.47059145681, 11, 1],
  ['realTraffic/speed_t4013.csv', 1.76631783122, 14, 0],
  ['realTweets/Twitter_volume_AMZN.csv', 1.55848299457, 10, 20],
  ['realTweets/Twitter_volume_FB.csv', 0.119750278191, 6, 15],
]

describe.runIf(hasNab)('the scorer and the baseline', () => {
  it.each(published)('give %s the published %s, %s and %s', (name, raw, inside, outside) => {
    const entry = readEntries(nab).find((one) => one.name === name)
    expect(entry).toBeDefined()
    if (entry === undefined) return
    const { points, windows } = readNabSeries(nab, entry)
    const scores = windowedGaussian(points.map(({ v }) => v))
    const result = resultAt(sweepThresholds([{ scores, windows }]), 1)
    expect(result.raw).toBeCloseTo(raw, 8)
    expect([result.truePositives, result.falsePositives]).toEqual([inside, outside])
  })
})

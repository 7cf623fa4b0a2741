import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { auraJson, cleanUp, newFolder, startAura } from './cli-process.ts'
import type { RunningAura } from './cli-process.ts'

afterEach(cleanUp)

const example = join(import.meta.dirname, '..', 'examples', 'orchestration')

const patient = { timeout: 30_000 }

interface Shown {
  readonly status: string
  readonly output: { readonly judged: Readonly<Record<string, unknown>> } | null
  readonly adaptations: readonly { readonly because: string; readonly cause: unknown }[]
}

async function serve(folder: string): Promise<RunningAura> {
  const serving = startAura(folder, [
    'serve',
    '--port',
    '0',
    '--json',
    '--config',
    join(example, 'serve.yaml'),
  ])
  await serving.prints(/^.*\n/)
  return serving
}

const anomaly = {
  windowId: 'w-1',
  source: 'checkout',
  t0Ms: 1,
  t1Ms: 2,
  kind: 'levelShift',
  severity: 0.9,
  score: 5,
  threshold: 2.8,
  correlationId: 'anomaly-7',
}

test('an anomaly adapts a running execution of the example, also when the process is killed behind it', async () => {
  const folder = newFolder()
  const first = await serve(folder)
  const run = ['run', join(example, 'release.yaml'), '--id', 'r-1', '--detach']
  expect((await auraJson(folder, ...run)).code).toBe(0)
  const show = async () => (await auraJson<Shown>(folder, 'show', 'r-1')).value
  await expect.poll(async () => (await show()).status, patient).toBe('waiting')
  const words = ['event', 'tda.anomaly.detected', '--data', JSON.stringify(anomaly)]
  const sent = await auraJson<{ readonly executions: readonly string[] }>(folder, ...words)
  expect(sent.code).toBe(0)
  first.kill('SIGKILL')
  await first.ended
  await serve(folder)
  await expect.poll(async () => (await show()).adaptations.length, patient).toBe(1)
  expect((await show()).adaptations[0]).toMatchObject({
    because: "tda_anomaly_detected 'anomaly-7'",
    cause: { eventType: 'tda_anomaly_detected', tdaCorrelation: 'anomaly-7' },
  })
  expect((await auraJson(folder, 'signal', 'r-1', 'baked')).code).toBe(0)
  await expect.poll(async () => (await show()).status, patient).toBe('completed')
  // A pipeline took the place of whoever answers first.
  expect(Object.keys((await show()).output?.judged ?? {})).toContain('stages')
})

import { expect, test } from 'vitest'
import { createTelemetry } from '../src/observability/index.ts'
import { defineAgent, openEngine } from '../src/index.ts'

test('of an engine the metrics say how often a plan was there', async () => {
  const telemetry = createTelemetry()
  const clerk = defineAgent({
    type: 'clerk',
    actions: { file: { effect: 'read', run: () => 1 } },
  })
  const engine = await openEngine({ agents: [clerk], telemetry })
  const document = (version: string) =>
    ({ name: 'w', version, steps: { a: { agent: 'clerk', action: 'file' } } }) as const
  const misses = async (): Promise<number> => {
    const text = await telemetry.metricsText()
    return Number(/^cache_reads_total\{cache="plans",result="miss"\} (\d+)$/m.exec(text)?.[1])
  }
  for (let n = 0; n < 10; n++) await engine.executeWorkflow('w', document('1.0.0'))
  const first = await misses()
  for (let n = 0; n < 10; n++) await engine.executeWorkflow('w', document('1.0.0'))
  expect(await misses()).toBe(first)
  await engine.executeWorkflow('w', document('1.0.1'))
  expect(await misses()).toBe(first + 1)
  expect(await telemetry.metricsText()).toMatch(/cache="plans",result="hit"\} \d{2}/)
  await engine.close()
})

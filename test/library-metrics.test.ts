import { createTelemetry, defineAgent, openEngine } from 'aura-orchestration'
import { expect, test } from 'vitest'

test('whoever opens an engine in code gives it telemetry, and asks that for the metrics', async () => {
  const telemetry = createTelemetry()
  const actions = { greet: { effect: 'read', run: () => 'hello' } } as const
  const engine = await openEngine({
    agents: [defineAgent({ type: 'greeter', actions })],
    telemetry,
  })
  const steps = { hello: { agent: 'greeter', action: 'greet' } }
  await engine.executeWorkflow('metered', { name: 'metered', version: '1.0.0', steps })
  await engine.close()
  expect(await telemetry.metricsText()).toContain('workflow_success_total{workflow="metered"} 1')
})

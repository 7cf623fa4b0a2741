import { afterAll, beforeAll, expect, test } from 'vitest'
import { workflowEngineSuite } from '../../src/testing/workflow-engine-suite.ts'
import { describeWithServices } from '../support/services.ts'
import { type Connections, connections, TemporalHarness } from './conformance/temporal-harness.ts'

const patience = 30_000
/** A policy travels with the start as data, and the suite gives a function: `tda-context.test.ts` has these. */
const asData = 'policies are data here'
const gaps = {
  'tda: by the context a policy lowers maxParallel, and where the feed is quiet it does not':
    asData,
  'tda: by the context a policy leaves a step another of its declared agents': asData,
  'tda: by the context a policy asks for approval before a step': asData,
}

await describeWithServices('the Temporal engine as an engine', ['temporal'], ({ temporal }) => {
  let connected: Connections

  beforeAll(async () => {
    connected = await connections(temporal)
  }, patience)

  afterAll(async () => {
    await connected.worker.close()
    await connected.client.close()
  }, patience)

  const behaviours = workflowEngineSuite(async (options) => {
    const harness = new TemporalHarness(connected, options)
    await harness.start()
    return harness
  }, gaps)

  for (const behaviour of behaviours) {
    test(
      behaviour.name,
      () => expect(behaviour.run()).resolves.toBeUndefined(),
      Number(process.env.TV ?? 30000),
    )
  }
})

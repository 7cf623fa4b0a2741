import { afterAll, beforeAll, expect, test } from 'vitest'
import { workflowEngineSuite } from '../../src/testing/workflow-engine-suite.ts'
import { describeWithServices } from '../support/services.ts'
import { differences } from './conformance/differences.ts'
import { type Connections, connections, TemporalHarness } from './conformance/temporal-harness.ts'

/** Nothing here measures speed: a busy machine may take its time. */
const patience = 90_000

await describeWithServices('the Temporal engine as an engine', ['temporal'], ({ temporal }) => {
  let connected: Connections
  const harnesses: TemporalHarness[] = []

  beforeAll(async () => {
    connected = await connections(temporal)
  }, patience)

  afterAll(async () => {
    // A check that was given up has not closed its own.
    await Promise.all(harnesses.map((harness) => harness.close()))
    await connected.worker.close()
    await connected.client.close()
  }, patience)

  const behaviours = workflowEngineSuite(async (options) => {
    const harness = new TemporalHarness(connected, options)
    harnesses.push(harness)
    await harness.start()
    return harness
  }, differences)

  const kept = behaviours.filter(({ gap }) => gap === null)
  const declared = behaviours.filter(({ gap }) => gap !== null)

  // They wait for the server most of the time; one for which it was too slow is made anew, twice at most.
  for (const { name, run } of kept)
    test.concurrent(name, { timeout: patience, retry: 2 }, () =>
      expect(run()).resolves.toBeUndefined(),
    )

  for (const { name, gap } of declared) test.todo(`${name} (${gap})`)
})

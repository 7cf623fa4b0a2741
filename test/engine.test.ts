import { describe, expect, it } from 'vitest'
import type { HarnessOptions } from '../src/testing/engine-stage.ts'
import { workflowEngineSuite } from '../src/testing/workflow-engine-suite.ts'
import { EmbeddedHarness, fileStore, memoryStore, type Store } from './support/embedded-harness.ts'

describe('the embedded engine in memory', () => {
  const open = (options: HarnessOptions) => opened(memoryStore(), options)
  for (const behaviour of workflowEngineSuite(open)) {
    it(behaviour.name, () => expect(behaviour.run()).resolves.toBeUndefined())
  }
})

describe('the embedded engine over a SQLite file', () => {
  const open = async (options: HarnessOptions) => opened(await fileStore(), options)
  for (const behaviour of workflowEngineSuite(open)) {
    it(behaviour.name, () => expect(behaviour.run()).resolves.toBeUndefined())
  }
})

async function opened(store: Store, options: HarnessOptions): Promise<EmbeddedHarness> {
  const harness = new EmbeddedHarness(store, options)
  await harness.start()
  return harness
}

import { randomUUID } from 'node:crypto'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { AuraCheckpointSaver } from '../../src/integrations/langgraph/checkpoints/checkpoint-saver.ts'
import {
  type OpenedRedis,
  openRedis,
  RedisRecordStore,
} from '../../src/integrations/redis/index.ts'
import { describeWithServices } from '../support/services.ts'

/** LangGraph's own suite takes these from the global scope. */
Object.assign(globalThis, { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it })
const { deltaChannelHistoryTests, validate } =
  await import('@langchain/langgraph-checkpoint-validation')

await describeWithServices('LangGraph in Redis', ['redis'], ({ redis }) => {
  let opened: OpenedRedis
  beforeAll(async () => {
    opened = await openRedis({ url: redis })
  })
  afterAll(() => opened.close())
  const inRedis = {
    checkpointerName: 'AuraCheckpointSaver in Redis',
    createCheckpointer() {
      const prefix = `test-${randomUUID()}:`
      const records = new RedisRecordStore({ connection: opened.connection, prefix })
      return new AuraCheckpointSaver({ records })
    },
  }
  validate(inRedis)
  deltaChannelHistoryTests(inRedis)
})

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { systemClock } from '../../../core/clock.ts'
import { MemoryRecordStore } from '../../../state/index.ts'
import { Database } from '../../../storage/index.ts'
import { AuraCheckpointSaver } from './checkpoint-saver.ts'

/** LangGraph's own suite takes these from the global scope. */
Object.assign(globalThis, { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it })
const { deltaChannelHistoryTests, validate } =
  await import('@langchain/langgraph-checkpoint-validation')

const directories = new Map<AuraCheckpointSaver, { database: Database; directory: string }>()

const inFile = {
  checkpointerName: 'AuraCheckpointSaver in a file',
  createCheckpointer: () => {
    const directory = mkdtempSync(join(tmpdir(), 'checkpoints-'))
    const database = Database.open({ path: join(directory, 'aura.db'), durability: 'normal' })
    const saver = new AuraCheckpointSaver({ database })
    directories.set(saver, { database, directory })
    return saver
  },
  destroyCheckpointer: (saver: AuraCheckpointSaver) => {
    const made = directories.get(saver)
    made?.database.close()
    if (made !== undefined) rmSync(made.directory, { recursive: true, force: true })
  },
}
const inRecords = {
  checkpointerName: 'AuraCheckpointSaver in records',
  createCheckpointer: () =>
    new AuraCheckpointSaver({ records: new MemoryRecordStore(systemClock) }),
}

for (const place of [inFile, inRecords]) {
  validate(place)
  // Not part of `validate`: what channels that store differences are rebuilt from.
  deltaChannelHistoryTests(place)
}

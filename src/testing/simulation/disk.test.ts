import { expect, test } from 'vitest'
import { MemoryJournal } from '../../engine/index.ts'
import { type AppendFate, type Batch, Disk, journalOver, ProcessJournal } from './disk.ts'

const empty: Batch = { documents: [], starts: [], rows: [], statuses: [] }

test('only the newest owner may append', async () => {
  const disk = new Disk()
  const [old, young] = [new ProcessJournal(disk), new ProcessJournal(disk)]
  await expect(old.journal.append(empty)).rejects.toMatchObject({ code: 'StateConsistencyError' })
  await young.journal.append(empty)
  expect(disk.batches).toHaveLength(1)
})

test('a full disk refuses for the moment and records nothing', async () => {
  const disk = new Disk()
  const fates: AppendFate[] = ['full', 'commit']
  const { journal } = new ProcessJournal(disk, { fate: () => fates.shift() ?? 'commit' })
  await expect(journal.append(empty)).rejects.toMatchObject({
    code: 'StorageError',
    retryable: true,
  })
  expect([disk.isRefusing, disk.batches.length]).toEqual([true, 0])
  await journal.append(empty)
  expect([disk.isRefusing, disk.batches.length]).toEqual([false, 1])
})

test.each([
  ['crashBefore', 0],
  ['crashAfter', 1],
] as const)(
  'a process that meets %s hears nothing; %i batches are durable',
  async (fate, count) => {
    const disk = new Disk()
    const heard: string[] = []
    const process = new ProcessJournal(disk, { fate: () => fate, crash: (at) => heard.push(at) })
    process.journal.append(empty).then(
      () => heard.push('answer'),
      () => heard.push('refusal'),
    )
    await new Promise((resolve) => setImmediate(resolve))
    expect(heard).toEqual([fate])
    expect(disk.batches).toHaveLength(count)
  },
)

test('a journal over another gives what is replaced and hands the rest on', async () => {
  const below = new MemoryJournal()
  let closed = 0
  const journal = journalOver(() => below, { close: () => Promise.resolve(void closed++) })
  await journal.close()
  expect(closed).toBe(1)
  expect(journal.nextExecution()).toBe(1)
  expect(below.nextExecution()).toBe(2)
})

import { describe, expect, it } from 'vitest'
import { journalSuite } from './suite/journal-suite.ts'
import { MemoryJournal } from './memory.ts'

const gaps = {
  reopen: 'it ends with its process',
  takeOver: 'nobody else can reach it',
}

describe('MemoryJournal', () => {
  it.each(journalSuite(open, gaps))('$name', async (behaviour) => {
    await expect(behaviour.run()).resolves.toBeUndefined()
  })
})

function open() {
  return Promise.resolve({ journal: new MemoryJournal(), close: () => Promise.resolve() })
}

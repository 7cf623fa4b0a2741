import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { contextOf, contextPrefix, taskIdOf } from './task-id.ts'

test('a task id is an execution id, holds its context, and is the same for the same message', () => {
  fc.assert(
    fc.property(
      fc.string({ minLength: 1 }),
      fc.string({ maxLength: 300 }),
      (messageId, contextId) => {
        const id = taskIdOf({ messageId, contextId })
        expect(id).toMatch(/^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$/)
        expect(taskIdOf({ messageId, contextId })).toBe(id)
        expect(id.startsWith(contextPrefix(contextOf(id) ?? ''))).toBe(true)
        const isKept =
          contextId !== '' && contextId.isWellFormed() && Buffer.byteLength(contextId) <= 60
        if (isKept) expect(contextOf(id)).toBe(contextId)
      },
    ),
  )
})

test('another message is another task, and ids of other executions are no tasks', () => {
  const contextId = 'c'
  expect(taskIdOf({ messageId: 'a', contextId })).not.toBe(taskIdOf({ messageId: 'b', contextId }))
  expect(['tour-1', 'a2a', 'a2a..x', 'inc.a2a.x'].map(contextOf)).toEqual([null, null, null, null])
})

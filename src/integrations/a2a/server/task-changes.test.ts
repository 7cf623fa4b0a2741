import { expect, test } from 'vitest'
import type { ShowView } from '../../../engine/index.ts'
import { changesOf } from './task-changes.ts'
import type { TaskHost } from './task-host.ts'

function hostOf(): {
  host: TaskHost
  tell: () => void
  listeners: () => number
  looks: () => number
} {
  const listeners = new Set<() => void>()
  let looks = 0
  const host = {
    show: async () => ({ executionId: String(++looks) }) as unknown as ShowView,
    subscribe(_: string, onEvent: () => void) {
      listeners.add(onEvent)
      return () => listeners.delete(onEvent)
    },
  } as unknown as TaskHost
  const tell = (): void => listeners.forEach((listener) => listener())
  return { host, tell, listeners: () => listeners.size, looks: () => looks }
}

test('an execution is looked at now and once for the events since, and nobody listens after the end', async () => {
  const { host, tell, listeners, looks } = hostOf()
  const gone = new AbortController()
  const changes = changesOf(host, 'e-1', gone.signal)
  expect((await changes.next()).value).toMatchObject({ executionId: '1' })
  tell()
  tell()
  expect((await changes.next()).value).toMatchObject({ executionId: '2' })
  const next = changes.next()
  gone.abort()
  expect(await next).toEqual({ done: true, value: undefined })
  expect([listeners(), looks()]).toEqual([0, 2])
})

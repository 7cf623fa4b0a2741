import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { LogEntry } from '../engine/index.ts'
import type { FrameSink } from './event-sink.ts'
import { ExecutionFollower } from './execution-follower.ts'

/** What a follower hears, as the numbers and names of its events. */
class Ear implements FrameSink {
  readonly heard: string[] = []
  isEnded = false
  drained: () => Promise<void> = () => Promise.resolve()

  send(text: string): void {
    if (!this.isEnded) this.heard.push(/^id: (\d+)$/m.exec(text)?.[1] ?? text)
  }

  end(text: string): void {
    this.send(/^event: (\w+)$/m.exec(text)?.[1] ?? text)
    this.isEnded = true
  }
}

function entry(seq: number, kind = 'SignalReceived'): LogEntry {
  const event = { kind, name: 'a', data: null } as unknown as LogEntry['event']
  return { executionId: 'e', seq, atMs: seq, event }
}

function numbers(from: number, to: number): string[] {
  return Array.from({ length: to - from + 1 }, (_, place) => String(from + place))
}

test('however reading and happening interleave, every event is sent once and in order', async () => {
  const worlds = fc.record({
    scheduler: fc.scheduler(),
    recordedBefore: fc.nat(5),
    // How many events each later commit holds; the last of all ends the execution.
    commits: fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 8 }),
    afterShare: fc.double({ min: 0, max: 1, noNaN: true }),
    readsLate: fc.boolean(),
  })
  await fc.assert(
    fc.asyncProperty(worlds, async (world) => {
      const { scheduler, recordedBefore, commits, readsLate } = world
      const journal = numbers(1, recordedBefore).map((seq) => entry(Number(seq)))
      const total = recordedBefore + commits.reduce((sum, count) => sum + count, 0)
      const isOver = (): boolean => journal.length === total
      const read = (after: number): LogEntry[] => journal.filter(({ seq }) => seq > after)
      const follower = new ExecutionFollower('e', {
        log: async (after) => {
          const atCall = read(after)
          await scheduler.schedule(Promise.resolve(), 'log')
          return readsLate ? read(after) : atCall
        },
        status: async () => {
          const atCall = isOver()
          await scheduler.schedule(Promise.resolve(), 'status')
          return atCall ? 'completed' : 'running'
        },
      })
      const ear = new Ear()
      ear.drained = () => scheduler.schedule(Promise.resolve(), 'drained')
      const after = Math.floor(world.afterShare * recordedBefore)
      const running = follower.begin(after).then((first) => follower.run(ear, first))
      void scheduler.scheduleSequence(
        commits.flatMap((count) => {
          let added: LogEntry[] = []
          const record = (): Promise<void> => {
            added = numbers(journal.length + 1, journal.length + count).map((seq) =>
              entry(Number(seq), Number(seq) === total ? 'ExecutionCompleted' : undefined),
            )
            journal.push(...added)
            return Promise.resolve()
          }
          // Told after it is durable, which may be after somebody has read it.
          const tell = (): Promise<void> => {
            for (const one of added) follower.take(one)
            return Promise.resolve()
          }
          return [record, tell]
        }),
      )
      await scheduler.waitFor(running)
      expect(ear.heard).toEqual([...numbers(after + 1, total), 'end'])
    }),
    { numRuns: 300 },
  )
})

test('an execution that failed and is redriven is followed on to its end', async () => {
  const journal = [
    entry(1, 'ExecutionStarted'),
    entry(2, 'ExecutionFailed'),
    entry(3, 'ExecutionRedriven'),
  ]
  let status = 'running'
  const follower = new ExecutionFollower('e', {
    log: (after) => journal.filter(({ seq }) => seq > after),
    status: () => Promise.resolve(status),
  })
  const ear = new Ear()
  const running = follower.run(ear, await follower.begin(0))
  await new Promise(setImmediate)
  expect(ear.heard).toEqual(['1', '2', '3'])
  status = 'completed'
  journal.push(entry(4, 'ExecutionCompleted'))
  follower.take(entry(4, 'ExecutionCompleted'))
  await running
  expect(ear.heard).toEqual(['1', '2', '3', '4', 'end'])
})

test('an execution that is redriven at the moment of its end is followed on', async () => {
  const journal = [entry(1, 'ExecutionFailed')]
  const follower = new ExecutionFollower('e', {
    log: (after) => journal.filter(({ seq }) => seq > after),
    status: () => {
      const status = ['failed', 'running', 'completed'][journal.length - 1] as string
      // Recorded after the status was read, and told to nobody yet.
      if (journal.length === 1) journal.push(entry(2, 'ExecutionRedriven'))
      return Promise.resolve(status)
    },
  })
  const ear = new Ear()
  const running = follower.run(ear, await follower.begin(0))
  await new Promise(setImmediate)
  expect(ear.heard).toEqual(['1', '2'])
  journal.push(entry(3, 'ExecutionCompleted'))
  for (const one of journal.slice(1)) follower.take(one)
  await running
  expect(ear.heard).toEqual(['1', '2', '3', 'end'])
})

test('a last event id that this execution never had begins at the first event', async () => {
  const journal = [entry(1), entry(2)]
  const follower = new ExecutionFollower('e', {
    log: (after) => journal.filter(({ seq }) => seq > after),
    status: () => Promise.resolve('completed'),
  })
  const ear = new Ear()
  await follower.run(ear, await follower.begin(77))
  expect(ear.heard).toEqual(['1', '2', 'end'])
})

test('an event that is told and cannot be read is not passed over', async () => {
  const journal = [entry(1)]
  const follower = new ExecutionFollower('e', {
    log: (after) => journal.filter(({ seq }) => seq > after),
    status: () => Promise.resolve('running'),
  })
  const running = follower.run(new Ear(), await follower.begin(0))
  await new Promise(setImmediate)
  follower.take(entry(3))
  await expect(running).rejects.toThrow(/event 3 of 'e' was told and is not recorded/)
})

test('who is sent away before anything was read hears goodbye and nothing else', async () => {
  const follower = new ExecutionFollower('e', {
    log: () => [entry(1)],
    status: () => Promise.resolve('running'),
  })
  const first = await follower.begin(0)
  follower.bye()
  const ear = new Ear()
  await follower.run(ear, first)
  expect(ear.heard).toEqual(['bye'])
})

import { setImmediate as turn } from 'node:timers/promises'
import { test } from 'vitest'
import { limits } from '../src/core/limits.ts'
import { type KafkaMesh, kafkaMesh, readBrokers } from '../src/integrations/kafka/index.ts'
import { eventMeshSuite, FakeTime, type MeshHarness } from '../src/testing/index.ts'
import { describeWithServices } from './support/services.ts'

let names = 0

/** A mesh over the broker in fake time: what goes over the wire is waited for, what takes time is moved. */
async function open(brokers: readonly string[]): Promise<MeshHarness> {
  const name = `s${process.pid}x${names++}`
  const time = new FakeTime(Date.now())
  const start = async () => {
    const clock = time.newLife()
    return { clock, mesh: await kafkaMesh({ brokers, clock, partitions: 3 }) }
  }
  let life = await start()
  const settle = async (): Promise<void> => {
    for (let quiet = 0; quiet < 2; quiet++) {
      await time.settle()
      await turn()
      if (await wrote(life.mesh)) quiet = -1
    }
  }
  const advance = async (ms: number): Promise<void> => {
    const untilMs = time.monotonicMs + ms
    await settle()
    while (time.nextDueMs <= untilMs) {
      time.step()
      await settle()
    }
    time.pass(Math.max(0, untilMs - time.monotonicMs))
  }
  return {
    name,
    get mesh() {
      return life.mesh
    },
    advance,
    async restart() {
      life.clock.die()
      const dead = life.mesh
      life = await start()
      void dead.close()
    },
    async close() {
      const closing = life.mesh.close()
      await advance(limits.meshDeadlineMsMax)
      await closing
    },
  }
}

/** Whether something was written, and read, since this was asked last. */
async function wrote(mesh: KafkaMesh): Promise<boolean> {
  const before = mesh.written
  await mesh.caughtUp()
  const after = mesh.written
  const isNew = seen.get(mesh) !== after || before !== after
  seen.set(mesh, after)
  return isNew
}

const seen = new WeakMap<KafkaMesh, number>()

const gaps = {
  'bounds: over meshQueueMax a publisher is refused, and nobody gets what it published':
    'what handlers have not taken waits in the broker: publishing is coupled to no subscriber',
  'bounds: a publisher that waits for room gets in when there is some, or is refused in time':
    'as above: there is always room in the broker',
  'bounds: a publisher that waits for room is refused when the mesh closes':
    'as above: no publisher waits for room',
}

await describeWithServices('the mesh over Kafka', ['kafka'], ({ kafka }) => {
  const cases = eventMeshSuite(() => open(readBrokers(kafka)), gaps)
  // oxlint-disable-next-line vitest/expect-expect -- a case asserts by rejecting
  test.each(cases)('$name', { timeout: 60_000 }, ({ run }) => run())
})

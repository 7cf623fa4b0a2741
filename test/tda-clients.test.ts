import { setImmediate as turn } from 'node:timers/promises'
import { describe, test } from 'vitest'
import type { CloudEvent } from '../src/core/contracts/events.ts'
import { silentLogger as logger } from '../src/core/logger.ts'
import { kafkaMesh, readBrokers } from '../src/integrations/kafka/index.ts'
import { type EventMesh, InProcessMesh } from '../src/mesh/index.ts'
import { MeshTdaClient, tdaTypes } from '../src/tda/index.ts'
import { FakeTime, tdaClientSuite, type TdaHarness } from '../src/testing/index.ts'
import { describeWithServices } from './support/services.ts'

let names = 0

/** A client over one mesh, and a TDA system over another one, which may be the same. */
async function open(
  openMesh: (time: FakeTime) => Promise<EventMesh>,
  isShared: boolean,
): Promise<TdaHarness> {
  const time = new FakeTime()
  const mesh = await openMesh(time)
  const other = isShared ? mesh : await openMesh(time)
  const clock = time.newLife()
  const client = await MeshTdaClient.open({ mesh, clock, logger })
  const heard = new Map<string, () => void>()
  await mesh.subscribe('tda.*', async ({ id }) => heard.get(id)?.())
  const sent: CloudEvent[] = []
  let told = (): void => {}
  const name = `s${process.pid}x${names++}`
  await other.subscribe(tdaTypes.result, async (event) => {
    if (event.source.includes(name)) sent.push(event)
    told()
  })
  const advance = async (ms: number): Promise<void> => {
    await time.advance(ms)
    await turn()
  }
  return {
    client,
    name,
    advance,
    async report(event) {
      const arrived = Promise.withResolvers<void>()
      heard.set(event.id, arrived.resolve)
      const publishing = other.publish(event)
      await advance(0)
      await publishing
      await advance(0)
      await arrived.promise
      await advance(0)
    },
    async results(count) {
      await advance(0)
      while (sent.length < count) {
        await new Promise<void>((resolve) => (told = resolve))
        await advance(0)
      }
      return sent
    },
    async close() {
      const closing = Promise.all([client.close(), mesh.close(), other.close()])
      await advance(60_000)
      await closing
    },
  }
}

describe('the embedded TDA client', () => {
  const inProcess = async (time: FakeTime): Promise<EventMesh> =>
    new InProcessMesh({ clock: time.newLife() })
  // oxlint-disable-next-line vitest/expect-expect -- a case asserts by rejecting
  test.each(tdaClientSuite(() => open(inProcess, true)))('$name', ({ run }) => run())
})

await describeWithServices('the TDA client over Kafka', ['kafka'], ({ kafka }) => {
  const overKafka = (time: FakeTime): Promise<EventMesh> =>
    kafkaMesh({ brokers: readBrokers(kafka), clock: time.newLife() })
  // oxlint-disable-next-line vitest/expect-expect -- a case asserts by rejecting
  test.each(tdaClientSuite(() => open(overKafka, false)))('$name', ({ run }) => run())
})

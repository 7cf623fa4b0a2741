import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
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

test('as the feed of an engine it has the patterns of its window, the surest first', async () => {
  const time = new FakeTime()
  const clock = time.newLife()
  const mesh = new InProcessMesh({ clock, logger })
  const client = await MeshTdaClient.open({ mesh, clock, logger, contextWindow: '30m' })
  const report = (source: string, confidence: number) => {
    const data = { windowId: `${source}-1`, source, t0Ms: 0, t1Ms: 1, kind: 'periodic', confidence }
    const event = { id: source, source: '/tda', type: tdaTypes.patterns, time: null, subject: null }
    return mesh.publish({ ...event, data })
  }
  await Promise.all([report('cpu', 0.4), report('disk', 0.9), time.advance(0)])
  expect(client.current()).toMatchObject({
    available: true,
    windowId: 'disk-1',
    patternConfidence: 0.9,
    patterns: [{ source: 'disk' }, { source: 'cpu' }],
  })
  await time.advance(31 * 60_000)
  expect(client.current()).toMatchObject({ patternConfidence: 0, patterns: [] })
  const wrong = MeshTdaClient.open({ mesh, clock, logger, contextWindow: 'soon' })
  await expect(wrong).rejects.toMatchObject({ code: 'UsageError' })
})

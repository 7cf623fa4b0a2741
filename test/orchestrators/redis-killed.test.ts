import { setTimeout as pause } from 'node:timers/promises'
import { afterEach, expect, onTestFinished, test } from 'vitest'
import { cleanUp } from '../cli-process.ts'
import { RedisServer } from '../support/redis-server.ts'
import { describeWithServices } from '../support/services.ts'
import { completed, expectNothingDoubled, load, placed, shared, Site } from './site.ts'

afterEach(cleanUp)

/** Longer than the leases of a site, so that all of them have run out. */
const awayMs = 7_000

// The Redis of the services says that the software is there; the one that is killed is the test's own.
await describeWithServices('orchestrators whose Redis is killed', ['redis', 'temporal'], (all) => {
  test('three go on by themselves when it is back, and nothing is lost or done twice', async () => {
    const redis = await RedisServer.start()
    onTestFinished(() => redis.remove())
    const site = new Site({ ...all, redis: redis.url })
    const instances = await Promise.all([site.open(), site.open(), site.open()])
    await shared(instances, site.shards)
    const before = await placed(instances[0])
    const ids = load(site, () => instances)
    await expect.poll(() => site.calls('pay').length, { timeout: 60_000 }).toBeGreaterThan(5)
    await redis.kill()
    await pause(awayMs)
    await redis.start()
    const backMs = performance.now()
    await shared(instances, site.shards)
    for (const id of await ids) await completed(instances[1], id)
    console.log(`all ended ${Math.round(performance.now() - backMs)} ms after Redis was back`)
    expectNothingDoubled(site, await ids)
    const after = await placed(instances[0])
    expect(after.members.toSorted()).toEqual(before.members.toSorted())
  }, 600_000)
})

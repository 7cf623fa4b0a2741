import { afterEach, expect, test } from 'vitest'
import { cleanUp } from '../cli-process.ts'
import { describeWithServices } from '../support/services.ts'
import {
  ask,
  completed,
  expectNothingDoubled,
  type Instance,
  load,
  orders,
  placed,
  shared,
  Site,
} from './site.ts'

const patience = 600_000

afterEach(cleanUp)

await describeWithServices('several orchestrators', ['redis', 'temporal'], (addresses) => {
  test(
    'three share the work, any of them answers for all, and what a killed one had goes on',
    async () => {
      const site = new Site(addresses)
      const [a, b, c] = await Promise.all([site.open(), site.open(), site.open()])
      await shared([a, b, c], site.shards)
      const ids = load(site, () => [a, b, c])
      const payers = (): number => new Set(site.calls('pay').map(({ pid }) => pid)).size
      await expect.poll(payers, { timeout: 60_000 }).toBe(3)
      c.process.kill('SIGKILL')
      const killedMs = performance.now()
      await shared([a, b], site.shards)
      const movedMs = performance.now() - killedMs
      for (const id of await ids) await completed(b, id)
      console.log(
        `killed with -9: shards moved after ${Math.round(movedMs)} ms, all ended after ${Math.round(performance.now() - killedMs)} ms`,
      )
      expectNothingDoubled(site, await ids)
      for (const { url } of [a, b]) {
        const answer = await ask(url, 'POST', `/v1/executions/${site.id(0)}/cancel`)
        expect(answer).toMatchObject({ status: 200, value: { status: 'completed' } })
      }
      const list = async (): Promise<number> =>
        ((await ask(a.url, 'GET', '/v1/executions?limit=100')).value['executions'] as []).length
      await expect.poll(list, { timeout: 30_000 }).toBe(orders)
    },
    patience,
  )

  test(
    'one that stood still begins nothing for what others have taken, and takes its share again',
    async () => {
      const site = new Site(addresses)
      const [a, b] = await Promise.all([site.open(), site.open()])
      await shared([a, b], site.shards)
      const before = await placed(a)
      const ids = load(site, () => [a])
      await expect.poll(() => site.calls('pay').length, { timeout: 60_000 }).toBeGreaterThan(5)
      b.process.kill('SIGSTOP')
      await shared([a], site.shards)
      const taken = await placed(a)
      for (const id of await ids) await completed(a, id)
      const calls = site.calls('pay').length + site.calls('ship').length
      b.process.kill('SIGCONT')
      await shared([a, b], site.shards)
      expect(site.calls('pay').length + site.calls('ship').length).toBe(calls)
      expectNothingDoubled(site, await ids)
      const tokenOf = (from: typeof before, shard: number): number =>
        from.holds.find((hold) => hold.shard === shard)?.token ?? 0
      for (const { shard, instance, token } of before.holds)
        if (instance === b.name) expect(tokenOf(taken, shard)).toBeGreaterThan(token)
    },
    patience,
  )

  test(
    'a rolling restart under load completes everything',
    async () => {
      const site = new Site(addresses)
      const first = await Promise.all([site.open(), site.open(), site.open()])
      const running = new Set(first)
      await shared(first, site.shards)
      const ids = load(site, () => [...running])
      for (const one of first) {
        const next = await site.open()
        running.add(next)
        running.delete(one)
        one.process.kill('SIGTERM')
        const { code, stderr } = await one.process.ended
        expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' })
      }
      await shared([...running], site.shards)
      const [any] = running
      for (const id of await ids) await completed(any as Instance, id)
      expectNothingDoubled(site, await ids)
    },
    patience,
  )
})

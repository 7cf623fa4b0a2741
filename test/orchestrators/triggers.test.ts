import { afterEach, expect, onTestFinished, test, vi } from 'vitest'
import { systemClock as clock } from '../../src/core/clock.ts'
import { kafkaMesh, readBrokers } from '../../src/integrations/kafka/index.ts'
import { cleanUp } from '../cli-process.ts'
import { describeWithServices } from '../support/services.ts'
import { ask, completed, followed, placed, shared, Site } from './site.ts'

const patience = 240_000
const soon = { timeout: 60_000, interval: 300 }

afterEach(cleanUp)

await describeWithServices(
  'triggers at an orchestrator on Kafka',
  ['redis', 'temporal', 'kafka'],
  (addresses) => {
    test(
      'an anomaly that others report is known to what it starts, when it starts and later',
      async () => {
        const site = new Site(addresses)
        const one = await site.open()
        const source = `/${site.id(0)}`
        const name = site.id(1)
        const event = 'tda.anomaly.detected'
        const input = { severity: '${ tda.anomalySeverity }' }
        const triggers = [{ event, when: `event.source == '${source}'`, input }]
        const output = { severity: '${ input.severity }', windowId: '${ tda.windowId }' }
        const steps = { ship: { agent: 'ledger', action: 'ship', with: { order: 'all' } } }
        const document = { name, version: '1.0.0', triggers, steps, output }
        expect((await ask(one.url, 'POST', '/v1/workflows', document)).status).toBeLessThan(300)
        const mesh = await kafkaMesh({ brokers: readBrokers(addresses.kafka), clock })
        onTestFinished(() => mesh.close())
        const nowMs = clock.nowMs()
        await mesh.publish({
          id: 'a-1',
          source,
          type: event,
          time: null,
          subject: null,
          data: {
            windowId: name,
            source,
            t0Ms: nowMs - 60_000,
            t1Ms: nowMs,
            kind: 'levelShift',
            severity: 1,
            score: 9,
            threshold: 5,
          },
        })
        const started = await vi.waitFor(async () => {
          const { value } = await ask(one.url, 'GET', `/v1/executions?workflow=${name}`)
          const [found] = value['executions'] as readonly { readonly executionId: string }[]
          expect(found).toBeDefined()
          return found!.executionId
        }, soon)
        await completed(one, started)
        const { value } = await ask(one.url, 'GET', `/v1/executions/${started}`)
        expect(value['output']).toEqual({ severity: 1, windowId: name })
      },
      patience,
    )
  },
)

await describeWithServices('triggers at two orchestrators', ['redis', 'temporal'], (addresses) => {
  test(
    'what one has registered fires at any: an event once, a schedule as one of Temporal',
    async () => {
      const site = new Site(addresses)
      const [one, other] = await Promise.all([site.open(), site.open()])
      await shared([one, other], site.shards)
      const name = site.id(0)
      const event = 'orders.asked'
      const triggers = [
        { event, when: 'event.data.total > 10', input: { order: '${ event.data.total }' } },
        { schedule: '* * * * * *', input: { order: 'scheduled' } },
      ]
      const steps = {
        pay: { agent: 'ledger', action: 'ship', with: { order: '${ input.order }' } },
        go: { waitFor: { signal: 'go' }, needs: ['pay'] },
      }
      const document = { name, version: '1.0.0', triggers, steps }
      expect((await ask(one.url, 'POST', '/v1/workflows', document)).status).toBeLessThan(300)

      const send = (url: string, id: string, total: number) =>
        ask(url, 'POST', '/v1/events', {
          specversion: '1.0',
          id,
          source: '/shop',
          type: event,
          data: { total },
        })
      const [first, repeat, small] = [
        await send(other.url, 'a', 12),
        await send(one.url, 'a', 12),
        await send(one.url, 'b', 3),
      ]
      const ids = first.value['started'] as readonly string[]
      expect(ids).toEqual([expect.stringMatching(new RegExp(`^${name}\\.0\\.[0-9a-f]{16}$`))])
      expect([repeat.value, small.value]).toEqual([{ started: [] }, { started: [] }])

      const scheduled = await vi.waitFor(async () => {
        const { value } = await ask(one.url, 'GET', `/v1/executions?workflow=${name}`)
        const rows = value['executions'] as readonly { readonly executionId: string }[]
        const found = rows.map(({ executionId }) => executionId).filter((id) => !ids.includes(id))
        expect(found).toHaveLength(1)
        return found[0]!
      }, soon)
      expect(scheduled).toMatch(new RegExp(`^${name}\\.1\\.\\d{10}000$`))
      await vi.waitFor(
        async () => expect((await placed(one, scheduled)).execution?.instance).not.toBeNull(),
        soon,
      )
      // Whoever goes on after an event has to name one that is recorded.
      await vi.waitFor(async () => {
        const { value } = await ask(one.url, 'GET', `/v1/executions/${scheduled}`)
        expect(value['status']).toBe('waiting')
      }, soon)
      // A newer version without triggers ends them.
      const calm = { ...document, version: '1.1.0', triggers: [] }
      expect((await ask(other.url, 'POST', '/v1/workflows', calm)).status).toBeLessThan(300)
      const told = await Promise.all([
        followed(other, scheduled, {}),
        followed(one, scheduled, { 'last-event-id': '2' }),
      ])
      for (const id of [...ids, scheduled]) {
        await ask(other.url, 'POST', `/v1/executions/${id}/signal`, { name: 'go' })
        await completed(one, id)
      }
      const [whole, rest] = await Promise.all(told.map((answer) => answer.text()))
      const seqs = Array.from(whole!.matchAll(/^id: (\d+)$/gm), ([, seq]) => Number(seq))
      expect(seqs).toEqual(seqs.map((_, index) => index + 1))
      expect(whole).toMatch(/event: ExecutionCompleted[^]*event: end/)
      expect(rest!.match(/^id: .*$/m)?.[0]).toBe('id: 3')
      expect((await ask(one.url, 'GET', '/v1/events')).status).toBe(501)
      expect((await site.logs(scheduled)).map(({ seq }) => seq)).toEqual(seqs)
    },
    patience,
  )
})

import { randomBytes, randomUUID } from 'node:crypto'
import { Client, Connection } from '@temporalio/client'
import { expect, onTestFinished, test } from 'vitest'
import { aesGcmCodec } from '../../src/integrations/temporal/aes-gcm-codec.ts'
import { describeWithServices } from '../support/services.ts'

const patience = 30_000
const secret = 'the patient is called Ada'

await describeWithServices('payloads sealed for Temporal', ['temporal'], ({ temporal }) => {
  test(
    'the server keeps no plain value, and only who has the key reads one',
    async () => {
      const connection = await Connection.connect({ address: temporal })
      onTestFinished(() => connection.close())
      const clientWith = (key: Uint8Array) => {
        const codec = aesGcmCodec({ current: 'k', keys: new Map([['k', key]]) })
        return new Client({ connection, dataConverter: { payloadCodecs: [codec] } })
      }
      const client = clientWith(randomBytes(32))
      const workflowId = `sealed-${randomUUID()}`
      const handle = await client.workflow.start('nobodyRunsThis', {
        workflowId,
        taskQueue: workflowId,
        args: [{ note: secret }],
        memo: { note: secret },
      })
      onTestFinished(async () => void (await handle.terminate()))

      const { events } = await handle.fetchHistory()
      const started = events?.[0]?.workflowExecutionStartedEventAttributes
      const payloads = [...(started?.input?.payloads ?? []), started?.memo?.fields?.['note']]
      expect(payloads).toHaveLength(2)
      for (const payload of payloads) {
        expect(Buffer.from(payload?.metadata?.['encoding'] ?? []).toString()).toBe(
          'binary/encrypted',
        )
        expect(Buffer.from(payload?.data ?? []).includes(secret)).toBe(false)
      }
      expect((await handle.describe()).memo).toEqual({ note: secret })
      const stranger = clientWith(randomBytes(32)).workflow.getHandle(workflowId)
      await expect(stranger.describe()).rejects.toThrow("sealed with key 'k' cannot be opened")
    },
    patience,
  )
})

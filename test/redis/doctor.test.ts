import { afterEach, expect, onTestFinished, test } from 'vitest'
import { cleanUp, newFolder, startAura } from '../cli-process.ts'
import { RedisServer } from '../support/redis-server.ts'
import { describeWithServices } from '../support/services.ts'

afterEach(cleanUp)

async function doctor(
  url: string,
): Promise<{ readonly code: number | null; readonly redis: unknown }> {
  const words = ['doctor', '--json']
  const { code, stdout } = await startAura(newFolder(), words, { REDIS_URL: url }).ended
  const { checks } = JSON.parse(stdout) as { readonly checks: readonly { readonly name: string }[] }
  return { code, redis: checks.find(({ name }) => name === 'redis') }
}

test('doctor says that nothing listens where REDIS_URL says, and what to do', async () => {
  expect(await doctor('127.0.0.1:1')).toEqual({
    code: 3,
    redis: {
      name: 'redis',
      status: 'failed',
      detail: 'Redis at redis://127.0.0.1:1: nothing listens there',
      hint: expect.stringContaining('correct REDIS_URL'),
    },
  })
})

await describeWithServices('doctor asks Redis', ['redis'], ({ redis }) => {
  test('its version and how long it took to answer', async () => {
    expect(await doctor(redis)).toEqual({
      code: 0,
      redis: {
        name: 'redis',
        status: 'ok',
        detail: expect.stringMatching(/^\d+\.\d+\.\d+( cluster)? answers in \d+\.\d ms$/),
        hint: null,
      },
    })
  })

  test('one that would lose state is a fault', async () => {
    const server = await RedisServer.start({ appendonly: 'no' })
    onTestFinished(() => server.remove())
    const { code, redis: check } = await doctor(server.url)
    expect(code).toBe(3)
    expect(check).toMatchObject({
      status: 'failed',
      detail: expect.stringContaining('appendonly no'),
      hint: expect.stringContaining('config set appendonly yes'),
    })
  })
})

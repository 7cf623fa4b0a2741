import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { openRedis, redisAddress } from 'aura-orchestration/redis'
import { describe, expect, onTestFinished, test } from 'vitest'
import { RedisServer } from '../support/redis-server.ts'
import { describeWithServices } from '../support/services.ts'

describe('REDIS_URL', () => {
  test('takes a URL, and host:port without a scheme', () => {
    expect(redisAddress('redis.example:6380')).toEqual({
      url: 'redis://redis.example:6380',
      shown: 'redis://redis.example:6380',
    })
    expect(redisAddress('rediss://me:secret@h/2')).toEqual({
      url: 'rediss://me:secret@h:6379/2',
      shown: 'rediss://h:6379/2',
    })
    expect(redisAddress(' localhost ').shown).toBe('redis://localhost:6379')
    expect(redisAddress('[::1]:7000').shown).toBe('redis://[::1]:7000')
  })

  test.each(['', 'http://h:80', 'redis://', 'redis://h:port', 'redis://h/a/b', 'h:99999'])(
    "'%s' is refused with what to write instead",
    (text) => {
      expect(() => redisAddress(text)).toThrow(
        expect.objectContaining({
          code: 'UsageError',
          message: expect.stringContaining('REDIS_URL names no Redis'),
          hint: expect.stringContaining('redis://host:6379'),
        }),
      )
    },
  )
})

describe('what is no usable Redis is one readable error', () => {
  test('nothing listens', async () => {
    const port = await listen(() => {}, true)
    await expectRefused(`127.0.0.1:${port}`, 'nothing listens there', 'services:up redis')
  })

  test('no such host', async () => {
    await expectRefused('no-such-host.invalid:6379', 'there is no such host', 'REDIS_URL')
  })

  test('a web server', async () => {
    const port = await listen((socket) =>
      socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n'),
    )
    await expectRefused(`127.0.0.1:${port}`, 'does not speak the protocol', 'check host and port')
  })

  test('something that says nothing', async () => {
    const port = await listen(() => {})
    await expectRefused(`127.0.0.1:${port}`, 'no answer within 400 ms', 'may be no Redis')
  })

  test('something that hangs up', async () => {
    const port = await listen((socket) => socket.destroy())
    await expectRefused(`127.0.0.1:${port}`, 'does not speak the protocol', 'TLS')
  })

  test('a Redis of before 6', async () => {
    const port = await listen((socket) =>
      socket.write('-ERR unknown command `HELLO`\r\n'.repeat(3)),
    )
    await expectRefused(`127.0.0.1:${port}`, 'older than Redis 6', 'use Redis 7.0 or newer')
  })
})

await describeWithServices('a Redis that is set wrongly is refused', ['redis'], () => {
  test.each([
    [{ appendonly: 'no' }, 'appendonly no', 'config set appendonly yes'],
    [{ 'maxmemory-policy': 'allkeys-lru' }, 'maxmemory-policy allkeys-lru', 'noeviction'],
    [{ requirepass: 'right' }, 'refuses the user or the password', 'user:password@'],
  ])('%o', async (options, message, hint) => {
    const server = await start(options)
    await expectRefused(server.url, message, hint)
  })

  test('a wrong password, which no message repeats; the right one is taken', async () => {
    const server = await start({ requirepass: 'right' })
    const error = await expectRefused(
      `redis://:wrong-secret@127.0.0.1:${server.port}`,
      'refuses the user or the password',
      'redis://user:password@host:6379',
    )
    expect(JSON.stringify(error)).not.toContain('wrong-secret')
    const opened = await openRedis({ url: `redis://:right@127.0.0.1:${server.port}` })
    expect(opened.facts).toMatchObject({ isAppendOnly: true, maxmemoryPolicy: 'noeviction' })
    await opened.close()
  })

  test('a replica', async () => {
    const server = await start({})
    await server.cli('replicaof', '127.0.0.1', '1')
    await expectRefused(server.url, 'is a replica', 'primary')
  })
})

async function start(options: Readonly<Record<string, string>>): Promise<RedisServer> {
  const server = await RedisServer.start(options)
  onTestFinished(() => server.remove())
  return server
}

/** Opens a port that does that with every connection; or closes it again and gives its number. */
async function listen(each: (socket: Socket) => unknown, isClosed = false): Promise<number> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => socket.destroy()))
    socket.once('data', () => each(socket))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const close = (): void => {
    for (const socket of sockets) socket.destroy()
    server.close()
  }
  const { port } = server.address() as AddressInfo
  if (isClosed) close()
  else onTestFinished(close)
  return port
}

async function expectRefused(url: string, message: string, hint: string): Promise<unknown> {
  const error: unknown = await openRedis({ url, connectMsMax: 400 }).then(
    () => expect.fail('it was opened'),
    (thrown: unknown) => thrown,
  )
  expect(error).toMatchObject({
    code: 'StorageError',
    message: expect.stringContaining(message),
    hint: expect.stringContaining(hint),
  })
  expect((error as Error).message).toContain(redisAddress(url).shown)
  return error
}

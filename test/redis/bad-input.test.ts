import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { openRedis, redisAddress } from 'aura-orchestration/redis'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type ErrorJson, toErrorJson } from '../../src/core/errors.ts'
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
    expect(await refusal(`127.0.0.1:${port}`)).toEqual(
      saying('nothing listens there', 'services:up redis'),
    )
  })

  test('no such host', async () => {
    expect(await refusal('no-such-host.invalid:6379')).toEqual(
      saying('there is no such host', 'REDIS_URL'),
    )
  })

  test('a web server', async () => {
    const port = await listen((socket) =>
      socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n'),
    )
    expect(await refusal(`127.0.0.1:${port}`)).toEqual(
      saying('does not speak the protocol', 'check host and port'),
    )
  })

  test('something that says nothing', async () => {
    const port = await listen(() => {})
    expect(await refusal(`127.0.0.1:${port}`)).toEqual(
      saying('no answer within 400 ms', 'may be no Redis'),
    )
  })

  test('something that hangs up', async () => {
    const port = await listen((socket) => socket.destroy())
    expect(await refusal(`127.0.0.1:${port}`)).toEqual(saying('does not speak the protocol', 'TLS'))
  })

  test('a Redis of before 6', async () => {
    const port = await listen((socket) =>
      socket.write('-ERR unknown command `HELLO`\r\n'.repeat(3)),
    )
    expect(await refusal(`127.0.0.1:${port}`)).toEqual(
      saying('older than Redis 6', 'use Redis 7.0 or newer'),
    )
  })
})

await describeWithServices('a Redis that is set wrongly is refused', ['redis'], () => {
  test.each([
    [{ appendonly: 'no' }, 'appendonly no', 'config set appendonly yes'],
    [{ 'maxmemory-policy': 'allkeys-lru' }, 'maxmemory-policy allkeys-lru', 'noeviction'],
    [{ requirepass: 'right' }, 'refuses the user or the password', 'user:password@'],
  ])('%o', async (options, message, hint) => {
    const server = await start(options)
    expect(await refusal(server.url)).toEqual(saying(message, hint))
  })

  test('a wrong password, which no message repeats; the right one is taken', async () => {
    const server = await start({ requirepass: 'right' })
    const error = await refusal(`redis://:wrong-secret@127.0.0.1:${server.port}`)
    expect(error).toEqual(
      saying('refuses the user or the password', 'redis://user:password@host:6379'),
    )
    expect(JSON.stringify(error)).not.toContain('wrong-secret')
    const opened = await openRedis({ url: `redis://:right@127.0.0.1:${server.port}` })
    expect(opened.facts).toMatchObject({ isAppendOnly: true, maxmemoryPolicy: 'noeviction' })
    await opened.close()
  })

  test('a replica', async () => {
    const server = await start({})
    await server.cli('replicaof', '127.0.0.1', '1')
    expect(await refusal(server.url)).toEqual(saying('is a replica', 'primary'))
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

/** The error of opening it, as JSON. */
async function refusal(url: string): Promise<ErrorJson> {
  const opened = openRedis({ url, connectMsMax: 400 }).then(() => expect.fail('it was opened'))
  const error = toErrorJson(await opened.catch((thrown: unknown) => thrown))
  expect(error.message).toContain(redisAddress(url).shown)
  return error
}

function saying(message: string, hint: string): unknown {
  return expect.objectContaining({
    code: 'StorageError',
    message: expect.stringContaining(message),
    hint: expect.stringContaining(hint),
  })
}

import fc from 'fast-check'
import { expect, test, vi } from 'vitest'
import { systemClock } from '../core/clock.ts'
import type { LogFields } from '../core/logger.ts'
import { createLogger } from './logger.ts'
import type { LoggerOptions } from './logger.ts'

const clock = { ...systemClock, nowMs: () => Date.UTC(2026, 0, 2, 3, 4, 5, 678) }

const line = (message: string) => ({ level: 'info', time: '2026-01-02T03:04:05.678Z', message })

function capture(options: LoggerOptions = {}) {
  const written: string[] = []
  const stream = { write: (text: string) => written.push(text), ...options.stream }
  const logger = createLogger({ clock, ...options, stream })
  const entries = () => written.map((text) => JSON.parse(text) as Record<string, unknown>)
  return { logger, written, entries }
}

test('a line is one JSON object with level, time, message and the fields', () => {
  const { logger, written, entries } = capture()
  logger.log('warn', 'the agent is slow', { stepId: 'analyse', waitedMs: 4_200, index: null })
  expect(written[0]).toMatch(/^[^\n]+\n$/)
  expect(entries()).toEqual([
    {
      level: 'warn',
      time: '2026-01-02T03:04:05.678Z',
      message: 'the agent is slow',
      stepId: 'analyse',
      waitedMs: 4_200,
      index: null,
    },
  ])
})

test('bound fields are on every line, and the nearest of the same name wins', () => {
  const { logger, entries, written } = capture()
  const execution = logger.with({ executionId: 'inc-1', traceId: 'ab', attempt: 1 })
  execution.with({ attempt: 2 }).log('info', 'again', { stepId: 'decide' })
  execution.log('info', 'once')
  logger.log('info', 'none')
  expect(entries()).toEqual([
    { ...line('again'), executionId: 'inc-1', traceId: 'ab', attempt: 2, stepId: 'decide' },
    { ...line('once'), executionId: 'inc-1', traceId: 'ab', attempt: 1 },
    line('none'),
  ])
  expect(written[0]?.match(/"attempt"/g)).toHaveLength(1)
})

test.each([
  ['debug', ['debug', 'info', 'warn', 'error']],
  ['warn', ['warn', 'error']],
] as const)('at level %s only lines from there up are written', (level, kept) => {
  const { logger, entries } = capture({ level })
  for (const each of ['debug', 'info', 'warn', 'error'] as const) logger.log(each, 'x')
  expect(entries().map((entry) => entry.level)).toEqual(kept)
})

test('info is the level when none is given', () => {
  const { logger, written } = capture()
  logger.log('debug', 'x')
  expect(written).toEqual([])
})

test.each([
  'authorization',
  'Authorization',
  'password',
  'dbPassword',
  'token',
  'access_token',
  'apiKey',
  'X-API-Key',
  'client_secret',
  'set-cookie',
  'privateKey',
])('the value of %s is redacted at any depth, bound or not', (key) => {
  const { logger, written } = capture()
  const secret = 'hunter2-hunter2'
  logger.with({ [key]: secret }).log('info', 'x', { request: { headers: [{ [key]: secret }] } })
  logger.log('info', 'y', { [key]: { nested: secret } })
  expect(written.join('')).not.toContain(secret)
  expect(written.join('').match(/\[redacted\]/g)).toHaveLength(3)
})

test('counts of tokens and idempotency keys are no secrets', () => {
  const { logger, entries } = capture()
  const fields = {
    tokens: 512,
    idempotencyKey: 'inc-1/a/1',
    tokenCount: 3,
    key: 'k',
    password: null,
  }
  logger.log('info', 'x', fields)
  expect(entries()[0]).toMatchObject(fields)
})

test('bearer tokens and passwords in addresses are taken out of text', () => {
  const { logger, entries } = capture()
  const text = 'sent Bearer abcdefghijklmnop1234 to redis://user:hunter2@host:6379/0'
  logger.log('info', text, { note: text })
  const clean = 'sent Bearer [redacted] to redis://[redacted]@host:6379/0'
  expect(entries()[0]).toMatchObject({ message: clean, note: clean })
})

test('fields named like those of the line itself do not overwrite them', () => {
  const { logger, entries } = capture()
  logger.log('error', 'real', { level: 'info', message: 'fake', time: 0 })
  expect(entries()[0]).toMatchObject({
    level: 'error',
    message: 'real',
    _level: 'info',
    _message: 'fake',
    _time: 0,
  })
})

test('every set of fields gives one parseable line', () => {
  const fields = fc.dictionary(fc.string(), fc.jsonValue())
  fc.assert(
    fc.property(fc.string(), fields, (message, given) => {
      const { logger, written, entries } = capture()
      logger.log('info', message, given as LogFields)
      expect(written[0]?.split('\n')).toHaveLength(2)
      expect(entries()[0]).toMatchObject({ level: 'info' })
    }),
  )
})

test('what JSON cannot say is written as something near and never throws', () => {
  const { logger, entries } = capture()
  const circular: Record<string, unknown> = { big: 10n, bad: new Error('no'), when: new Date(0) }
  circular.self = [circular]
  circular.nan = Number.NaN
  logger.log('info', 'x', { circular } as unknown as LogFields)
  expect(entries()[0]?.circular).toMatchObject({
    big: '10',
    bad: { name: 'Error', message: 'no' },
    when: '1970-01-01T00:00:00.000Z',
    nan: 'NaN',
  })
})

test('a huge field does not make a huge line', () => {
  const { logger, written } = capture()
  logger.log('info', 'x', { text: 'a'.repeat(1e6), list: Array.from({ length: 1e5 }, () => 1) })
  expect(written[0]?.length).toBeLessThan(20_000)
})

test('on a terminal a line is for a person', () => {
  const stream = { isTTY: true } as never
  const { logger, written } = capture({ stream })
  logger.log('warn', 'the agent is slow', {
    stepId: 'analyse',
    note: 'two words',
    n: 1,
    token: 'x',
  })
  expect(written).toEqual([
    '03:04:05.678 WARN  the agent is slow stepId=analyse note="two words" n=1 token=[redacted]\n',
  ])
})

test('colour is used only where the terminal has it', () => {
  const withColour = capture({ stream: { isTTY: true, hasColors: () => true } as never })
  withColour.logger.log('error', 'x')
  expect(withColour.written[0]).toBe('03:04:05.678 \u001B[31mERROR\u001B[39m x\n')
  const without = capture({ pretty: true, stream: { hasColors: () => true } as never })
  without.logger.log('error', 'x')
  expect(without.written[0]).toBe('03:04:05.678 ERROR x\n')
})

test('text of an agent can neither break a line for a person nor steer the terminal', () => {
  const { logger, written } = capture({ pretty: true })
  logger.log('info', 'a\nb\u001B[2Jc', { 'k\r': 'd\u009B1me' })
  expect(written).toEqual(['03:04:05.678 INFO  a\\nb\\u001b[2Jc k\\u000d=d\\u009b1me\n'])
})

test('lines go to standard error when no stream is given', () => {
  const write = vi.spyOn(process.stderr, 'write').mockReturnValue(true)
  createLogger({ pretty: false }).log('error', 'to stderr')
  const lines = write.mock.calls.map(([text]) => String(text))
  write.mockRestore()
  expect(lines.map((text) => JSON.parse(text).message)).toEqual(['to stderr'])
})

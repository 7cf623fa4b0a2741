import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { isOrchestrationError } from '../../core/errors.ts'
import type { CommandContext } from '../command-context.ts'
import { configKeys } from './config-keys.ts'
import { readSettings, type ServeOptions, withSettings } from './settings.ts'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'aura-settings-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const write = (file: string, text: string): void => writeFileSync(join(folder, file), text)

function contextOf(env: Record<string, string> = {}): CommandContext {
  const databasePath = join(folder, 'aura.db')
  return {
    cwd: folder,
    env,
    databasePath,
    temporal: null,
    placeArgument: '',
  } as unknown as CommandContext
}

async function refusal(
  env: Record<string, string> = {},
  options: ServeOptions = {},
): Promise<{ readonly message: string; readonly problems: readonly object[] }> {
  try {
    await readSettings(contextOf(env), options)
  } catch (thrown) {
    if (!isOrchestrationError(thrown) || thrown.code !== 'UsageError') throw thrown
    const problems = (thrown.details?.['problems'] ?? []) as readonly object[]
    return { message: `${thrown.message} ${thrown.hint}`, problems }
  }
  throw new Error('it was not refused')
}

test('a flag wins over the environment, that over the file, and that over the default', async () => {
  write('aura.config.yaml', 'port: 9000\nhost: 127.0.0.2\nplacement: { shards: 24, lease: 7s }\n')
  const env = { AURA_HOST: '127.0.0.3', AURA_SHARDS: '6', AURA_PORT: '9001' }
  const settings = await readSettings(contextOf(env), { port: '9002' })
  expect(settings).toMatchObject({
    port: 9_002,
    host: '127.0.0.3',
    placement: { shards: 6, leaseMs: 7_000 },
    logLevel: 'info',
  })
  const sources = settings.list.map(({ key, source, from }) => [key, source, from])
  expect(sources).toContainEqual(['port', 'flag', '--port'])
  expect(sources).toContainEqual(['host', 'env', 'AURA_HOST'])
  expect(sources).toContainEqual(['placement.lease', 'file', 'aura.config.yaml'])
  expect(sources).toContainEqual(['logLevel', 'default', null])
})

test('the file may be a module, and whatever reads a variable finds what it says', async () => {
  const type = 'import type { Server } from "node:net"\n'
  const body = `{ redis: { url: 'redis://a:6379' }, agents: ['a.ts'], limits: { openExecutionsMax: 5 } }`
  write('aura.config.ts', `${type}const none: Server | null = null\nexport default ${body}\n`)
  const context = contextOf({ KAFKA_BROKERS: 'b:9092' })
  const settings = await readSettings(context)
  expect(settings).toMatchObject({
    agents: [join(folder, 'a.ts')],
    limits: { openExecutionsMax: 5 },
  })
  expect(withSettings(context, settings).env).toMatchObject({
    REDIS_URL: 'redis://a:6379',
    KAFKA_BROKERS: 'b:9092',
  })
})

test('every problem of a YAML file is told with its place and what to write', async () => {
  write(
    'my.yaml',
    'prot: 1\nlimits:\n  openExecutionMax: 5\nplacement:\n  shards: many\nredis: 7\n',
  )
  const { problems } = await refusal({}, { config: 'my.yaml' })
  expect(problems).toMatchObject([
    { file: 'my.yaml', line: 1, column: 1, hint: "did you mean 'port'?" },
    { line: 3, column: 3, hint: "did you mean 'openExecutionsMax'?" },
    { line: 5, column: 11, found: '"many"', expected: 'a whole number from 1 to 1024' },
    { line: 6, column: 1, message: 'redis is no map' },
  ])
})

test('a module is checked alike, and one that throws or exports nothing is refused', async () => {
  write('a.ts', 'export default { prot: 1, logLevel: "loud" }\n')
  expect((await refusal({}, { config: 'a.ts' })).problems).toMatchObject([
    { line: null, message: "there is no key 'prot'" },
    { path: 'logLevel', expected: 'debug, info, warn or error' },
  ])
  write('b.ts', 'throw new Error("no wifi")\n')
  expect((await refusal({}, { config: 'b.ts' })).message).toContain('no wifi')
  write('c.ts', 'export const port = 1\n')
  expect((await refusal({}, { config: 'c.ts' })).message).toContain('export default')
  expect((await refusal({ AURA_CONFIG: 'nowhere.yaml' })).message).toContain('nowhere.yaml')
})

test('two files of a folder are refused, unless one is named', async () => {
  write('aura.config.yaml', 'port: 1\n')
  write('aura.config.json', '{ "port": 2 }')
  expect((await refusal()).message).toContain('aura.config.yaml and aura.config.json')
  expect(await readSettings(contextOf(), { config: 'aura.config.json' })).toMatchObject({ port: 2 })
})

test('a secret is in no message', async () => {
  expect((await refusal({ AURA_TOKEN: 'sesame' })).message).not.toContain('sesame')
  write('s.yaml', 'token: sesame\n')
  expect(JSON.stringify(await refusal({}, { config: 's.yaml' }))).not.toContain('sesame')
})

test('every key has a variable of its own, a valid default, and refuses nonsense or takes it as text', () => {
  const variables = configKeys.map(({ env }) => env)
  expect(new Set(variables).size).toBe(configKeys.length)
  for (const { key, kind, defaultValue } of configKeys)
    expect([key, kind.isValid(defaultValue)]).toEqual([key, true])
  const text = fc.oneof(fc.string(), fc.integer().map(String))
  fc.assert(
    fc.property(fc.constantFrom(...configKeys), text, ({ kind }, given) => {
      const read = kind.fromText(given)
      // A number that is out of bounds is refused as such.
      const isKept = read === given || typeof read === 'number' || Array.isArray(read)
      expect(kind.isValid(read) || isKept).toBe(true)
    }),
  )
})

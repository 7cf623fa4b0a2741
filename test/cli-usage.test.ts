import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { aura, auraJson, cleanUp, newFolder } from './cli-process.ts'

afterEach(cleanUp)

interface ErrorAnswer {
  readonly error: {
    code: string
    message: string
    retryable: boolean
    hint: string | null
    details: unknown
  }
}

test('help and version go to stdout and exit 0', async () => {
  const folder = newFolder()
  const [help, verbHelp, version] = await Promise.all([
    aura(folder, '--help'),
    aura(folder, 'run', '--help'),
    aura(folder, '--version'),
  ])
  expect(help).toMatchObject({ code: 0, stderr: '' })
  const verbs =
    'run validate graph ls show logs top pause resume cancel signal resolve checkpoint rollback fork serve config check init event dlq agents tda doctor'
  for (const verb of verbs.split(' ')) expect(help.stdout).toContain(`  ${verb}`)
  expect(verbHelp).toMatchObject({ code: 0, stderr: '' })
  expect(verbHelp.stdout).toContain('--input <key=value>')
  expect(verbHelp.stdout).toContain('--db <path>')
  expect(version.stdout).toMatch(/^\d+\.\d+\.\d+\n$/)
})

test('a verb that there is not is refused with the nearest one', async () => {
  const { code, stdout, stderr } = await aura(newFolder(), 'vaildate', 'x.yaml')
  expect(code).toBe(2)
  expect(stdout).toBe('')
  expect(stderr).toContain("did you mean 'validate'?")
})

test('wrong usage is exit 2, and with --json one error document', async () => {
  const folder = newFolder()
  const cases = [
    [],
    ['run'],
    ['run', 'a.yaml', '--inptu', 'x=1'],
    ['ls', '--status', 'finished'],
    ['graph', 'a.yaml', '--format', 'png'],
    ['run', 'a.yaml', '--engine', 'magic'],
    ['signal', 'x'],
    ['tda'],
    ['rollback', 'x'],
    ['fork', 'x'],
    ['dlq'],
    ['event'],
    ['event', 'a', '--data', 'no json'],
    ['serve', '--port', '99999'],
  ]
  const answers = await Promise.all(cases.map((words) => auraJson<ErrorAnswer>(folder, ...words)))
  for (const { code, value } of answers) {
    expect(code).toBe(2)
    expect(Object.keys(value)).toEqual(['error'])
    expect(Object.keys(value.error)).toEqual(['code', 'message', 'retryable', 'hint', 'details'])
    expect(value.error.code).toBe('UsageError')
  }
  expect(answers[2]?.value.error.hint).toBe("did you mean '--input'?")
})

test('verbs of later releases are refused with "not yet"', async () => {
  const folder = newFolder()
  const cases = [
    ['audit', 'verify'],
    ['kubeflow', 'export'],
  ]
  for (const answer of await Promise.all(cases.map((words) => aura(folder, ...words)))) {
    expect(answer.code).toBe(2)
    expect(answer.stderr).toContain('not yet')
  }
})

test('looking into a file that is not there finds nothing and makes nothing', async () => {
  const folder = newFolder()
  const [list, show, logs, pause] = await Promise.all([
    auraJson(folder, 'ls'),
    auraJson<ErrorAnswer>(folder, 'show', 'x'),
    auraJson<ErrorAnswer>(folder, 'logs', 'x'),
    auraJson<ErrorAnswer>(folder, 'pause', 'x'),
  ])
  expect(list).toMatchObject({ code: 0, value: { executions: [] } })
  for (const { code, value } of [show, logs, pause]) {
    expect(code).toBe(2)
    expect(value.error.code).toBe('NotFoundError')
  }
  expect(
    (await auraJson<{ checks: { name: string; detail: string }[] }>(folder, 'doctor')).value.checks,
  ).toContainEqual(
    expect.objectContaining({ name: 'file', detail: expect.stringContaining('not there yet') }),
  )
})

test('the file is --db, else AURA_DB, else .aura/aura.db', async () => {
  const folder = newFolder()
  writeFileSync(join(folder, 'a.yaml'), 'name: a\nversion: 1.0.0\nsteps: { s: { sleep: 1ms } }\n')
  await aura(folder, 'run', 'a.yaml', '--id', 'in-default')
  await aura(folder, 'run', 'a.yaml', '--id', 'in-other', '--db', 'other.db')
  const ids = async (...words: string[]): Promise<string[]> =>
    (
      await auraJson<{ executions: { executionId: string }[] }>(folder, 'ls', ...words)
    ).value.executions.map((row) => row.executionId)
  expect(await ids()).toEqual(['in-default'])
  expect(await ids('--db', 'other.db')).toEqual(['in-other'])
  expect(await ids('--db', join('.aura', 'aura.db'))).toEqual(['in-default'])
})

test('doctor says what is in reach, and exits 3 for a file that is none', async () => {
  const folder = newFolder()
  writeFileSync(join(folder, 'broken.db'), 'this is text and no database, as anybody can see')
  const good = await auraJson<{ ok: boolean; checks: { name: string; status: string }[] }>(
    folder,
    'doctor',
  )
  expect(good.code).toBe(0)
  expect(good.value.ok).toBe(true)
  expect(good.value.checks.map(({ name, status }) => `${name} ${status}`)).toEqual([
    'node ok',
    'sqlite ok',
    'file ok',
    'owner ok',
    'disk ok',
    'temporal notConfigured',
    'kafka notConfigured',
    'redis notConfigured',
    'ray notConfigured',
    'openfeature notConfigured',
  ])
  for (const path of ['broken.db', 'broken.db/aura.db']) {
    const bad = await auraJson<{ ok: boolean }>(folder, 'doctor', '--db', path)
    expect(bad).toMatchObject({ code: 3, value: { ok: false } })
  }
})

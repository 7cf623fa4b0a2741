import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import type { Logger } from '../../core/logger.ts'
import { FakeTime } from '../../testing/fake-clock.ts'
import { EnvironmentFlags } from './environment-flags.ts'
import { FileFlags } from './file-flags.ts'
import { combineFlags, decideFlags, rolloutPlace } from './flag-rules.ts'

const ofFlow = (workflow: string, executionId = 'e') => ({ executionId, workflow })
const any = ofFlow('w')

const folders: string[] = []
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true })
})

/** A flags file, what was logged about it, and time. */
function stage(text: string, name = 'flags.yaml') {
  const folder = mkdtempSync(join(tmpdir(), 'flags-'))
  folders.push(folder)
  const path = join(folder, name)
  writeFileSync(path, text)
  const time = new FakeTime()
  const logged: string[] = []
  const logger: Logger = {
    log: (level, message) => void logged.push(`${level}: ${message}`),
    with: () => logger,
  }
  return { path, time, logged, open: () => new FileFlags({ path, clock: time.newLife(), logger }) }
}

test('variables turn flags on and off, and what is not set is unknown and off', () => {
  const flags = new EnvironmentFlags({
    AURA_FLAG_INCIDENT_RESPONSE: 'on',
    AURA_FLAG_A: 'TRUE',
    AURA_FLAG_B: '1',
    AURA_FLAG_C: 'off',
    AURA_FLAG_D: 'False',
    AURA_FLAG_V2_BETA: '0',
    AURA_FLAG_UNSET: undefined,
    AURA_DB: 'nonsense',
  })
  const decided = ['incident-response', 'a', 'b', 'c', 'd', 'v2.beta', 'unset', 'db'].map((flag) =>
    flags.decide(flag),
  )
  expect(decided).toEqual([true, true, true, false, false, false, undefined, undefined])
  expect([flags.isOn('a'), flags.isOn('unset')]).toEqual([true, false])
})

test('every variable with another value is named when flags are read', () => {
  expect(
    () => new EnvironmentFlags({ AURA_FLAG_A: 'yes', AURA_FLAG_B: 'on', AURA_FLAG_C: '' }),
  ).toThrow(
    expect.objectContaining({
      code: 'InputError',
      message: "no value of a feature flag: AURA_FLAG_A='yes', AURA_FLAG_C=''",
    }),
  )
})

test('a file turns flags on for workflows and for a share of the executions', () => {
  const flags = stage(
    `plain: true
dark: false
named: { on: true, workflows: [w, x] }
stopped: { on: false, workflows: [w] }
none: { on: true, percent: 0 }
every: { on: true, percent: 100 }
`,
  ).open()
  const on = (flag: string, workflow = 'w') => flags.decide(flag, ofFlow(workflow))
  expect([on('plain'), on('dark'), on('named'), on('named', 'y'), on('stopped')]).toEqual([
    true,
    false,
    true,
    false,
    false,
  ])
  expect([on('none'), on('every'), on('unknown'), on('constructor')]).toEqual([
    false,
    true,
    undefined,
    undefined,
  ])
  expect(flags.isOn('unknown', any)).toBe(false)
})

test('a share takes about that many executions, always the same, and another flag takes others', () => {
  const flags = stage('{ "a": { "on": true, "percent": 20 } }', 'flags.json').open()
  const ids = Array.from({ length: 5_000 }, (_, i) => `incident-${i}`)
  const taken = ids.filter((id) => flags.isOn('a', ofFlow('w', id)))
  expect(taken.length).toBeGreaterThan(900)
  expect(taken.length).toBeLessThan(1_100)
  expect(ids.filter((id) => flags.isOn('a', ofFlow('v', id)))).toEqual(taken)
  const both = taken.filter((id) => rolloutPlace('b', id) < 20).length
  expect(both).toBeGreaterThan(120)
  expect(both).toBeLessThan(280)
})

test('a changed file is read again after a second, also one that was replaced by another', () => {
  const { path, time, logged, open } = stage('a: true')
  const flags = open()
  writeFileSync(path, 'a: false')
  expect(flags.isOn('a', any)).toBe(true)
  time.pass(999)
  expect(flags.isOn('a', any)).toBe(true)
  time.pass(1)
  expect(flags.isOn('a', any)).toBe(false)
  writeFileSync(`${path}.new`, 'a: true ')
  renameSync(`${path}.new`, path)
  time.pass(1_000)
  expect(flags.isOn('a', any)).toBe(true)
  time.pass(5_000)
  expect(flags.isOn('a', any)).toBe(true)
  expect(logged).toHaveLength(2)
})

test('a new version that cannot be read leaves the old one in force and is logged once', () => {
  const { path, time, logged, open } = stage('a: true')
  const flags = open()
  for (const bad of ['a: [', 'a: maybe', 'a: { on: true, percent: 101 }', '- a', null]) {
    if (bad === null) rmSync(path)
    else writeFileSync(path, bad)
    for (let twice = 0; twice < 2; twice++) {
      time.pass(1_000)
      expect(flags.isOn('a', any)).toBe(true)
    }
  }
  expect(logged).toHaveLength(5)
  expect(new Set(logged).size).toBe(1)
  writeFileSync(path, 'b: true')
  time.pass(1_000)
  expect([flags.isOn('a', any), flags.isOn('b', any)]).toEqual([false, true])
})

test.each([
  ['a: maybe', "flag 'a'"],
  ['a: { on: true, persent: 5 }', "flag 'a'"],
  ['a: { percent: 5 }', "flag 'a'"],
  ['[a]', 'the file'],
  ['a: true\na: false', 'unique'],
  ['a: true\n---\nb: true', 'multiple documents'],
  [`a: "${'x'.repeat(1_100_000)}"`, 'flagsFileBytesMax'],
])('a file that cannot be read as flags is refused at once, with the reason', (text, reason) => {
  const { open, path } = stage(text)
  expect(open).toThrow(
    expect.objectContaining({ code: 'InputError', message: expect.stringContaining(reason) }),
  )
  expect(open).toThrow(path)
})

test('a file that is not there is refused, and an empty one knows no flag', () => {
  const { open, path } = stage('# nothing yet')
  expect(open().decide('a', any)).toBe(undefined)
  rmSync(path)
  expect(open).toThrow('ENOENT')
})

test('the environment goes before the file, and decisions name every flag that was asked', () => {
  const file = stage('a: true\nb: true').open()
  const flags = combineFlags(new EnvironmentFlags({ AURA_FLAG_A: 'off' }), file)
  const asked = ['a', 'b', 'c']
  expect(decideFlags(flags, asked, any)).toEqual({ a: false, b: true, c: false })
  expect(decideFlags(null, asked, any)).toEqual({ a: true, b: true, c: true })
  expect(flags.decide('c', any)).toBe(undefined)
})

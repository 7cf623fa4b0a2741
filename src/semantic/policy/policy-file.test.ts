import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Clock } from '../../core/clock.ts'
import type { Logger } from '../../core/logger.ts'
import { quietFacts } from './policy.ts'
import { PolicyFile } from './policy-file.ts'

let folder: string
let nowMs = 0
const logged: string[] = []
const clock: Clock = {
  nowMs: () => nowMs,
  monotonicMs: () => nowMs,
  after: () => () => {},
  atTurnEnd: () => {},
}
const logger: Logger = {
  log: (level, message) => void logged.push(`${level}: ${message}`),
  with: () => logger,
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'aura-policy-'))
  nowMs = 0
  logged.length = 0
})
afterEach(() => rmSync(folder, { recursive: true }))

const path = () => join(folder, 'policy.yaml')
const write = (version: string, tokens: number | string) =>
  writeFileSync(
    path(),
    `name: p\nversion: ${version}\nrules:\n  - { id: a, then: { budget: { tokens: ${tokens} } } }\n`,
  )

test('a changed file is in force from the next question after a second on', () => {
  write('1.0.0', 5)
  const file = new PolicyFile({ path: path(), clock, logger })
  write('1.1.0', 100)
  expect(file.decide(quietFacts)?.version).toBe('1.0.0')
  nowMs += 1_000
  expect(file.decide(quietFacts)).toMatchObject({
    version: '1.1.0',
    values: { budget: { tokens: 100 } },
  })
  expect(logged).toEqual(['info: policy p 1.1.0 is in force'])
})

test('a bad new file is refused loudly and once, and the old one stays in force', () => {
  write('1.0.0', 5)
  const file = new PolicyFile({ path: path(), clock, logger })
  write('1.1.0', 'many')
  for (let round = 0; round < 3; round++) {
    nowMs += 1_000
    expect(file.decide(quietFacts)?.version).toBe('1.0.0')
  }
  expect(logged).toEqual(['error: policy p 1.0.0 stays in force: the new file is refused'])
  expect(() => file.reload()).toThrow(expect.objectContaining({ code: 'DocumentError' }) as Error)
  expect(file.policy.version).toBe('1.0.0')
})

test('a file that vanishes leaves its policy in force', () => {
  write('1.0.0', 5)
  const file = new PolicyFile({ path: path(), clock, logger })
  rmSync(path())
  nowMs += 1_000
  expect(file.decide(quietFacts)?.version).toBe('1.0.0')
  expect(logged).toHaveLength(1)
})

test('a file that is not there is an input error', () => {
  expect(() => new PolicyFile({ path: path(), clock, logger })).toThrow(
    expect.objectContaining({ code: 'InputError' }) as Error,
  )
})

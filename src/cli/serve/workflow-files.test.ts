import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { isOrchestrationError } from '../../core/errors.ts'
import { readWorkflowFiles } from './workflow-files.ts'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'aura-files-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const nobody = { names: [], actionsOf: () => undefined, level: 'warning' } as const
const write = (file: string, text: string): void => writeFileSync(join(folder, file), text)
const named = (name: string): string =>
  `name: ${name}\nversion: 1.0.0\nsteps: { nap: { sleep: 1ms } }\n`

test('a folder gives the documents in it, and passes over files that are none', () => {
  write('b.yaml', named('b'))
  write('a.json', JSON.stringify({ name: 'a', version: '1.0.0', steps: { nap: { sleep: '1ms' } } }))
  write('settings.yaml', 'port: 0\n')
  write('package.json', '{ "name": "x" }')
  write('notes.txt', 'steps: many')
  mkdirSync(join(folder, 'below'))
  write('below/c.yaml', named('c'))
  const files = readWorkflowFiles([folder], folder, nobody)
  expect(files.documents.map(({ file, data }) => `${file} ${data.name}`)).toEqual([
    'a.json a',
    'b.yaml b',
  ])
  expect(files.skipped).toEqual(['package.json', 'settings.yaml'])
})

test('a file that is named twice is read once', () => {
  write('a.yaml', named('a'))
  const files = readWorkflowFiles([folder, 'a.yaml', './a.yaml'], folder, nobody)
  expect(files.documents).toHaveLength(1)
})

test('an unknown agent is a warning: what it is needed for waits', () => {
  write('a.yaml', 'name: a\nversion: 1.0.0\nsteps: { s: { agent: x, action: y } }\n')
  const { documents, warnings } = readWorkflowFiles(['a.yaml'], folder, nobody)
  expect(documents).toHaveLength(1)
  expect(warnings).toMatchObject([{ message: "there is no agent 'x'", level: 'warning' }])
})

test('the problems of all files are reported at once', () => {
  write('a.yaml', named('A b'))
  write('b.yaml', 'name: b\nversion: 1.0.0\nsteps: { s: { slep: 1ms } }\n')
  let thrown: unknown
  try {
    readWorkflowFiles(['a.yaml', 'b.yaml'], folder, nobody)
  } catch (error) {
    thrown = error
  }
  if (!isOrchestrationError(thrown)) throw new Error('it was not refused')
  expect(thrown.code).toBe('DocumentError')
  const problems = thrown.details?.problems as readonly { readonly file: string }[]
  expect(new Set(problems.map(({ file }) => file))).toEqual(new Set(['a.yaml', 'b.yaml']))
  expect(() => readWorkflowFiles(['c.yaml'], folder, nobody)).toThrow('c.yaml')
})

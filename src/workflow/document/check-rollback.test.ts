import { expect, test } from 'vitest'
import { readDocument } from './read.ts'
import type { ReadResult } from './read.ts'

/** The reading of a document with these lines after its two steps; they begin at line 6. */
function read(...lines: readonly string[]): ReadResult {
  const text = [
    'name: a',
    'version: 1.0.0',
    'steps:',
    '  observe: { agent: a, action: b, checkpoint: observed }',
    '  decide: { needs: [observe], agent: a, action: b }',
    ...lines,
  ]
  return readDocument(text.join('\n'), { file: 'w.yaml' })
}

test.each([
  ['onFailure: rollback', { to: 'lastCheckpoint', maxRollbacks: 1 }],
  ['onFailure: rollback\nrollback: {}', { to: 'lastCheckpoint', maxRollbacks: 1 }],
  ['onFailure: rollback\nrollback: { to: start }', { to: 'start', maxRollbacks: 1 }],
  ['rollback: { maxRollbacks: 3 }', { to: 'lastCheckpoint', maxRollbacks: 3 }],
  ['rollback: { to: observed, maxRollbacks: 0 }', { to: 'observed', maxRollbacks: 0 }],
  ['onFailure: compensate', null],
])('%s rolls back as %j', (text, rollback) => {
  const { document, problems } = read(text)
  expect(problems).toEqual([])
  expect(document?.rollback).toEqual(rollback)
})

test.each(['lastCheckpoint', 'start', 'lastHealthy', 'observed', 'decide'])(
  'a document rolls back to %s',
  (to) => {
    const { document, problems } = read('onFailure: rollback', `rollback: { to: ${to} }`)
    expect(problems).toEqual([])
    expect(document?.onFailure).toBe('rollback')
    expect(document?.rollback?.to).toBe(to)
  },
)

test.each([
  ['observd', "did you mean 'observed'?"],
  ['last_checkpoint', "did you mean 'lastCheckpoint'?"],
  ['decid', "did you mean 'decide'?"],
  ['elsewhere', 'known are lastCheckpoint, start, lastHealthy, observed, observe, decide'],
])('a rollback to %s, which is no checkpoint, shows the nearest', (to, hint) => {
  const { document, problems } = read('onFailure: rollback', `rollback: { to: ${to} }`)
  expect(document).toBeNull()
  expect(problems).toEqual([
    {
      file: 'w.yaml',
      line: 7,
      column: 17,
      path: 'rollback.to',
      message: `there is no checkpoint '${to}'`,
      found: `"${to}"`,
      expected: 'lastCheckpoint, start, lastHealthy, a checkpoint label or the id of a step',
      hint,
      level: 'error',
    },
  ])
})

test.each([
  ['rollback: { maxRollbacks: -1 }', 'rollback.maxRollbacks'],
  ['rollback: { maxRollbacks: 1.5 }', 'rollback.maxRollbacks'],
  ['rollback: { to: 5 }', 'rollback.to'],
  ['rollback: { too: start }', 'rollback.too'],
  ['rollback: start', 'rollback'],
  ['checkpoints: { onAnomalySeverity: 1.1 }', 'checkpoints.onAnomalySeverity'],
  ['checkpoints: { onAnomalySeverity: -0.1 }', 'checkpoints.onAnomalySeverity'],
  ['checkpoints: { onAnomalySeverity: high }', 'checkpoints.onAnomalySeverity'],
  ['checkpoints: {}', 'checkpoints.onAnomalySeverity'],
])('%s is refused, and only once', (text, path) => {
  const { document, problems } = read(text)
  expect(document).toBeNull()
  expect(problems.map((problem) => [problem.path, problem.line])).toEqual([[path, 6]])
})

test.each([0, 0.8, 1])('an anomaly of severity %f may take a checkpoint', (severity) => {
  const { document, problems } = read(`checkpoints: { onAnomalySeverity: ${severity} }`)
  expect(problems).toEqual([])
  expect(document?.checkpoints).toEqual({ onAnomalySeverity: severity })
})

test('two steps may have the same label, none a word that means another checkpoint', () => {
  const twice = 'name: a\nversion: 1.0.0\nsteps:\n  x: { sleep: 1s, checkpoint: c }\n'
  expect(readDocument(`${twice}  y: { sleep: 1s, checkpoint: c }`, { file: '' }).problems).toEqual(
    [],
  )
  for (const word of ['start', 'lastCheckpoint', 'lastHealthy']) {
    const { problems } = readDocument(`${twice}  y: { sleep: 1s, checkpoint: ${word} }`, {
      file: '',
    })
    expect(problems).toMatchObject([
      { line: 5, column: 31, path: 'steps.y.checkpoint', hint: 'write y_done, for example' },
    ])
  }
})

import { expect, test } from 'vitest'
import type { StepDocument, WorkflowDocument } from './document.ts'
import { readDocument } from './read.ts'
import type { ReadResult } from './read.ts'

/** The reading of a document with these step lines, which begin at line 5, and a retry of its own. */
function read(...steps: readonly string[]): ReadResult {
  const lines = [
    'name: a',
    'version: 1.0.0',
    'retry: { maxAttempts: 7, jitter: 0 }',
    'steps:',
    ...steps.map((step) => `  ${step}`),
  ]
  return readDocument(lines.join('\n'), { file: 'w.yaml' })
}

function stepOf(line: string): StepDocument {
  const { document, problems } = read(line)
  expect(problems).toEqual([])
  return (document as WorkflowDocument).steps.x as StepDocument
}

function placesOf(line: string): (string | number | null)[][] {
  return read(line).problems.map(({ path, column, message }) => [path, column, message])
}

const call = 'agent: a, action: b'
const documentRetry = {
  maxAttempts: 7,
  initialInterval: '200ms',
  backoff: 2,
  maxInterval: '30s',
  jitter: 0,
}

test('a workflow step has any version, no input, no timeout and one attempt by default', () => {
  expect(stepOf('x: { workflow: { name: page-on-call } }')).toEqual({
    needs: [],
    when: null,
    whenSkipped: 'skip',
    forEach: null,
    maxParallel: 16,
    with: {},
    timeout: null,
    retry: { ...documentRetry, maxAttempts: 1 },
    fallback: [],
    compensate: null,
    outputs: null,
    checkpoint: null,
    continueOnFailure: false,
    repeat: null,
    tda: null,
    workflow: { name: 'page-on-call', version: '*', input: {} },
  })
})

test('what a workflow step says is kept, and its own retry merges over that of the document', () => {
  const step = stepOf(
    'x: { workflow: { name: w, version: "1", input: { to: sre, n: "${ input.n }" } }, timeout: 3m, retry: { backoff: 4 } }',
  )
  expect(step).toMatchObject({
    workflow: { name: 'w', version: '1', input: { to: 'sre', n: '${ input.n }' } },
    timeout: '3m',
    retry: { ...documentRetry, backoff: 4 },
  })
})

test('a workflow step takes every key of a call except with and action', () => {
  const keys = `forEach: input.list, maxParallel: 2, outputs: { o: "\${ output.o }" }, checkpoint: c, compensate: { ${call} }, repeat: { until: output.done }, tda: none`
  expect(stepOf(`x: { workflow: { name: w }, ${keys} }`)).toMatchObject({ forEach: 'input.list' })
  expect(placesOf('x: { workflow: { name: w }, with: {} }')).toEqual([
    ['steps.x.with', 31, "the key 'with' does not go with workflow"],
  ])
  expect(placesOf('x: { workflow: { name: w }, action: b }')[0]?.[0]).toBe('steps.x.action')
})

test('an agent step falls back to a workflow, with the input of the step, of the entry or of the reference', () => {
  const step = stepOf(
    `x: { ${call}, fallback: [{ workflow: { name: w } }, { workflow: { name: w, version: ^2 }, with: { a: 1 }, timeout: 1m, retry: { maxAttempts: 3 } }, { workflow: { name: w, input: {} } }] }`,
  )
  const once = { ...documentRetry, maxAttempts: 1 }
  expect(step.fallback).toEqual([
    { workflow: { name: 'w', version: '*', input: null }, with: null, timeout: null, retry: once },
    {
      workflow: { name: 'w', version: '^2', input: null },
      with: { a: 1 },
      timeout: '1m',
      retry: { ...documentRetry, maxAttempts: 3 },
    },
    { workflow: { name: 'w', version: '*', input: {} }, with: null, timeout: null, retry: once },
  ])
})

test('a workflow step falls back to an agent, which has the defaults of a call', () => {
  expect(stepOf(`x: { workflow: { name: w }, fallback: { ${call} } }`).fallback).toEqual([
    { agent: 'a', action: 'b', with: null, timeout: '5m', retry: documentRetry },
  ])
})

test.each(['1', '1.x', '^1.2', '~1.2.3', '>=1.2 <3', '1 - 2', '1.0.0-rc.1', '*', '1 || 3'])(
  'the range %s is one',
  (range) => {
    const step = stepOf(`x: { workflow: { name: w, version: "${range}" } }`)
    expect(step).toMatchObject({ workflow: { version: range } })
  },
)

test.each(['latest', '1.2.3.4', '^', '>1 || foo', '01'])('the range %s is none', (range) => {
  const [problem, ...rest] = read(`x: { workflow: { name: w, version: "${range}" } }`).problems
  expect(rest).toEqual([])
  expect(problem).toMatchObject({
    line: 5,
    column: 38,
    path: 'steps.x.workflow.version',
    message: 'this is no range of versions',
    found: JSON.stringify(range),
    hint: 'for the highest version leave the key out',
  })
})

test('a range that is a number asks for quotes, one that is a template is told why not', () => {
  expect(read('x: { workflow: { name: w, version: 1 } }').problems).toMatchObject([
    { path: 'steps.x.workflow.version', column: 38, hint: 'write it in quotes' },
  ])
  expect(read('x: { workflow: { name: w, version: "${ input.v }" } }').problems).toMatchObject([
    { path: 'steps.x.workflow.version', hint: expect.stringContaining('no template') as string },
  ])
})

test.each([
  ['workflow: { name: Page }', 'steps.x.workflow.name'],
  ['workflow: { name: "${ input.w }" }', 'steps.x.workflow.name'],
  ['workflow: { version: "1" }', 'steps.x.workflow.name'],
  ['workflow: { name: w, inputs: {} }', 'steps.x.workflow.inputs'],
  ['workflow: { name: w, input: [] }', 'steps.x.workflow.input'],
  ['workflow: w', 'steps.x.workflow'],
  [`${call}, fallback: { workflow: { name: Page } }`, 'steps.x.fallback.workflow.name'],
  [
    `${call}, fallback: [{ ${call} }, { workflow: { name: w, version: y } }]`,
    'steps.x.fallback[1].workflow.version',
  ],
  [`${call}, fallback: { workflow: { name: w }, action: b }`, 'steps.x.fallback.action'],
  [`${call}, fallback: { workflow: { name: w }, ${call} }`, 'steps.x.fallback'],
  [`${call}, fallback: { workflow: { name: w, input: {} }, with: {} }`, 'steps.x.fallback.with'],
  ['workflow: { name: w, input: { a: "${ 1 + }" } }', 'steps.x.workflow.input.a'],
  ['workflow: { name: w, input: { a: "${ item }" } }', 'steps.x.workflow.input.a'],
  [
    `${call}, fallback: { workflow: { name: w, input: { a: "\${ output }" } } }`,
    'steps.x.fallback.workflow.input.a',
  ],
  ['workflow: { name: w, input: { a: { $secret: S } } }', 'steps.x.workflow.input.a.$secret'],
])('%s is refused, and only once', (keys, path) => {
  const { document, problems } = read(`x: { ${keys} }`)
  expect(document).toBeNull()
  expect(problems.map((problem) => problem.path)).toEqual([path])
  expect(problems[0]?.line).toBe(5)
})

test('the input of a workflow sees what the with of a call would', () => {
  const all = '"${ [input, steps.a.output, state.k, item, index, execution.id, tda] }"'
  const { problems } = read(
    'a: { sleep: 1s }',
    `x: { needs: [a], forEach: input.list, workflow: { name: w, input: { all: ${all} } }, fallback: { workflow: { name: w, input: { all: ${all} } } } }`,
    'y: { workflow: { name: w, input: { a: "${ steps.a.output }" } } }',
  )
  expect(problems.map(({ path, message }) => [path, message])).toEqual([
    ['steps.y.workflow.input.a', "step 'y' names 'a' without needing it"],
  ])
})

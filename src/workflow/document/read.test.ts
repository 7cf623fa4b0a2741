import { expect, test } from 'vitest'
import type { AgentStepDocument } from './document.ts'
import { documentHash, readDocument, readDocumentData } from './read.ts'
import type { Problem } from './problem.ts'

const example = String.raw`
name: incident-response
version: 1.0.0
description: Detect, explain and decide on an anomaly
metadata: { team: sre }
input:
  type: object
  required: [series]
  properties: { series: { type: string, format: file-path } }
triggers:
  - schedule: "*/5 * * * *"
    input: { series: /var/metrics/checkout.csv }
  - event: tda.anomaly.detected
    when: event.data.severity >= 0.8
    input: { series: "${'$'}{ event.data.source }" }
featureFlags: [incident-response]
timeout: 2h
retry: { maxAttempts: 6, jitter: 0 }
budget: { agentCalls: 200 }
sla: { duration: 30s, completionRate: 0.999 }
onFailure: compensate
steps:
  observe:
    agent: observer
    action: detect
    with: { series: "${'$'}{ input.series }" }
    outputs: { anomalies: "${'$'}{ output.anomalies }" }
    timeout: 30s
    checkpoint: observed
  analyse:
    needs: [observe]
    when: size(steps.observe.output.anomalies) > 0
    forEach: ${'$'}{ steps.observe.output.anomalies }
    maxParallel: 8
    agent: analyst
    action: explain
    retry: { maxAttempts: 2 }
    with: { anomaly: "${'$'}{ item }", index: "${'$'}{ index }" }
    compensate: { agent: analyst, action: retract }
  decide:
    needs: [analyse]
    agent: supervisor
    action: decide
    with: { findings: "${'$'}{ steps.analyse.output }" }
    fallback: { agent: supervisor, action: decide }
  approve:
    needs: [decide]
    when: steps.decide.output.severity == 'critical'
    waitFor: { signal: approval, timeout: 1h, onTimeout: fail }
  cool_down: { needs: [decide], sleep: 5s }
output:
  decision: "${'$'}{ steps.decide.output }"
`

/** A document of these step lines, each `id: { … }`. */
function withSteps(...lines: readonly string[]): string {
  return `name: a\nversion: 1.0.0\nsteps:\n${lines.map((line) => `  ${line}\n`).join('')}`
}

function problemsOf(text: string): readonly Problem[] {
  return readDocument(text, { file: 'w.yaml' }).problems
}

function agentStep(text: string, id: string): AgentStepDocument {
  const { document, problems } = readDocument(text, { file: 'w.yaml' })
  expect(problems).toEqual([])
  return document?.steps[id] as AgentStepDocument
}

const call = 'agent: a, action: b'

test('the example document is read without a problem', () => {
  const { document, problems } = readDocument(example, { file: 'w.yaml' })
  expect(problems).toEqual([])
  expect(document?.name).toBe('incident-response')
  expect(Object.keys(document?.steps ?? {})).toEqual([
    'observe',
    'analyse',
    'decide',
    'approve',
    'cool_down',
  ])
})

test('every default is filled in and retries merge over the document and the built-in values', () => {
  const { document } = readDocument(example, { file: 'w.yaml' })
  expect(document?.retry).toEqual({
    maxAttempts: 6,
    initialInterval: '200ms',
    backoff: 2,
    maxInterval: '30s',
    jitter: 0,
  })
  const analyse = document?.steps.analyse as AgentStepDocument
  expect(analyse.retry).toEqual({ ...document?.retry, maxAttempts: 2 })
  expect(analyse.timeout).toBe('5m')
  expect(analyse.forEach).toBe('steps.observe.output.anomalies')
  expect(document?.steps.decide?.fallback).toEqual([
    { agent: 'supervisor', action: 'decide', with: null, timeout: '5m', retry: document?.retry },
  ])
  expect(document?.steps.cool_down).toMatchObject({ sleep: '5s', timeout: null, maxParallel: 16 })
  expect(document?.steps.approve).toMatchObject({
    waitFor: { signal: 'approval', timeout: '1h', onTimeout: 'fail' },
    retry: { maxAttempts: 1 },
  })
  expect(document?.triggers).toEqual([
    { schedule: '*/5 * * * *', timezone: 'UTC', input: { series: '/var/metrics/checkout.csv' } },
    {
      event: 'tda.anomaly.detected',
      when: 'event.data.severity >= 0.8',
      input: { series: '${ event.data.source }' },
    },
  ])
})

test('a document that says next to nothing has every key', () => {
  const { document } = readDocument(withSteps('one: { sleep: 1s }'), { file: 'w.yaml' })
  expect(document).toEqual({
    name: 'a',
    version: '1.0.0',
    description: null,
    metadata: {},
    input: null,
    triggers: [],
    featureFlags: [],
    timeout: null,
    retry: {
      maxAttempts: 4,
      initialInterval: '200ms',
      backoff: 2,
      maxInterval: '30s',
      jitter: 0.2,
    },
    budget: null,
    sla: null,
    checkpoints: null,
    onFailure: 'keep',
    rollback: null,
    adaptation: null,
    steps: { one: document?.steps.one },
  })
})

test('key order changes neither the document nor its hash', () => {
  const a = readDocument(withSteps(`x: { ${call} }`, 'y: { needs: [x], sleep: 1s }'), { file: '' })
  const b = readDocument(withSteps('y: { sleep: 1s, needs: [x] }', `x: { ${call} }`), { file: '' })
  expect(JSON.stringify(a.document?.steps)).toBe(JSON.stringify(b.document?.steps))
  const [hashA, hashB] = [a, b].map(({ document }) =>
    document === null ? '' : documentHash(document),
  )
  expect(hashA).toMatch(/^[0-9a-f]{64}$/)
  expect(hashA).toBe(hashB)
})

test('JSON text and data give the document that YAML gives', () => {
  const yaml = readDocument(withSteps(`x: { ${call}, with: { n: 1.5 } }`), { file: 'w.yaml' })
  const data = {
    name: 'a',
    version: '1.0.0',
    steps: { x: { agent: 'a', action: 'b', with: { n: 1.5 } } },
  }
  expect(readDocument(JSON.stringify(data), { file: 'w.json' }).document).toEqual(yaml.document)
  expect(readDocumentData(data).document).toEqual(yaml.document)
})

test('what is written comes back beside the document, aliases as what they stand for', () => {
  const written = { name: 'a', version: '1.0.0', steps: { x: { sleep: '1s' }, y: { sleep: '1s' } } }
  const yaml = 'name: a\nversion: 1.0.0\nsteps: { x: &wait { sleep: 1s }, y: *wait }'
  const read = readDocument(yaml, { file: '' })
  expect(read.data).toEqual(written)
  expect(read.document).toEqual(readDocumentData(read.data).document)
  expect(readDocumentData(written).data).toEqual(written)
  expect(readDocument('name: a', { file: '' })).toMatchObject({ document: null, data: null })
})

test('data has no lines, and the file only when it is given', () => {
  const [problem] = readDocumentData({
    name: 'a',
    version: '1.0.0',
    steps: { x: { slep: '1s' } },
  }).problems
  expect(problem).toMatchObject({ file: null, line: null, column: null, path: 'steps.x.slep' })
  expect(readDocumentData({}, { file: 'body' }).problems[0]?.file).toBe('body')
})

test('all problems come at once, in the order of the text, with no key absent', () => {
  const problems = problemsOf(`name: Bad Name
version: "1"
steps:
  one: { agent: x, action: y, timout: 5s, timeout: 30 }
  two: { needs: [oen], sleep: 5s }
  three: { agent: x, action: y, when: "1 +" }
`)
  expect(problems.map(({ line, column, path }) => [line, column, path])).toEqual([
    [1, 7, 'name'],
    [2, 10, 'version'],
    [4, 31, 'steps.one.timout'],
    [4, 52, 'steps.one.timeout'],
    [5, 18, 'steps.two.needs[0]'],
    [6, 43, 'steps.three.when'],
  ])
  expect(problems[2]).toEqual({
    file: 'w.yaml',
    line: 4,
    column: 31,
    path: 'steps.one.timout',
    message: "unknown key 'timout'",
    found: 'timout',
    expected: 'a known key',
    hint: "did you mean 'timeout'?",
    level: 'error',
  })
  expect(problems[3]).toMatchObject({
    found: '30',
    hint: 'a bare number has no unit: write 30ms, 30s or 30m',
  })
  expect(problems[4]?.hint).toBe("did you mean 'one'?")
})

test('a document with errors is no document, one with warnings is', () => {
  const warned = readDocument(withSteps('x: { sleep: 1s, maxParallel: 3 }'), { file: '' })
  expect(warned.problems.map(({ level, path }) => [level, path])).toEqual([
    ['warning', 'steps.x.maxParallel'],
  ])
  expect(warned.document).not.toBeNull()
  expect(readDocument(withSteps('x: { sleep: 1 }'), { file: '' }).document).toBeNull()
})

test.each([
  ['steps: { }', 'steps', 'a document needs a step'],
  ['description: 5', 'description', 'description is not valid'],
  ['onFailure: compensat', 'onFailure', 'onFailure is not valid'],
  ['steps: []', 'steps', 'steps is not valid'],
])('the wrong shape %s is named', (line, path, message) => {
  const found = problemsOf(`name: a\nversion: 1.0.0\n${line}\n`)
  expect(found.find((problem) => problem.path === path)?.message).toBe(message)
})

test('a value close to an allowed one is suggested', () => {
  const [problem] = problemsOf(`${withSteps('x: { sleep: 1s }')}onFailure: compensat\n`)
  expect(problem?.hint).toBe("did you mean 'compensate'?")
  expect(problem?.expected).toBe('one of compensate, rollback, keep')
})

test('missing keys are shown where they belong', () => {
  expect(problemsOf('name: a\n').map(({ path, message }) => [path, message])).toEqual([
    ['version', "the key 'version' is missing"],
    ['steps', "the key 'steps' is missing"],
  ])
  expect(problemsOf(withSteps('x:', '  agent: a'))[0]).toMatchObject({
    line: 4,
    column: 3,
    path: 'steps.x.action',
    message: "steps.x names agent but lacks 'action'",
  })
})

test('more problems than the limit are cut, and the last says so', () => {
  const lines = Array.from({ length: 1_000 }, (_, number) => `s${number}: { slep: 1s }`)
  const problems = problemsOf(withSteps(...lines))
  expect(problems).toHaveLength(200)
  expect(problems.at(-1)?.message).toBe('only the first 199 problems are shown')
})

test('durations may be templates', () => {
  const step = agentStep(
    withSteps(
      `x: { ${call}, timeout: "\${ input.t }", retry: { initialInterval: "\${ input.n }ms" } }`,
    ),
    'x',
  )
  expect(step.timeout).toBe('${ input.t }')
  expect(step.retry.initialInterval).toBe('${ input.n }ms')
})

test.each(['5', '5 s', '1w', '', '5S', '-1s', '1.5s', '99999999d', '$${x}'])(
  'the text %j is no duration',
  (text) => {
    const problems = problemsOf(withSteps(`x: { sleep: ${JSON.stringify(text)} }`))
    expect(problems.map(({ path }) => path)).toEqual(['steps.x.sleep'])
  },
)

test("a step's timeout on a wait is the wait's", () => {
  const { document } = readDocument(withSteps('x: { waitFor: { signal: s }, timeout: 3s }'), {
    file: '',
  })
  expect(document?.steps.x).toMatchObject({ waitFor: { timeout: '3s' }, timeout: null })
  const twice = problemsOf(withSteps('x: { waitFor: { signal: s, timeout: 1s }, timeout: 3s }'))
  expect(twice[0]?.path).toBe('steps.x.timeout')
})

test('a version that YAML reads as a number asks for quotes', () => {
  const [problem] = problemsOf('name: a\nversion: 1.0\nsteps: { x: { sleep: 1s } }\n')
  expect(problem).toMatchObject({ path: 'version', found: '1', hint: 'write it in quotes' })
})

test('names that objects inherit are ordinary keys, steps included', () => {
  const text = withSteps(
    `constructor: { ${call}, with: { toString: 1, hasOwnProperty: { constructor: x } } }`,
    'after: { needs: [constructor], when: "steps.constructor.status == \'completed\'", sleep: 1s }',
  )
  expect(agentStep(text, 'constructor').with).toEqual({
    toString: 1,
    hasOwnProperty: { constructor: 'x' },
  })
  expect(problemsOf(withSteps('x: { needs: [constructor], sleep: 1s }'))[0]?.message).toBe(
    "there is no step 'constructor'",
  )
})

const chain = (count: number): string =>
  withSteps(
    ...Array.from({ length: count }, (_, number) =>
      number === 0
        ? `s0: { ${call} }`
        : `s${number}: { needs: [s${number - 1}], ${call}, with: { v: "\${ steps.s${number >> 1}.output }" } }`,
    ),
  )

test('10,000 steps are read, 10,001 are not', () => {
  const { document, problems } = readDocument(chain(10_000), { file: '' })
  expect(problems).toEqual([])
  expect(Object.keys(document?.steps ?? {})).toHaveLength(10_000)
  expect(problemsOf(chain(10_001))[0]).toMatchObject({ path: 'steps', found: '10001 steps' })
}, 30_000)

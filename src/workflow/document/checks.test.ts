import { expect, test } from 'vitest'
import type { Problem } from './problem.ts'
import { readDocument } from './read.ts'

/** Problems of a document with these step lines, and other lines after them. */
function problemsOf(steps: readonly string[], ...others: readonly string[]): readonly Problem[] {
  const lines = [
    'name: a',
    'version: 1.0.0',
    'steps:',
    ...steps.map((step) => `  ${step}`),
    ...others,
  ]
  return readDocument(lines.join('\n'), { file: 'w.yaml' }).problems
}

function pairsOf(
  steps: readonly string[],
  ...others: readonly string[]
): [string | null, string][] {
  return problemsOf(steps, ...others).map(({ path, message }) => [path, message])
}

const call = 'agent: a, action: b'
const template = (text: string): string => `"\${ ${text} }"`

test('a step is exactly one kind of thing', () => {
  expect(pairsOf(['x: { needs: [] }', `y: { ${call}, sleep: 1s }`])).toEqual([
    ['steps.x', 'steps.x must have exactly one of agent, pattern, workflow, graph, waitFor, sleep'],
    ['steps.y', 'steps.y must have exactly one of agent, pattern, workflow, graph, waitFor, sleep'],
  ])
  expect(problemsOf([`y: { ${call}, sleep: 1s }`])[0]?.found).toBe('agent and sleep')
})

test.each([
  ['sleep: 1s', 'action: b'],
  ['sleep: 1s', 'with: {}'],

  ['sleep: 1s', 'retry: {}'],
  ['waitFor: { signal: s }', 'retry: {}'],
  ['waitFor: { signal: s }', `fallback: { ${call} }`],
  ['waitFor: { signal: s }', `compensate: { ${call} }`],
  [call, 'agents: [a]'],
  [call, 'options: {}'],
  ['graph: g', 'action: b'],
  ['graph: g', 'options: {}'],
])('a step with %s does not take %s', (kind, key) => {
  const name = key.slice(0, key.indexOf(':'))
  const problems = problemsOf([`x: { ${kind}, ${key} }`])
  expect(problems.map(({ path }) => path)).toEqual([`steps.x.${name}`])
  expect(problems[0]?.message).toContain('does not go with')
})

test('a reserved word of CEL is no step id, other ids follow the pattern', () => {
  expect(pairsOf(['if: { sleep: 1s }'])).toEqual([
    ['steps.if', "'if' is a reserved word of CEL and can be no step id"],
  ])
  for (const id of ['Observe', '1st', 'a-b', 'a.b', '"a b"', `a${'b'.repeat(63)}`]) {
    expect(pairsOf([`${id}: { sleep: 1s }`])[0]?.[1]).toContain('is no valid id')
  }
  expect(pairsOf([`a${'b'.repeat(62)}: { sleep: 1s }`])).toEqual([])
})

test.each([['x: { sleep: 1s, concurrency: { key: k, max: 1 } }', 'steps.x.concurrency']])(
  'the step %s is refused as not yet there, and only as that',
  (step, path) => {
    const problems = problemsOf([step])
    expect(problems.map((problem) => problem.path)).toEqual([path])
    expect(problems[0]?.message).toContain('not yet')
  },
)

test.each([
  ['x: { graph: g, with: { a: { $secret: S } } }', 'steps.x.with.a.$secret', 'checkpoints'],
  [`x: { ${call}, with: { a: [{ $secret: 7 }] } }`, 'steps.x.with.a[0].$secret', 'the name'],
  [`x: { ${call}, with: { a: { $secret: S, b: 1 } } }`, 'steps.x.with.a.$secret', 'alone'],
])('a secret in %s is refused where it is', (step, path, why) => {
  const problems = problemsOf([step])
  expect(problems.map((problem) => problem.path)).toEqual([path])
  expect(problems[0]?.message).toContain(why)
})

test('a secret is allowed in the with of calls, fallbacks and compensations', () => {
  const named = 'with: { a: [{ $secret: S }] }'
  const step = `x: { ${call}, ${named}, fallback: { ${call}, ${named} }, compensate: { ${call}, ${named} } }`
  expect(problemsOf([step])).toEqual([])
})

test('bounds of adaptation are checked as everything else', () => {
  const line = 'adaptation: { patterns: [consensu], maxParallel: 0, agents: [a, 3], approve: true }'
  expect(problemsOf(['x: { sleep: 1s }'], line).map(({ path }) => path)).toEqual([
    'adaptation.patterns[0]',
    'adaptation.maxParallel',
    'adaptation.agents[1]',
    'adaptation.approve',
  ])
})

test('needs that are unknown, repeated or the step itself are told apart', () => {
  const steps = ['first: { sleep: 1s }', 'x: { sleep: 1s, needs: [frist, x, first, first] }']
  expect(pairsOf(steps)).toEqual([
    ['steps.x.needs[0]', "there is no step 'frist'"],
    ['steps.x.needs[1]', "step 'x' needs itself: x → x"],
    ['steps.x.needs[3]', "'first' is needed twice"],
  ])
  expect(problemsOf(steps)[0]?.hint).toBe("did you mean 'first'?")
})

test('a cycle is printed as the cycle, each once, without the steps behind it', () => {
  const steps = [
    'a: { needs: [c], sleep: 1s }',
    'b: { needs: [a], sleep: 1s }',
    'c: { needs: [b, root], sleep: 1s }',
    'behind: { needs: [a], sleep: 1s }',
    'root: { sleep: 1s }',
    'y: { needs: [z], sleep: 1s }',
    'z: { needs: [y], sleep: 1s }',
  ]
  expect(pairsOf(steps)).toEqual([
    ['steps.a.needs[0]', 'steps need each other: a → c → b → a'],
    ['steps.y.needs[0]', 'steps need each other: y → z → y'],
  ])
})

test('a cycle of 10,000 steps is found and cut in its middle', () => {
  const steps = Array.from(
    { length: 10_000 },
    (_, n) => `s${n}: { needs: [s${(n + 1) % 10_000}], sleep: 1s }`,
  )
  const [problem, ...rest] = problemsOf(steps)
  expect(rest).toEqual([])
  expect(problem?.message).toMatch(/: s0 → s1 → .* → \(9941 more\) → .* → s9999 → s0$/)
}, 30_000)

test.each([
  ['x', 'when', 'item == 1', 'item'],
  ['x', 'with', '{ a: ${ output } }', 'output'],
  ['x', 'with', '{ a: ${ call.input } }', 'call'],
  ['x', 'with', '{ a: ${ event.id } }', 'event'],
  ['x', 'timeout', '${ item }', 'item'],
])('in %s.%s the text %s reads %s out of scope', (_, key, value, root) => {
  const quoted = value.replaceAll(/\$\{ [^}]* \}/g, (part) => `"${part}"`)
  const [problem, ...rest] = problemsOf([`x: { ${call}, ${key}: ${quoted} }`])
  expect(rest).toEqual([])
  expect(problem?.message).toBe(`\`${root}\` is not in scope here`)
  expect(problem?.hint).toContain('only in')
})

test('what each place may read is read there', () => {
  expect(
    pairsOf(
      [
        `a: { ${call}, outputs: { n: ${template('output.n')} }, repeat: { until: output.done, maxTimes: 3 } }`,
        `b: { needs: [a], ${call}, forEach: steps.a.output.list, with: { i: ${template('item')}, n: ${template('index')} }, timeout: ${template('item.t')}, fallback: { ${call}, with: { i: ${template('item')} } } }`,
        `c: { ${call}, compensate: { ${call}, with: { c: ${template('call.output')}, a: ${template('steps.a.output')} } } }`,
        `d: { waitFor: { signal: "s-\${ execution.id }" }, when: tda.anomalySeverity < 0.5 && execution.startedAtMs > 0 }`,
      ],
      `output: { a: ${template('steps.a.output')}, i: ${template('input.x')}, s: ${template('steps')} }`,
      `timeout: ${template('input.t')}`,
    ),
  ).toEqual([])
})

test('a step names only what it needs, near or far', () => {
  const steps = [
    'a: { sleep: 1s }',
    'b: { needs: [a], sleep: 1s }',
    `c: { needs: [b], ${call}, with: { a: ${template('steps.a.output')} } }`,
    `d: { needs: [a], ${call}, with: { b: ${template('steps.b.output')}, d: ${template('steps.d.output')} } }`,
    `e: { ${call}, when: "steps.aa.status == 'x'", with: { all: ${template('steps')} } }`,
  ]
  expect(pairsOf(steps)).toEqual([
    ['steps.d.with.b', "step 'd' names 'b' without needing it"],
    ['steps.d.with.d', "step 'd' names 'd' without needing it"],
    ['steps.e.when', "there is no step 'aa'"],
    ['steps.e.with.all', '`steps` must be followed by the id of a step that is needed'],
  ])
  expect(problemsOf(steps)[0]).toMatchObject({ line: 7, hint: 'add b to the needs of d' })
  expect(problemsOf(steps)[2]?.hint).toBe("did you mean 'a'?")
})

test("the document's output names any step, but no unknown one", () => {
  expect(pairsOf(['a: { sleep: 1s }'], `output: ${template('steps.b.output')}`)).toEqual([
    ['output', "there is no step 'b'"],
  ])
})

test('an expression that can never give a bool or a list is refused', () => {
  expect(pairsOf([`x: { ${call}, when: size(input.a), forEach: "'text'" }`])).toEqual([
    ['steps.x.when', 'this expression never gives a bool'],
    ['steps.x.forEach', 'this expression never gives a list'],
  ])
})

test('a broken expression in a template is shown at its character', () => {
  const [problem] = problemsOf([`x: { ${call}, with: { t: "text \${ 1 + } more" } }`])
  expect(problem).toMatchObject({ line: 4, path: 'steps.x.with.t', expected: 'a CEL expression' })
  expect(problem?.column).toBeGreaterThan('  x: { agent: a, action: b, with: { t: "text ${'.length)
})

const trigger = (text: string): [string | null, string][] =>
  pairsOf(['x: { sleep: 1s }'], `triggers: [{ ${text} }]`)

test('every trigger has one cause, a readable schedule and a time zone that exists', () => {
  expect(trigger('schedule: "0 4 * * 1-5", timezone: Europe/Berlin')).toEqual([])
  expect(trigger('event: e, when: event.data.n > 1')).toEqual([])
  expect(trigger('input: {}')).toEqual([
    ['triggers[0]', 'a trigger has exactly one of schedule and event'],
  ])
  expect(trigger('schedule: "61 * * * *"')[0]?.[1]).toContain('the schedule cannot be read')
  expect(trigger('schedule: "* * * * *", timezone: Mars/Base')).toEqual([
    ['triggers[0].timezone', 'there is no such time zone'],
  ])
  expect(trigger('schedule: "* * * * *", when: "true"')).toEqual([
    ['triggers[0].when', "the key 'when' goes with event only"],
  ])
  expect(trigger('event: e, timezone: UTC')).toEqual([
    ['triggers[0].timezone', "the key 'timezone' goes with schedule only"],
  ])
  expect(trigger(`schedule: "* * * * *", input: { a: ${template('event.id')} }`)[0]?.[1]).toContain(
    'not in scope',
  )
  expect(trigger('schedule: "0 0 31 2 *"')).toEqual([
    ['triggers[0].schedule', 'the schedule never comes due'],
  ])
})

test.each([
  ['UTC', true],
  ['Asia/Kolkata', true],
  ['US/Pacific', true],
  ['europe/berlin', true],
  ['EST5EDT', true],
  ['CET', true],
  ['PST', false],
  ['CEST', false],
  ['+02:00', false],
  ['GMT+2', false],
])('whether the time zone %s exists: %s', (name, exists) => {
  expect(trigger(`schedule: "* * * * *", timezone: "${name}"`)).toEqual(
    exists ? [] : [['triggers[0].timezone', 'there is no such time zone']],
  )
})

test.each([
  ['*/5 * * * *', true],
  ['30 */5 * * * *', true],
  ['0 0 9 1 1 * 2030', true],
  ['@daily', true],
  ['0 9 * * MON-FRI', true],
  ['0 9 L * *', true],
  ['* * * *', false],
  ['* * * * * * * *', false],
  ['0 25 * * *', false],
  ['every minute', false],
])('whether the schedule %s can be read: %s', (schedule, isReadable) => {
  const problems = problemsOf(['x: { sleep: 1s }'], `triggers: [{ schedule: "${schedule}" }]`)
  if (isReadable) return expect(problems).toEqual([])
  expect(problems).toMatchObject([
    { path: 'triggers[0].schedule', line: 5, column: 24, level: 'error' },
  ])
  expect(problems[0]?.message).toContain('the schedule cannot be read')
  expect(problems[0]?.hint).toBe('minute hour day-of-month month day-of-week')
})

test('a schedule that gives nothing of a required input is an error where the trigger stands', () => {
  const schema = 'input: { type: object, required: [series], properties: { n: { default: 1 } } }'
  const bare = problemsOf(['x: { sleep: 1s }'], schema, 'triggers: [{ schedule: "* * * * *" }]')
  expect(bare).toMatchObject([{ path: 'triggers[0].input.series', line: 6, level: 'error' }])
  const given = 'triggers: [{ schedule: "* * * * *", input: { series: s } }]'
  expect(problemsOf(['x: { sleep: 1s }'], schema, given)).toEqual([])
})

test("`state` is read in steps and the document's output, and nowhere else", () => {
  const step = `x: { ${call}, when: state.n > 1, forEach: "state['a b']", with: { s: ${template('state')} }, timeout: ${template('state.t')}, outputs: { o: ${template('state.o')} }, repeat: { until: state.done }, compensate: { ${call}, with: { s: ${template('state.s')} } }, fallback: { ${call}, with: { s: ${template('state.s')} } } }`
  const wait = `y: { waitFor: { signal: "s-\${ state.id }", timeout: ${template('state.t')} } }`
  const output = `output: ${template('state.result')}`
  expect(pairsOf([step, wait], output)).toEqual([])
  const elsewhere = [
    `timeout: ${template('state.t')}`,
    'triggers: [{ event: e, when: state.n > 1 }]',
  ]
  const problems = problemsOf(['x: { sleep: 1s }'], ...elsewhere)
  expect(problems.map(({ path, line, message }) => [path, line, message])).toEqual([
    ['timeout', 5, '`state` is not in scope here'],
    ['triggers[0].when', 6, '`state` is not in scope here'],
  ])
  expect(problems[0]?.hint).toContain('only in steps')
})

test("a trigger's input must be able to satisfy the schema", () => {
  const schema =
    'input: { type: object, required: [series, mode], additionalProperties: false, properties: { series: { type: string }, mode: { enum: [a, b] }, n: { type: integer, default: 1 }, deep: { type: object, required: [k] } } }'
  const fired = (input: string): [string | null, string][] =>
    pairsOf(['x: { sleep: 1s }'], schema, `triggers: [{ event: e, input: ${input} }]`)
  expect(fired('{ series: s, mode: a }')).toEqual([])
  expect(fired(`{ series: ${template('event.s')}, mode: ${template('event.m')} }`)).toEqual([])
  expect(fired(`{ series: s, mode: a, deep: ${template('event.d')} }`)).toEqual([])
  expect(fired('{ mode: a }')).toEqual([
    ['triggers[0].input.series', "the trigger gives no 'series', which the input schema requires"],
  ])
  expect(fired('{ series: 5, mode: c }').map(([path]) => path)).toEqual([
    'triggers[0].input.series',
    'triggers[0].input.mode',
  ])
  expect(
    fired(`{ series: ${template('event.s')}, mode: a, n: x, extra: 1 }`).map(([path]) => path),
  ).toEqual(['triggers[0].input.n', 'triggers[0].input.extra'])
  expect(fired(`{ series: s, mode: a, deep: { j: ${template('event.j')} } }`)).toEqual([
    ['triggers[0].input.deep.k', "the trigger gives no 'deep.k', which the input schema requires"],
  ])
})

const inputSchema = (text: string): [string | null, string][] =>
  pairsOf(['x: { sleep: 1s }'], `input: ${text}`)

test('an input schema that is none is shown where it goes wrong', () => {
  expect(inputSchema('{ type: objekt }')[0]?.[0]).toBe('input.type')
  expect(inputSchema('{ properties: { a: { pattern: "(?=x)" } } }')[0]?.[1]).toContain('refused')
  expect(inputSchema('{ $ref: "#/$defs/none" }')[0]?.[1]).toContain('cannot be used')
  expect(inputSchema('{ $schema: "http://json-schema.org/draft-07/schema#" }')[0]?.[0]).toBe(
    'input.$schema',
  )
})

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { aura, auraJson, cleanUp, examples, newFolder } from './cli-process.ts'

afterEach(cleanUp)

interface ProblemShape {
  readonly file: string | null
  readonly line: number | null
  readonly column: number | null
  readonly path: string | null
  readonly message: string
  readonly found: string | null
  readonly expected: string | null
  readonly hint: string | null
  readonly level: string
}
interface Validation {
  readonly valid: boolean
  readonly problems: readonly ProblemShape[]
}

function write(folder: string, name: string, text: string): string {
  writeFileSync(join(folder, name), text)
  return name
}

const broken = `name: Broken Name
version: 1.0.0
steps:
  first:
    agnet: observer
    action: detect
  second: { needs: [frist], sleep: 5 }
`

test('validate --json prints its own shape, whole, for good and bad documents', async () => {
  const folder = newFolder()
  write(folder, 'good.yaml', 'name: good\nversion: 1.0.0\nsteps: { s: { sleep: 1s } }\n')
  write(folder, 'broken.yaml', broken)
  const good = await auraJson<Validation>(folder, 'validate', 'good.yaml')
  expect(good).toMatchObject({ code: 0, value: { valid: true, problems: [] } })
  expect(Object.keys(good.value)).toEqual(['valid', 'problems'])
  const bad = await auraJson<Validation>(
    folder,
    'validate',
    'good.yaml',
    'broken.yaml',
    'missing.yaml',
  )
  expect(bad.code).toBe(2)
  expect(bad.value.valid).toBe(false)
  for (const problem of bad.value.problems) {
    expect(Object.keys(problem).toSorted()).toEqual(
      [
        'column',
        'expected',
        'file',
        'found',
        'hint',
        'level',
        'line',
        'message',
        'path',
      ].toSorted(),
    )
  }
  const at = (path: string): ProblemShape | undefined =>
    bad.value.problems.find((problem) => problem.path === path)
  expect(at('name')).toMatchObject({ file: 'broken.yaml', line: 1, column: 7, level: 'error' })
  expect(bad.value.problems).toContainEqual(
    expect.objectContaining({ line: 5, column: 5, hint: expect.stringContaining("'agent'") }),
  )
  expect(bad.value.problems).toContainEqual(
    expect.objectContaining({ line: 7, hint: expect.stringContaining("'first'") }),
  )
  expect(bad.value.problems.at(-1)).toMatchObject({
    file: 'missing.yaml',
    line: null,
    message: 'there is no such file',
  })
})

test('validate shows a person the place, the line and the hint', async () => {
  const folder = newFolder()
  write(folder, 'broken.yaml', broken)
  const { code, stdout } = await aura(folder, 'validate', 'broken.yaml')
  expect(code).toBe(2)
  expect(stdout).toMatch(/broken\.yaml:5:5: .*agnet/)
  expect(stdout).toContain('   5 |     agnet: observer')
  expect(stdout).toContain('     |     ^')
  expect(stdout).toContain("did you mean 'agent'?")
})

const foreignAgent = `name: foreign
version: 1.0.0
steps:
  one:
    agent: obsrever
    action: detect
  two:
    needs: [one]
    agent: observer
    action: detcet
    with: { series: [1] }
    fallback: { agent: nobody, action: rest }
`

test('unknown agents and actions are warnings without --agents and errors with it', async () => {
  const folder = newFolder()
  write(folder, 'foreign.yaml', foreignAgent)
  write(folder, 'none.js', 'export default []\n')
  const warned = await auraJson<Validation>(folder, 'validate', 'foreign.yaml')
  expect(warned).toMatchObject({ code: 0, value: { valid: true } })
  expect(warned.value.problems).toMatchObject([
    {
      line: 5,
      column: 12,
      path: 'steps.one.agent',
      hint: "did you mean 'observer'?",
      level: 'warning',
    },
    {
      line: 10,
      column: 13,
      path: 'steps.two.action',
      hint: "did you mean 'detect'?",
      level: 'warning',
    },
    { line: 12, column: 24, path: 'steps.two.fallback.agent', level: 'warning' },
  ])
  const refused = await auraJson<Validation>(
    folder,
    'validate',
    'foreign.yaml',
    '--agents',
    'none.js',
  )
  expect(refused).toMatchObject({ code: 2, value: { valid: false } })
  expect(refused.value.problems.every((problem) => problem.level === 'error')).toBe(true)
})

test('a module that cannot be loaded is a problem of validate and an error of the others', async () => {
  const folder = newFolder()
  write(folder, 'good.yaml', 'name: good\nversion: 1.0.0\nsteps: { s: { sleep: 1ms } }\n')
  write(folder, 'bad.ts', 'export default 5\n')
  const validated = await auraJson<Validation>(
    folder,
    'validate',
    'good.yaml',
    '--agents',
    'bad.ts',
  )
  expect(validated).toMatchObject({ code: 2, value: { valid: false } })
  const ran = await auraJson<{ error: { code: string } }>(
    folder,
    'run',
    'good.yaml',
    '--agents',
    'bad.ts',
  )
  expect(ran).toMatchObject({ code: 2, value: { error: { code: 'AgentModuleError' } } })
})

test('run refuses a broken document, an unknown agent and a wrong input, and starts nothing', async () => {
  const folder = newFolder()
  write(folder, 'broken.yaml', broken)
  write(folder, 'foreign.yaml', foreignAgent)
  write(
    folder,
    'typed.yaml',
    'name: typed\nversion: 1.0.0\ninput: { type: object, required: [n], properties: { n: { type: integer } } }\nsteps: { s: { sleep: 1ms } }\n',
  )
  const run = (...words: string[]) =>
    auraJson<{ error: { code: string; details: { problems: ProblemShape[] } | null } }>(
      folder,
      'run',
      ...words,
    )
  const [document, agent, missing, wrong, pair, file] = await Promise.all([
    run('broken.yaml'),
    run('foreign.yaml'),
    run('typed.yaml'),
    run('typed.yaml', '--input', 'n=many'),
    run('typed.yaml', '--input', 'n'),
    run('typed.yaml', '--input-file', 'nope.json'),
  ])
  expect(document).toMatchObject({ code: 2, value: { error: { code: 'DocumentError' } } })
  expect(document.value.error.details?.problems[0]).toMatchObject({
    file: 'broken.yaml',
    line: 1,
    column: 7,
  })
  expect(agent).toMatchObject({ code: 2, value: { error: { code: 'DocumentError' } } })
  expect(missing).toMatchObject({ code: 2, value: { error: { code: 'InputError' } } })
  expect(missing.value.error.details?.problems[0]?.path).toBe('input.n')
  expect(wrong).toMatchObject({ code: 2, value: { error: { code: 'InputError' } } })
  expect(pair).toMatchObject({ code: 2, value: { error: { code: 'UsageError' } } })
  expect(file).toMatchObject({ code: 2, value: { error: { code: 'UsageError' } } })
  expect((await auraJson(folder, 'ls')).value).toEqual({ executions: [] })
  const { stderr } = await aura(folder, 'run', 'broken.yaml')
  expect(stderr).toMatch(/broken\.yaml:5:5: /)
})

test('graph draws the example in three formats', async () => {
  const folder = newFolder()
  const file = join(examples, 'incident-response.yaml')
  const [ascii, mermaid, svg, json] = await Promise.all([
    aura(folder, 'graph', file),
    aura(folder, 'graph', file, '--format', 'mermaid'),
    aura(folder, 'graph', file, '--format', 'svg'),
    auraJson<{ format: string; text: string }>(folder, 'graph', file, '--format', 'ascii'),
  ])
  expect(ascii.code).toBe(0)
  expect(ascii.stdout).toMatch(/^\* +observe +observer\.detect\n\* +analyse/)
  expect(json.value).toEqual({ format: 'ascii', text: ascii.stdout.trimEnd() })
  expect(mermaid.stdout).toMatch(/^flowchart TD\n/)
  expect(svg.stdout).toMatch(/^<svg [^]*<\/svg>\n$/)
})

test('tda scan prints column, points and anomalies', async () => {
  const folder = newFolder()
  const csv = Array.from({ length: 400 }, (_, i) => {
    const t = new Date(Date.UTC(2026, 0, 1) + i * 60_000).toISOString()
    return `${t},${10 + Math.sin(i / 5) + (i === 300 ? 80 : 0)},7`
  })
  write(folder, 'series.csv', `timestamp,value,other\n${csv.join('\n')}\n`)
  const { code, value } = await auraJson<{ anomalies: { kind: string; source: string }[] }>(
    folder,
    'tda',
    'scan',
    'series.csv',
  )
  expect(code).toBe(0)
  expect(Object.keys(value)).toEqual(['column', 'points', 'anomalies'])
  expect(value).toMatchObject({ column: 'value', points: 400 })
  expect(value.anomalies.length).toBeGreaterThan(0)
  expect(value.anomalies[0]?.source).toBe(join(folder, 'series.csv'))
  const drawn = await aura(folder, 'tda', 'scan', 'series.csv')
  expect(drawn.stdout).toContain('┤')
  expect(drawn.stdout).toContain('severity')
  const missing = await auraJson<{ error: { code: string } }>(
    folder,
    'tda',
    'scan',
    'series.csv',
    '--column',
    'valeu',
  )
  expect(missing).toMatchObject({ code: 2, value: { error: { code: 'SeriesError' } } })
})

const callsChildren = `name: parent
version: 1.0.0
steps:
  one: { workflow: { name: chlid } }
  two: { workflow: { name: child, version: "2" } }
  three: { workflow: { name: child }, fallback: { workflow: { name: child, version: "1" } } }
`

function writeFamily(folder: string): void {
  write(folder, 'parent.yaml', callsChildren)
  for (const version of ['1.0.0', '1.1.0'])
    write(
      folder,
      `child-${version}.yaml`,
      `name: child\nversion: ${version}\nsteps: { s: { sleep: 1ms } }\n`,
    )
}

test('sub-workflows that are nowhere are warnings of validate, errors of run and breaks of check', async () => {
  const folder = newFolder()
  writeFamily(folder)
  const places = [
    {
      file: 'parent.yaml',
      line: 4,
      column: 28,
      path: 'steps.one.workflow.name',
      hint: "did you mean 'child'?",
    },
    {
      file: 'parent.yaml',
      line: 5,
      column: 44,
      path: 'steps.two.workflow.version',
      found: 'child@2',
      expected: 'one of 1.0.0, 1.1.0',
    },
  ]
  const validated = await auraJson<Validation>(folder, 'validate', 'parent.yaml')
  expect(validated).toMatchObject({ code: 0, value: { valid: true } })
  expect(validated.value.problems).toMatchObject(
    places.map((place) => ({ ...place, level: 'warning' })),
  )
  for (const more of [[], ['--detach']]) {
    const ran = await auraJson<{ error: { code: string; details: Validation } }>(
      folder,
      'run',
      'parent.yaml',
      ...more,
    )
    expect(ran).toMatchObject({ code: 2, value: { error: { code: 'DocumentError' } } })
    expect(ran.value.error.details.problems).toMatchObject(
      places.map((place) => ({ ...place, level: 'error' })),
    )
  }
  const checked = await auraJson<{ breaks: object[] }>(folder, 'check', 'parent.yaml')
  expect(checked).toMatchObject({ code: 1 })
  expect(checked.value.breaks).toMatchObject([
    {
      kind: 'workflowMissing',
      stepId: 'one',
      message: expect.stringContaining('parent.yaml:4:28'),
    },
    {
      kind: 'workflowMissing',
      stepId: 'two',
      message: expect.stringContaining('parent.yaml:5:44'),
    },
  ])
})

test('sub-workflows are looked for among the files given and in the registry of the file too', async () => {
  const folder = newFolder()
  mkdirSync(join(folder, 'apart'))
  const parent = 'name: parent\nversion: 1.0.0\nsteps: { a: { workflow: { name: far } } }\n'
  write(folder, 'parent.yaml', parent)
  write(folder, 'apart/far.yaml', 'name: far\nversion: 1.0.0\nsteps: { s: { sleep: 1ms } }\n')
  const problemsOf = async (...files: string[]) =>
    (await auraJson<Validation>(folder, 'validate', ...files)).value.problems
  expect(await problemsOf('parent.yaml')).toMatchObject([{ path: 'steps.a.workflow.name' }])
  expect(await problemsOf('parent.yaml', 'apart/far.yaml')).toEqual([])
  await auraJson(folder, 'run', 'apart/far.yaml')
  expect(await problemsOf('parent.yaml')).toEqual([])
  expect(await auraJson(folder, 'check', 'parent.yaml')).toMatchObject({ code: 0 })
  expect(await auraJson(folder, 'run', 'parent.yaml')).toMatchObject({ code: 0 })
})

test('a sub-workflow beside the document that lacks one itself, or is not valid, is told where that is', async () => {
  const folder = newFolder()
  write(
    folder,
    'parent.yaml',
    'name: parent\nversion: 1.0.0\nsteps: { a: { workflow: { name: middle } } }\n',
  )
  write(
    folder,
    'middle.yaml',
    'name: middle\nversion: 1.0.0\nsteps:\n  b: { workflow: { name: last } }\n',
  )
  expect((await auraJson<Validation>(folder, 'validate', 'parent.yaml')).value.problems).toEqual([])
  const ran = await auraJson(folder, 'run', 'parent.yaml')
  const place = { file: 'middle.yaml', line: 4, column: 26, path: 'steps.b.workflow.name' }
  expect(ran).toMatchObject({ code: 2, value: { error: { details: { problems: [place] } } } })
  write(folder, 'last.yaml', 'name: last\nversion: 1.0.0\nsteps: { c: { slep: 1ms } }\n')
  const validated = await auraJson<Validation>(folder, 'validate', 'middle.yaml')
  expect(validated.value.problems).toMatchObject([
    { ...place, hint: 'last.yaml has that name and is not valid: mend it first' },
  ])
})

test('a database file that cannot be read keeps nobody from validating', async () => {
  const folder = newFolder()
  writeFamily(folder)
  mkdirSync(join(folder, '.aura'))
  write(folder, '.aura/aura.db', 'this is no database'.repeat(100))
  const { code, value } = await auraJson<Validation>(folder, 'validate', 'parent.yaml')
  expect([code, value]).toEqual([0, { valid: true, problems: [] }])
})

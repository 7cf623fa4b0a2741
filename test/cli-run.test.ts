import { execFile } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, expect, test } from 'vitest'
import { aura, auraJson, auraScript, cleanUp, newFolder, startAura } from './cli-process.ts'

afterEach(cleanUp)

interface Run {
  readonly executionId: string
  readonly status: string
  readonly output: unknown
  readonly error: { code: string } | null
  readonly steps: Record<string, Record<string, unknown>>
}

const runKeys = [
  'executionId',
  'workflow',
  'version',
  'status',
  'output',
  'error',
  'degraded',
  'steps',
]
const stepKeys = ['status', 'attempts', 'output', 'error', 'degraded', 'startedAtMs', 'endedAtMs']
const errorKeys = ['code', 'message', 'retryable', 'hint', 'details']

const helper = `import { defineAgent } from 'aura-orchestration'
import { writeFileSync } from 'node:fs'
export default [defineAgent({
  type: 'helper',
  actions: {
    echo: { effect: 'read', run: (input) => { console.log('from the agent'); process.stdout.write('and again\\n'); return input } },
    fail: { effect: 'read', run: () => { throw Object.assign(new Error('it is broken'), { retryable: false }) } },
    stray: { effect: 'read', run: () => { void Promise.reject(new Error('forgotten')); setInterval(() => {}, 1000); return 1 } },
    hang: { effect: 'read', run: async (_, context) => { writeFileSync('hanging', ''); await new Promise((done) => context.signal.addEventListener('abort', done)) } },
  },
})]
`

function setUp(): string {
  const folder = newFolder()
  writeFileSync(join(folder, 'helper.ts'), helper)
  const write = (name: string, steps: string, rest = ''): void =>
    writeFileSync(
      join(folder, `${name}.yaml`),
      `name: ${name}\nversion: 1.0.0\n${rest}steps:\n${steps}\n`,
    )
  write('echo', '  s: { agent: helper, action: echo, with: { said: "${ input }" } }')
  write('fail', '  s: { agent: helper, action: fail }\n  later: { needs: [s], sleep: 1s }')
  write('stray', '  s: { agent: helper, action: stray }\n  rest: { needs: [s], sleep: 50ms }')
  write('ask', '  ask: { waitFor: { signal: approval } }')
  write('each', '  s: { forEach: "[1, 2]", agent: helper, action: echo, with: { n: "${ item }" } }')
  return folder
}

test('a run that completes prints the run object whole and exits 0', async () => {
  const folder = setUp()
  const { code, value, stderr } = await auraJson<Run>(
    folder,
    'run',
    'echo.yaml',
    '--id',
    'e-1',
    '--agents',
    'helper.ts',
    '--input',
    'n=5',
    '--input',
    'text=5 apples',
  )
  expect(code).toBe(0)
  expect(Object.keys(value)).toEqual(runKeys)
  expect(value).toMatchObject({
    executionId: 'e-1',
    workflow: 'echo',
    version: '1.0.0',
    status: 'completed',
    output: { s: { said: { n: 5, text: '5 apples' } } },
    error: null,
    degraded: [],
  })
  expect(Object.keys(value.steps.s ?? {})).toEqual(stepKeys)
  expect(value.steps.s).toMatchObject({
    status: 'completed',
    attempts: 1,
    error: null,
    degraded: null,
  })
  expect(stderr).toContain('from the agent')
  expect(stderr).toContain('and again')
})

test('a run that fails prints the run object, not an error document, and exits 1', async () => {
  const folder = setUp()
  const { code, value } = await auraJson<Run>(
    folder,
    'run',
    'fail.yaml',
    '--id',
    'f-1',
    '--agents',
    'helper.ts',
  )
  expect(code).toBe(1)
  expect(Object.keys(value)).toEqual(runKeys)
  expect(value).toMatchObject({ status: 'failed', output: null })
  expect(Object.keys(value.error ?? {})).toEqual(errorKeys)
  expect(value.steps.s).toMatchObject({ status: 'failed', error: { message: 'it is broken' } })
  const again = await aura(folder, 'run', 'fail.yaml', '--id', 'f-1', '--agents', 'helper.ts')
  expect(again.code).toBe(1)
  expect(again.stdout).toContain('it is broken')
  expect(again.stdout).toContain('show f-1')
})

test('a finished execution prints its recorded result; another document or input under its id is refused', async () => {
  const folder = setUp()
  const first = await auraJson<Run>(
    folder,
    'run',
    'echo.yaml',
    '--id',
    'e-1',
    '--agents',
    'helper.ts',
    '--input',
    'n=5',
  )
  const same = await auraJson<Run>(
    folder,
    'run',
    'echo.yaml',
    '--id',
    'e-1',
    '--agents',
    'helper.ts',
    '--input',
    'n=5',
  )
  expect(same).toMatchObject({ code: 0, value: first.value })
  const unasked = await auraJson<Run>(
    folder,
    'run',
    'echo.yaml',
    '--id',
    'e-1',
    '--agents',
    'helper.ts',
  )
  expect(unasked).toMatchObject({ code: 0, value: first.value })
  const input = await auraJson(
    folder,
    'run',
    'echo.yaml',
    '--id',
    'e-1',
    '--agents',
    'helper.ts',
    '--input',
    'n=6',
  )
  const document = await auraJson(folder, 'run', 'ask.yaml', '--id', 'e-1')
  const id = await auraJson(folder, 'run', 'ask.yaml', '--id', 'not/an/id')
  expect(input).toMatchObject({ code: 2, value: { error: { code: 'UsageError' } } })
  expect(document).toMatchObject({ code: 2, value: { error: { code: 'UsageError' } } })
  expect(id).toMatchObject({ code: 2, value: { error: { code: 'InputError' } } })
})

test('an agent that forgets a promise and leaves a timer behind harms nobody', async () => {
  const folder = setUp()
  const { code, value, stderr } = await auraJson<Run>(
    folder,
    'run',
    'stray.yaml',
    '--agents',
    'helper.ts',
  )
  expect(code).toBe(0)
  expect(value.status).toBe('completed')
  expect(stderr).toContain('forgotten')
})

test('show, ls and logs print their shapes', async () => {
  const folder = setUp()
  await aura(folder, 'run', 'each.yaml', '--id', 'x-1', '--agents', 'helper.ts')
  const [show, list, logs, lines] = await Promise.all([
    auraJson<Run>(folder, 'show', 'x-1'),
    auraJson<{ executions: Record<string, unknown>[] }>(
      folder,
      'ls',
      '--workflow',
      'each',
      '--status',
      'completed',
    ),
    auraJson<{ executionId: string; entries: { seq: number }[] }>(folder, 'logs', 'x-1'),
    aura(folder, 'logs', 'x-1', '-f', '--json'),
  ])
  expect(Object.keys(show.value).toSorted()).toEqual(
    [...runKeys, 'currentSteps', 'checkpoints', 'progress', 'metrics', 'errorLog'].toSorted(),
  )
  expect(Object.keys(show.value.steps.s ?? {}).toSorted()).toEqual(
    [...stepKeys, 'items'].toSorted(),
  )
  expect(show.value.steps.s).toMatchObject({ attempts: 2, items: [{ index: 0 }, { index: 1 }] })
  expect(list.value.executions).toHaveLength(1)
  expect(Object.keys(list.value.executions[0] ?? {})).toEqual([
    'executionId',
    'workflow',
    'version',
    'status',
    'metadata',
    'startedAtMs',
    'endedAtMs',
  ])
  expect(logs.value.executionId).toBe('x-1')
  expect(logs.value.entries.map(({ seq }) => seq)).toEqual(logs.value.entries.map((_, i) => i + 1))
  const followed = lines.stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown)
  expect(followed).toEqual(logs.value.entries)
  expect((await aura(folder, 'show', 'x-1')).stdout).toMatch(/✔ s +completed .*2\/2 items/)
})

test('relative file paths start from the working folder, defaults from the document', async () => {
  const folder = setUp()
  const nested = join(folder, 'docs')
  mkdirSync(nested)
  writeFileSync(
    join(nested, 'paths.yaml'),
    `name: paths
version: 1.0.0
input:
  type: object
  properties:
    given: { type: string, format: file-path }
    assumed: { type: string, format: file-path, default: data/a.csv }
steps: { s: { sleep: 1ms } }
output: "\${ input }"
`,
  )
  const { value } = await auraJson<Run>(folder, 'run', 'docs/paths.yaml', '--input', 'given=b.csv')
  expect(value.output).toEqual({
    given: join(folder, 'b.csv'),
    assumed: join(nested, 'data', 'a.csv'),
  })
})

test('--input-file gives the input and --input goes over it', async () => {
  const folder = setUp()
  writeFileSync(join(folder, 'in.json'), JSON.stringify({ a: 1, b: 1 }))
  const { value } = await auraJson<Run>(
    folder,
    'run',
    'echo.yaml',
    '--agents',
    'helper.ts',
    '--input-file',
    'in.json',
    '--input',
    'b=2',
  )
  expect(value.output).toEqual({ s: { said: { a: 1, b: 2 } } })
})

test('--detach records the start; run --id drives it', async () => {
  const folder = setUp()
  const detached = await auraJson<Run>(
    folder,
    'run',
    'echo.yaml',
    '--id',
    'd-1',
    '--detach',
    '--input',
    'n=1',
  )
  expect(detached.code).toBe(0)
  expect(detached.value.steps.s).toMatchObject({ attempts: 0 })
  const driven = await auraJson<Run>(
    folder,
    'run',
    'echo.yaml',
    '--id',
    'd-1',
    '--agents',
    'helper.ts',
  )
  expect(driven).toMatchObject({
    code: 0,
    value: { status: 'completed', output: { s: { said: { n: 1 } } } },
  })
})

test('Ctrl-C exits 130, says how to go on, and the execution stays', async () => {
  const folder = setUp()
  const run = startAura(folder, ['run', 'ask.yaml', '--id', 'c-1', '--json'])
  await run.sees(/aura signal c-1 approval/)
  run.kill('SIGINT')
  const { code, stdout, stderr } = await run.ended
  expect(code).toBe(130)
  expect(stderr).toMatch(/aura run ask\.yaml --id c-1\n/)
  expect(JSON.parse(stdout)).toMatchObject({ executionId: 'c-1', status: 'waiting' })
  const list = await auraJson<{ executions: unknown[] }>(folder, 'ls')
  expect(list.value.executions).toMatchObject([
    { executionId: 'c-1', status: 'waiting', endedAtMs: null },
  ])
})

test('a second Ctrl-C does not wait for an agent that hangs', async () => {
  const folder = setUp()
  writeFileSync(
    join(folder, 'hang.yaml'),
    'name: hang\nversion: 1.0.0\nsteps: { s: { agent: helper, action: hang } }\n',
  )
  const run = startAura(folder, ['run', 'hang.yaml', '--id', 'h-1', '--agents', 'helper.ts'])
  await run.sees(/s attempt 1/)
  run.kill('SIGINT')
  await run.sees(/Ctrl-C again stops at once/)
  run.kill('SIGINT')
  expect((await run.ended).code).toBe(130)
})

test('a reader that has seen enough is no fault', async () => {
  const folder = setUp()
  await aura(folder, 'run', 'each.yaml', '--id', 'x-1', '--agents', 'helper.ts')
  const shell = ['-c', `"${auraScript}" logs x-1 | head -1`]
  const { stdout, stderr } = await promisify(execFile)('sh', shell, { cwd: folder })
  expect(stdout.trimEnd().split('\n')).toHaveLength(1)
  expect(stderr).toBe('')
})

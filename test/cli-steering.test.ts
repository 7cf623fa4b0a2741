import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { aura, auraJson, cleanUp, newFolder, startAura } from './cli-process.ts'
import type { RunningAura } from './cli-process.ts'

afterEach(cleanUp)

interface Steered {
  readonly executionId: string
  readonly status: string
}
interface Refused {
  readonly error: { readonly code: string; readonly message: string; readonly hint: string | null }
}

const agents = `import { defineAgent } from 'aura-orchestration'
import { existsSync, writeFileSync } from 'node:fs'
export default [defineAgent({
  type: 'bank',
  actions: {
    // Dies with its process the first time, so that nobody knows what happened.
    pay: { effect: 'once', run: (input) => {
      if (existsSync('paid')) return { paid: 'again' }
      writeFileSync('paid', '')
      process.kill(process.pid, 'SIGKILL')
      return new Promise(() => {})
    } },
  },
})]
`

function setUp(): string {
  const folder = newFolder()
  writeFileSync(join(folder, 'bank.ts'), agents)
  const write = (name: string, steps: string): void =>
    writeFileSync(join(folder, `${name}.yaml`), `name: ${name}\nversion: 1.0.0\nsteps:\n${steps}\n`)
  write('ask', '  ask: { waitFor: { signal: approval } }')
  write('asks', '  ask: { waitFor: { signal: approval } }\n  after: { needs: [ask], sleep: 1ms }')
  write('pay', '  pay: { agent: bank, action: pay }\n  after: { needs: [pay], sleep: 1ms }')
  write('pays', '  pay: { forEach: "[1]", agent: bank, action: pay }')
  return folder
}

async function waitingRun(folder: string, id: string, file = 'ask.yaml'): Promise<RunningAura> {
  const run = startAura(folder, ['run', file, '--id', id, '--json'])
  await run.sees(new RegExp(`aura signal ${id} approval`))
  return run
}

test('an owner that is alive is steered, and its run ends as told', async () => {
  const folder = setUp()
  const run = await waitingRun(folder, 'a-1')
  const steer = (...words: string[]) => auraJson<Steered>(folder, ...words)
  expect(await steer('pause', 'a-1')).toMatchObject({
    code: 0,
    value: { executionId: 'a-1', status: 'paused' },
  })
  expect(await steer('pause', 'a-1')).toMatchObject({ code: 0, value: { status: 'paused' } })
  expect(await steer('resume', 'a-1')).toMatchObject({ code: 0, value: { status: 'waiting' } })
  const { value } = await steer('signal', 'a-1', 'approval', '--data', '{"ok":true}')
  expect(Object.keys(value)).toEqual(['executionId', 'status'])
  const { code, stdout } = await run.ended
  expect(code).toBe(0)
  expect(JSON.parse(stdout)).toMatchObject({ status: 'completed', output: { ask: { ok: true } } })
  expect(await steer('cancel', 'a-1')).toMatchObject({ code: 0, value: { status: 'completed' } })
})

test('a run whose execution is cancelled exits 1 with the run object', async () => {
  const folder = setUp()
  const run = await waitingRun(folder, 'a-2')
  expect(await auraJson(folder, 'cancel', 'a-2')).toMatchObject({
    code: 0,
    value: { status: 'cancelled' },
  })
  const { code, stdout } = await run.ended
  expect(code).toBe(1)
  expect(JSON.parse(stdout)).toMatchObject({
    status: 'cancelled',
    error: { code: 'WorkflowCancelledError' },
  })
})

test('without an owner verbs are recorded on the file and obeyed by whoever goes on', async () => {
  const folder = setUp()
  const run = await waitingRun(folder, 'a-3', 'asks.yaml')
  run.kill('SIGKILL')
  await run.ended
  const steer = (...words: string[]) => auraJson<Steered>(folder, ...words)
  expect(await steer('pause', 'a-3')).toMatchObject({
    code: 0,
    value: { executionId: 'a-3', status: 'paused' },
  })
  expect(await steer('pause', 'a-3')).toMatchObject({ code: 0, value: { status: 'paused' } })
  expect((await steer('resume', 'a-3')).code).toBe(0)
  const signalled = await steer('signal', 'a-3', 'approval', '--data', '"yes"')
  expect(signalled.code).toBe(0)
  expect(signalled.stderr).toContain('--id a-3')
  const done = await auraJson(folder, 'run', 'asks.yaml', '--id', 'a-3')
  expect(done).toMatchObject({
    code: 0,
    value: { status: 'completed', steps: { ask: { output: 'yes' } } },
  })
})

test('verbs refuse unknown executions, signals to ended ones and data that is no JSON', async () => {
  const folder = setUp()
  writeFileSync(
    join(folder, 'nap.yaml'),
    'name: nap\nversion: 1.0.0\nsteps: { s: { sleep: 1ms } }\n',
  )
  await aura(folder, 'run', 'nap.yaml', '--id', 'n-1')
  const refused = (...words: string[]) => auraJson<Refused>(folder, ...words)
  expect(await refused('pause', 'n-2')).toMatchObject({
    code: 2,
    value: { error: { code: 'NotFoundError' } },
  })
  expect(await refused('show', 'n-2')).toMatchObject({
    code: 2,
    value: { error: { hint: "did you mean 'n-1'?" } },
  })
  expect(await refused('signal', 'n-1', 'approval')).toMatchObject({
    code: 2,
    value: { error: { code: 'RefusedError' } },
  })
  expect(await refused('signal', 'n-1', 'x', '--data', 'yes')).toMatchObject({
    code: 2,
    value: { error: { code: 'UsageError' } },
  })
  expect(await refused('resolve', 'n-1', 's')).toMatchObject({
    code: 2,
    value: { error: { code: 'UsageError' } },
  })
  expect(await refused('resolve', 'n-1', 's', '--retry', '--fail')).toMatchObject({ code: 2 })
})

test('the file of another run is out of reach: exit 3, naming its pid', async () => {
  const folder = setUp()
  const run = await waitingRun(folder, 'a-4')
  const other = await auraJson<Refused>(folder, 'run', 'ask.yaml', '--id', 'a-5')
  const detached = await auraJson<Refused>(folder, 'run', 'ask.yaml', '--id', 'a-5', '--detach')
  for (const { code, value } of [other, detached]) {
    expect(code).toBe(3)
    expect(value.error.code).toBe('OwnerError')
    expect(value.error.message).toContain(`pid ${run.pid}`)
  }
  expect((await aura(folder, 'ls')).stdout).not.toContain('a-5')
  const doctor = await auraJson<{ checks: { name: string; detail: string }[] }>(folder, 'doctor')
  expect(doctor.value.checks.find(({ name }) => name === 'owner')?.detail).toContain(
    `pid ${run.pid}`,
  )
})

test('an owner that does not answer is given up after 5 s with exit 3, and answers again later', async () => {
  const folder = setUp()
  const run = await waitingRun(folder, 'a-6')
  run.kill('SIGSTOP')
  const [paused, ran] = await Promise.all([
    auraJson<Refused>(folder, 'pause', 'a-6'),
    auraJson<Refused>(folder, 'run', 'ask.yaml', '--id', 'a-7'),
  ])
  run.kill('SIGCONT')
  expect(paused).toMatchObject({ code: 3, value: { error: { code: 'OwnerError' } } })
  expect(paused.value.error.message).toContain('within 5000 ms')
  expect(ran).toMatchObject({ code: 3, value: { error: { code: 'OwnerError' } } })
  expect((await auraJson(folder, 'signal', 'a-6', 'approval')).code).toBe(0)
  expect((await run.ended).code).toBe(0)
})

test('the owner file is private, true while the owner lives, and gone afterwards', async () => {
  const folder = setUp()
  const run = await waitingRun(folder, 'a-8')
  const path = join(folder, '.aura', 'aura.db.owner')
  expect(statSync(path).mode & 0o777).toBe(0o600)
  const owner = JSON.parse(readFileSync(path, 'utf8')) as {
    pid: number
    port: number
    token: string
  }
  expect(owner.pid).toBe(run.pid)
  const metrics = await fetch(`http://127.0.0.1:${owner.port}/metrics`)
  expect(await metrics.text()).toContain('active_workflows_count')
  const refused = await fetch(`http://127.0.0.1:${owner.port}/v1/executions`)
  expect(refused.status).toBe(401)
  const listed = await fetch(`http://127.0.0.1:${owner.port}/v1/executions`, {
    headers: { authorization: `Bearer ${owner.token}` },
  })
  expect(await listed.json()).toMatchObject({
    executions: [{ executionId: 'a-8' }],
    nextCursor: null,
  })
  await auraJson(folder, 'cancel', 'a-8')
  await run.ended
  expect(existsSync(path)).toBe(false)
})

test.each([
  ['pay', 'pay', ['--succeed', '{"paid":"by hand"}'], 0, { paid: 'by hand' }],
  ['pay', 'pay', ['--retry'], 0, { paid: 'again' }],
  ['pay', 'pay', ['--fail'], 1, null],
  ['pays', 'pay[0]', ['--succeed', '{"paid":"by hand"}'], 0, [{ paid: 'by hand' }]],
] as const)(
  '%s: an unknown outcome of %s is resolved with %j',
  async (...[name, step, how, code, output]) => {
    const folder = setUp()
    const words = ['run', `${name}.yaml`, '--id', 'p-1', '--agents', 'bank.ts']
    expect((await startAura(folder, words).ended).signal).toBe('SIGKILL')
    const run = startAura(folder, [...words, '--json'])
    await run.sees(/aura resolve p-1 '?pay/)
    expect((await auraJson<Steered>(folder, 'resolve', 'p-1', step, ...how)).code).toBe(0)
    const ended = await run.ended
    expect(ended.code).toBe(code)
    const { steps } = JSON.parse(ended.stdout) as { steps: { pay: { output: unknown } } }
    expect(steps.pay.output).toEqual(output)
  },
)

test('an unknown outcome can be resolved while nobody owns the file', async () => {
  const folder = setUp()
  const words = ['run', 'pay.yaml', '--id', 'p-2', '--agents', 'bank.ts']
  await startAura(folder, words).ended
  const resolved = await auraJson<Steered>(folder, 'resolve', 'p-2', 'pay', '--succeed', '1')
  expect(resolved).toMatchObject({ code: 0, value: { executionId: 'p-2' } })
  const done = await auraJson(folder, ...words)
  expect(done).toMatchObject({
    code: 0,
    value: { status: 'completed', steps: { pay: { output: 1, attempts: 1 } } },
  })
})

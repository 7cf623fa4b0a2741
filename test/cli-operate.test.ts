import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test, vi } from 'vitest'
import { openEngineParts } from '../src/engine/index.ts'
import { aura, auraJson, cleanUp, newFolder, startAura } from './cli-process.ts'
import type { RunningAura } from './cli-process.ts'

// Many processes one after the other, on machines that have other work too.
vi.setConfig({ testTimeout: 60_000 })
afterEach(cleanUp)

interface Steered {
  readonly executionId: string
  readonly status: string
}
interface Refused {
  readonly error: {
    readonly code: string
    readonly message: string
    readonly hint: string | null
    readonly details: { readonly [key: string]: unknown } | null
  }
}
interface Run extends Steered {
  readonly output: unknown
  readonly steps: { readonly [id: string]: { readonly status: string; readonly output: unknown } }
}
interface Break {
  readonly executionId: string | null
  readonly stepId: string | null
  readonly kind: string
  readonly message: string
}

const agents = `import { defineAgent } from 'aura-orchestration'
import { existsSync } from 'node:fs'
export default [defineAgent({
  type: 'bank',
  actions: {
    pay: { effect: 'idempotent', run: () => ({ paid: true }) },
    refund: { effect: 'idempotent', run: () => ({ refunded: true }) },
    wire: { effect: 'once', run: () => ({ wired: true }) },
    risky: { effect: 'read', run: () => {
      if (!existsSync('fixed')) throw new Error('not fixed')
      return { ok: true }
    } },
    exits: { effect: 'read', run: () => process.exit(0) },
    some: { effect: 'read', run: ({ n }) => n === 0 ? {} : new Promise(() => { console.log('hangs now') }) },
    hangs: { effect: 'read', run: () => new Promise(() => { console.log('hangs now') }) },
  },
})]
`

function setUp(): string {
  const folder = newFolder()
  writeFileSync(join(folder, 'bank.ts'), agents)
  const write = (name: string, steps: string, more = ''): void =>
    writeFileSync(
      join(folder, `${name}.yaml`),
      `name: ${name}\nversion: 1.0.0\n${more}steps:\n${steps}\n`,
    )
  const pay =
    '  pay: { agent: bank, action: pay, checkpoint: paid, compensate: { agent: bank, action: refund } }'
  const ask = '  ask: { needs: [pay], waitFor: { signal: go } }'
  write('job', `${pay}\n${ask}`)
  write(
    'wire',
    '  wire: { agent: bank, action: wire }\n  ask: { needs: [wire], waitFor: { signal: go } }',
  )
  const risky = '  risky: { agent: bank, action: risky, retry: { maxAttempts: 1 } }'
  write('risky', risky)
  write('other-risky', risky)
  write('exits', '  exits: { agent: bank, action: exits }')
  write(
    'some',
    '  a: { forEach: "[0, 1]", maxParallel: 1, agent: bank, action: some, with: { n: "${ item }" } }',
  )
  write('hangs', '  hangs: { agent: bank, action: hangs }')
  return folder
}

async function waitingRun(folder: string, file: string, id: string): Promise<RunningAura> {
  const run = startAura(folder, [
    'run',
    `${file}.yaml`,
    '--agents',
    'bank.ts',
    '--id',
    id,
    '--json',
  ])
  await run.sees(new RegExp(`aura signal ${id} go`))
  return run
}

/** Leaves an open execution behind that nobody drives. */
async function parked(folder: string, file: string, id: string): Promise<void> {
  const run = await waitingRun(folder, file, id)
  run.kill('SIGKILL')
  await run.ended
}

const goOn = (folder: string, file: string, id: string) =>
  auraJson<Run>(folder, 'run', `${file}.yaml`, '--agents', 'bank.ts', '--id', id)

for (const owned of [true, false]) {
  const how = owned ? 'through the owner' : 'on the file that nobody owns'
  test(`checkpoint, rollback and fork work ${how}`, async () => {
    const folder = setUp()
    const run = await waitingRun(folder, 'job', 'j-1')
    if (!owned) {
      run.kill('SIGKILL')
      await run.ended
    }
    const taken = await auraJson<Steered & { checkpointId: string }>(
      folder,
      'checkpoint',
      'j-1',
      '--label',
      'mine',
    )
    expect(taken.code).toBe(0)
    expect(taken.value).toEqual({
      executionId: 'j-1',
      status: 'waiting',
      checkpointId: expect.stringMatching(/^j-1\/@\d+$/),
    })
    const shown = await auraJson<{ checkpoints: { label: string }[] }>(folder, 'show', 'j-1')
    expect(shown.value.checkpoints.map(({ label }) => label)).toEqual(['paid', 'mine'])
    if (!owned) {
      const forked = await auraJson<Steered>(folder, 'fork', 'j-1', '--from', 'paid', '--id', 'j-2')
      expect(forked).toMatchObject({ code: 0, value: { executionId: 'j-2' } })
      expect(Object.keys(forked.value)).toEqual(['executionId'])
      expect(forked.stderr).toContain('aura serve')
    }
    const back = await auraJson<Steered>(folder, 'rollback', 'j-1', '--to', 'start')
    expect(back.code).toBe(0)
    expect(Object.keys(back.value)).toEqual(['executionId', 'status'])
    const known = await auraJson<Refused>(folder, 'rollback', 'j-1', '--to', 'nowhere')
    expect(known).toMatchObject({ code: 2, value: { error: { code: 'NotFoundError' } } })
    if (owned) {
      expect((await auraJson(folder, 'signal', 'j-1', 'go')).code).toBe(0)
      expect((await run.ended).code).toBe(0)
    } else {
      expect((await auraJson(folder, 'signal', 'j-1', 'go')).code).toBe(0)
      expect((await goOn(folder, 'job', 'j-1')).value.status).toBe('completed')
      expect((await auraJson(folder, 'signal', 'j-2', 'go')).code).toBe(0)
      const fork = await goOn(folder, 'job', 'j-2')
      expect(fork.value).toMatchObject({
        status: 'completed',
        steps: { pay: { output: { paid: true } } },
      })
    }
    const log = await aura(folder, 'logs', 'j-1')
    expect(log.stdout).toContain('execution has gone back')
  })
}

test('a rollback over effects that nothing undoes is refused with their list, unless they are accepted', async () => {
  const folder = setUp()
  await parked(folder, 'wire', 'w-1')
  const refused = await auraJson<Refused>(folder, 'rollback', 'w-1', '--to', 'start')
  expect(refused).toMatchObject({ code: 2, value: { error: { code: 'RefusedError' } } })
  expect(refused.value.error.hint).toContain('--accept-effects')
  expect(refused.value.error.details?.effects).toEqual(['wire'])
  const accepted = await auraJson(folder, 'rollback', 'w-1', '--to', 'start', '--accept-effects')
  expect(accepted.code).toBe(0)
})

test('a fork with a corrected document goes on with that; a completed execution is forked, not rolled back', async () => {
  const folder = setUp()
  await parked(folder, 'job', 'j-1')
  writeFileSync(
    join(folder, 'better.yaml'),
    'name: job\nversion: 1.0.1\nsteps:\n  pay: { agent: bank, action: pay }\n  nap: { needs: [pay], sleep: 1ms }\n',
  )
  const forked = await auraJson<Steered>(
    folder,
    'fork',
    'j-1',
    '--from',
    'paid',
    '--document',
    'better.yaml',
    '--id',
    'j-3',
  )
  expect(forked.code).toBe(0)
  const done = await goOn(folder, 'better', 'j-3')
  expect(done.value).toMatchObject({
    status: 'completed',
    steps: { pay: { output: { paid: true } } },
  })
  const back = await auraJson<Refused>(folder, 'rollback', 'j-3', '--to', 'start')
  expect(back).toMatchObject({ code: 2, value: { error: { code: 'RefusedError' } } })
  expect(await auraJson<Refused>(folder, 'fork', 'j-9', '--from', 'start')).toMatchObject({
    code: 2,
  })
})

test('dead letters are listed, shown, redriven and discarded', async () => {
  const folder = setUp()
  const run = (file: string, id: string) => goOn(folder, file, id)
  expect((await run('risky', 'r-1')).code).toBe(1)
  await run('risky', 'r-2')
  await run('other-risky', 'o-1')
  const list = async (...words: string[]): Promise<string[]> =>
    (
      await auraJson<{ deadLetters: { id: string }[] }>(folder, 'dlq', 'ls', ...words)
    ).value.deadLetters.map(({ id }) => id)
  expect(await list()).toEqual(['r-1', 'r-2', 'o-1'])
  expect(await list('--workflow', 'risky')).toEqual(['r-1', 'r-2'])
  const shown = await auraJson<object>(folder, 'dlq', 'show', 'r-1')
  expect(shown.value).toMatchObject({
    id: 'r-1',
    executionId: 'r-1',
    stepId: 'risky',
    error: { code: 'AgentError' },
    workflow: 'risky',
    status: 'failed',
  })
  const person = await aura(folder, 'dlq', 'show', 'r-1')
  expect(person.stdout).toContain('dlq redrive r-1')
  writeFileSync(join(folder, 'fixed'), '')
  const redriven = await auraJson<Steered>(folder, 'dlq', 'redrive', 'r-1')
  expect(redriven.code).toBe(0)
  expect(Object.keys(redriven.value)).toEqual(['executionId', 'status'])
  expect((await run('risky', 'r-1')).value.status).toBe('completed')
  const discarded = await auraJson<Steered>(folder, 'dlq', 'discard', 'r-2')
  expect(discarded).toMatchObject({ code: 0, value: { executionId: 'r-2', status: 'failed' } })
  expect(await list()).toEqual(['o-1'])
  const all = await auraJson<{ results: { id: string }[] }>(folder, 'dlq', 'redrive', '--all')
  expect(all.value.results).toMatchObject([{ id: 'o-1', executionId: 'o-1', error: null }])
  expect(await list()).toEqual([])
  const cases = [
    ['show', 'r-1'],
    ['redrive', 'r-1'],
    ['discard', 'nobody'],
    ['redrive'],
    ['redrive', 'r-1', '--all'],
    ['discard', 'r-1', '--workflow', 'risky'],
  ]
  for (const words of cases)
    expect((await auraJson<Refused>(folder, 'dlq', ...words)).code, words.join(' ')).toBe(2)
})

test('check names what an open execution would miss, and that a changed document orphans nothing', async () => {
  const folder = setUp()
  await parked(folder, 'job', 'j-1')
  const check = (...words: string[]) =>
    auraJson<{ breaks: Break[]; notes: string[] }>(folder, 'check', ...words)
  expect(await check('--agents', 'bank.ts')).toMatchObject({ code: 0, value: { breaks: [] } })
  const without = await check()
  expect(without.code).toBe(1)
  expect(without.value.breaks).toMatchObject([
    { executionId: 'j-1', stepId: 'pay', kind: 'agentMissing' },
  ])
  writeFileSync(join(folder, 'less.ts'), agents.replace('refund:', 'giveBack:'))
  const less = await check('--agents', 'less.ts')
  expect(less).toMatchObject({
    code: 1,
    value: { breaks: [{ executionId: 'j-1', stepId: 'pay', kind: 'actionMissing' }] },
  })
  writeFileSync(
    join(folder, 'job2.yaml'),
    'name: job\nversion: 2.0.0\nsteps: { pay: { agent: bank, action: pay } }\n',
  )
  const changed = await check('job2.yaml', '--agents', 'bank.ts')
  expect(changed.code).toBe(0)
  expect(changed.value.notes).toEqual([expect.stringContaining('1 open execution keeps')])
  writeFileSync(
    join(folder, 'nightly.yaml'),
    'name: nightly\nversion: 1.0.0\ntriggers: [{ schedule: "0 3 * * *" }]\nsteps: { a: { agent: bank, action: nothing } }\n',
  )
  const broken = await check('nightly.yaml', '--agents', 'bank.ts')
  expect(broken).toMatchObject({
    code: 1,
    value: { breaks: [{ executionId: null, stepId: 'a', kind: 'documentInvalid' }] },
  })
})

test('check sees that the contract of a call under way has changed', async () => {
  const folder = setUp()
  const run = startAura(folder, ['run', 'hangs.yaml', '--agents', 'bank.ts', '--id', 'h-1'])
  await run.sees(/hangs now/)
  run.kill('SIGKILL')
  await run.ended
  const check = (file: string) => auraJson<{ breaks: Break[] }>(folder, 'check', '--agents', file)
  expect((await check('bank.ts')).value.breaks).toEqual([])
  writeFileSync(
    join(folder, 'new.ts'),
    agents.replace(
      "hangs: { effect: 'read',",
      "hangs: { effect: 'read', output: { type: 'object' },",
    ),
  )
  expect((await check('new.ts')).value.breaks).toMatchObject([
    { executionId: 'h-1', stepId: 'hangs', kind: 'contractChanged' },
  ])
  writeFileSync(
    join(folder, 'once.ts'),
    agents.replace("hangs: { effect: 'read',", "hangs: { effect: 'once',"),
  )
  expect((await check('once.ts')).value.breaks).toMatchObject([{ kind: 'effectChanged' }])
})

test('top prints one snapshot without a terminal', async () => {
  const folder = setUp()
  const nothing = await auraJson<{ executions: unknown[] }>(folder, 'top')
  expect(nothing).toMatchObject({ code: 0, value: { executions: [], rates: null } })
  expect(existsSync(join(folder, '.aura'))).toBe(false)
  await parked(folder, 'job', 'j-1')
  const { value } = await auraJson<object>(folder, 'top')
  expect(value).toMatchObject({
    counts: { running: 0, waiting: 1, paused: 0, pending: 0 },
    executions: [
      {
        executionId: 'j-1',
        status: 'waiting',
        completed: 1,
        total: 2,
        currentSteps: ['ask'],
        waitingFor: [{ stepId: 'ask', reason: { kind: 'signal', signal: 'go' } }],
      },
    ],
  })
  const person = await aura(folder, 'top')
  expect(person.stdout).toContain("ask waits for signal 'go'")
})

test('without an owner the advice names serve and the document that is meant', async () => {
  const folder = setUp()
  await parked(folder, 'job', 'j-1')
  const { stdout } = await aura(folder, 'show', 'j-1')
  expect(stdout).toMatch(/aura serve {2}# drives everything/)
  expect(stdout).toMatch(
    /run DOCUMENT --id j-1 {2}# drives this one; DOCUMENT is the file of job 1\.0\.0/,
  )
})

test('a module that calls process.exit ends run --json with an error document and exit 2', async () => {
  const folder = setUp()
  const words = ['run', 'exits.yaml', '--agents', 'bank.ts', '--id', 'x-1']
  const { code, value } = await auraJson<Refused>(folder, ...words)
  expect(code).toBe(2)
  expect(value.error).toMatchObject({
    code: 'AgentModuleError',
    hint: expect.stringContaining('x-1'),
  })
  expect(value.error.message).toContain('process.exit(0)')
  writeFileSync(join(folder, 'leaves.ts'), 'process.exit(0)\nexport default []\n')
  const loading = await auraJson<Refused>(folder, 'agents', 'ls', '--agents', 'leaves.ts')
  expect(loading).toMatchObject({ code: 2, value: { error: { code: 'AgentModuleError' } } })
})

test('a second Ctrl-C ends run --json with the run object as it is recorded', async () => {
  const folder = setUp()
  const run = startAura(folder, [
    'run',
    'hangs.yaml',
    '--agents',
    'bank.ts',
    '--id',
    'h-1',
    '--json',
  ])
  await run.sees(/hangs now/)
  run.kill('SIGINT')
  await run.sees(/Ctrl-C again/)
  run.kill('SIGINT')
  const { code, stdout } = await run.ended
  expect(code).toBe(130)
  expect(JSON.parse(stdout)).toMatchObject({ executionId: 'h-1', status: 'running' })
})

test('init makes a project whose document and agents are valid, in an empty folder only', async () => {
  const folder = newFolder()
  const made = await auraJson<{ files: string[] }>(folder, 'init', 'my project')
  expect(made.code).toBe(0)
  const project = join(folder, 'my project')
  expect(readdirSync(project).toSorted()).toEqual(made.value.files.toSorted())
  const valid = await auraJson(project, 'validate', 'order.yaml', '--agents', 'agents.ts')
  expect(valid).toMatchObject({ code: 0, value: { valid: true, problems: [] } })
  const words = ['run', 'order.yaml', '--agents', 'agents.ts', '--input', 'customer=ann']
  const run = await auraJson<Run>(project, ...words, '--input', 'amount=25', '--id', 'o-1')
  expect(run.value).toMatchObject({
    status: 'completed',
    output: { total: 29.75, receipt: 'ann has paid (o-1/pay/1)' },
  })
  const again = await auraJson<Refused>(folder, 'init', 'my project')
  expect(again).toMatchObject({ code: 2, value: { error: { code: 'UsageError' } } })
})

test('an item that is resolved and not uncertain is refused with its own status', async () => {
  const folder = setUp()
  const run = startAura(folder, ['run', 'some.yaml', '--agents', 'bank.ts', '--id', 's-1'])
  await run.sees(/hangs now/)
  const refusal = async (label: string) =>
    (await auraJson<Refused>(folder, 'resolve', 's-1', label, '--retry')).value.error
  expect(await refusal('a[0]')).toMatchObject({
    code: 'RefusedError',
    message: "item 'a[0]' is not uncertain but completed",
  })
  expect(await refusal('a[1]')).toMatchObject({
    message: "item 'a[1]' is not uncertain but running",
  })
  expect(await refusal('a')).toMatchObject({ message: "step 'a' is not uncertain but running" })
})

test('show tells of an execution that retention has removed how it ended, and no more', async () => {
  const folder = newFolder()
  const db = join(folder, 'old.db')
  const { engine } = await openEngineParts({ db, retention: { executionsMax: 0 } })
  const nap = { name: 'nap', version: '1.0.0', steps: { nap: { sleep: '0ms' as const } } }
  await engine.executeWorkflow('nap', nap, { executionId: 'o-1' })
  // The newest one stays.
  await engine.executeWorkflow('nap', nap, { executionId: 'o-2' })
  engine.recoverAll()
  await expect.poll(async () => (await engine.getExecution('o-1')).steps).toEqual({})
  await engine.close()
  const { code, stdout } = await aura(folder, 'show', 'o-1', '--db', db)
  expect(code).toBe(0)
  expect(stdout.trimEnd().split('\n')).toEqual([
    expect.stringMatching(/completed {2}o-1 {2}nap 1\.0\.0$/),
    'removed by retention; only how it ended is known',
  ])
  expect(await auraJson(folder, 'show', 'o-1', '--db', db)).toMatchObject({
    code: 0,
    value: { executionId: 'o-1', status: 'completed', steps: {} },
  })
})

import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterEach, expect, test, vi } from 'vitest'
import { aura, auraJson, cleanUp, newFolder, startAura } from './cli-process.ts'
import type { RunningAura } from './cli-process.ts'

// Many processes one after the other, on machines that have other work too.
vi.setConfig({ testTimeout: 60_000 })
afterEach(cleanUp)

interface Refused {
  readonly error: { readonly code: string; readonly message: string; readonly hint: string | null }
}
interface Run {
  readonly executionId: string
  readonly status: string
  readonly output: unknown
}
interface Ready {
  readonly url: string
  readonly port: number
  readonly pid: number
  readonly recovered: number
  readonly triggers: readonly { readonly workflow: string; readonly kind: string }[]
}

const agents = `import { defineAgent } from 'aura-orchestration'
export default [defineAgent({
  type: 'desk',
  actions: {
    greet: { effect: 'read', run: ({ name }) => ({ text: 'hello ' + name }) },
    stuck: { effect: 'read', run: () => new Promise(() => { console.log('stuck runs') }) },
    // Tells that it runs, and ends after a while.
    slow: { effect: 'read', run: (_, { signal }) => new Promise((resolve) => {
      console.log('slow runs')
      setTimeout(() => resolve({ done: true }), 700)
    }) },
  },
})]
`

function setUp(): string {
  const folder = newFolder()
  writeFileSync(join(folder, 'desk.ts'), agents)
  const write = (name: string, body: string): void =>
    writeFileSync(join(folder, `${name}.yaml`), `name: ${name}\nversion: 1.0.0\n${body}\n`)
  write('ask', 'steps: { ask: { waitFor: { signal: approval } } }')
  write('nap', 'steps: { nap: { sleep: 1ms } }')
  write(
    'greet',
    'input: { type: object, required: [name], properties: { name: { type: string } } }\nsteps: { greet: { agent: desk, action: greet, with: { name: "${ input.name }" } } }',
  )
  write('slow', 'steps: { slow: { agent: desk, action: slow } }')
  write('stuck', 'steps: { stuck: { agent: desk, action: stuck } }')
  write('stranger', 'steps: { greet: { agent: desks, action: greet } }')
  write('fails', 'steps: { fails: { when: input.missing, sleep: 1ms } }')
  write(
    'alert',
    'triggers: [{ event: disk.full, when: event.data.free < 10, input: { disk: "${ event.data.disk }" } }]\nsteps: { nap: { sleep: 1ms } }\noutput: "${ input.disk }"',
  )
  return folder
}

/** Starts `aura serve` on a free port and waits until it is ready. */
async function serve(
  folder: string,
  ...words: readonly string[]
): Promise<{ readonly process: RunningAura; readonly ready: Ready }> {
  const process = startAura(folder, ['serve', '--port', '0', '--json', ...words])
  const text = await process.prints(/^.*\n/)
  return { process, ready: JSON.parse(text) as Ready }
}

async function ended(process: RunningAura, signal: NodeJS.Signals): Promise<number | null> {
  process.kill(signal)
  return (await process.ended).code
}

test('serve says where it listens, answers there, and ends with 0 on SIGTERM', async () => {
  const folder = setUp()
  const { process, ready } = await serve(folder, '--workflows', 'ask.yaml')
  expect(ready).toMatchObject({ pid: process.pid, recovered: 0, triggers: [] })
  expect(ready.url).toBe(`http://127.0.0.1:${ready.port}`)
  for (const path of ['/healthz', '/readyz'])
    expect((await fetch(`${ready.url}${path}`)).status).toBe(200)
  expect((await fetch(`${ready.url}/v1/executions`)).status).toBe(401)
  expect(await ended(process, 'SIGTERM')).toBe(0)
  expect((await auraJson(folder, 'ls')).value).toEqual({ executions: [] })
})

test('Ctrl-C ends serve with 130', async () => {
  const { process } = await serve(setUp())
  expect(await ended(process, 'SIGINT')).toBe(130)
})

test('run submits to serve, watches, and ends as a run of its own would', async () => {
  const folder = setUp()
  await serve(folder, '--agents', 'desk.ts')
  const words = ['run', 'greet.yaml', '--input', 'name=ann', '--id', 'g-1']
  const first = await auraJson<Run>(folder, ...words)
  expect(first).toMatchObject({
    code: 0,
    value: { executionId: 'g-1', status: 'completed', output: { greet: { text: 'hello ann' } } },
  })
  expect(first.stderr).toContain('greet completed')
  // The same again prints the recorded result; another input under the id is refused.
  expect(await auraJson<Run>(folder, ...words)).toMatchObject({ code: 0, value: first.value })
  const other = await auraJson<Refused>(
    folder,
    'run',
    'greet.yaml',
    '--input',
    'name=bob',
    '--id',
    'g-1',
  )
  expect(other).toMatchObject({ code: 2, value: { error: { code: 'UsageError' } } })
  const failed = await auraJson<Run>(folder, 'run', 'fails.yaml', '--id', 'f-1')
  expect(failed).toMatchObject({ code: 1, value: { status: 'failed' } })
  // The agents of serve count, not those that are here.
  const unknown = await auraJson<Refused>(folder, 'run', 'stranger.yaml')
  expect(unknown).toMatchObject({
    code: 2,
    value: { error: { details: { problems: [{ hint: "did you mean 'desk'?" }] } } },
  })
  const agentsGiven = await auraJson<Refused>(folder, ...words, '--agents', 'desk.ts')
  expect(agentsGiven).toMatchObject({ code: 2, value: { error: { code: 'UsageError' } } })
})

test('run --detach returns after the submission, and verbs steer what serve drives', async () => {
  const folder = setUp()
  await serve(folder)
  const submitted = await auraJson<Run>(folder, 'run', 'ask.yaml', '--id', 'a-1', '--detach')
  expect(submitted.code).toBe(0)
  expect(submitted.value.executionId).toBe('a-1')
  expect(submitted.stderr).toContain('aura logs a-1 -f')
  expect(await auraJson(folder, 'pause', 'a-1')).toMatchObject({ value: { status: 'paused' } })
  expect(await auraJson(folder, 'resume', 'a-1')).toMatchObject({ value: { status: 'waiting' } })
  expect((await auraJson(folder, 'signal', 'a-1', 'approval', '--data', '7')).code).toBe(0)
  const done = await auraJson<Run>(folder, 'run', 'ask.yaml', '--id', 'a-1')
  expect(done).toMatchObject({ code: 0, value: { status: 'completed', output: { ask: 7 } } })
})

test('Ctrl-C while attached only detaches', async () => {
  const folder = setUp()
  await serve(folder)
  const run = startAura(folder, ['run', 'ask.yaml', '--id', 'a-2', '--json'])
  await run.sees(/aura signal a-2 approval/)
  run.kill('SIGINT')
  const { code, stdout, stderr } = await run.ended
  expect(code).toBe(130)
  expect(JSON.parse(stdout)).toMatchObject({ executionId: 'a-2', status: 'waiting' })
  expect(stderr).toContain('a-2 goes on')
  expect((await auraJson(folder, 'signal', 'a-2', 'approval')).code).toBe(0)
  const { value } = await auraJson<Run>(folder, 'run', 'ask.yaml', '--id', 'a-2')
  expect(value.status).toBe('completed')
})

test('an attached run outlives its serve when another takes over, and else says that nobody drives', async () => {
  const folder = setUp()
  const first = await serve(folder)
  const run = startAura(folder, ['run', 'ask.yaml', '--id', 'a-3', '--json'])
  await run.sees(/aura signal a-3 approval/)
  first.process.kill('SIGKILL')
  const { code, stdout } = await run.ended
  expect(code).toBe(3)
  expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'OwnerError' } })
  const second = await serve(folder)
  expect(second.ready.recovered).toBe(1)
  expect((await auraJson(folder, 'signal', 'a-3', 'approval')).code).toBe(0)
  const done = await auraJson<Run>(folder, 'run', 'ask.yaml', '--id', 'a-3')
  expect(done.value.status).toBe('completed')
})

test('serve takes up what others have recorded', async () => {
  const folder = setUp()
  await aura(folder, 'run', 'greet.yaml', '--input', 'name=ann', '--id', 'g-2', '--detach')
  const { ready } = await serve(folder, '--agents', 'desk.ts')
  expect(ready.recovered).toBe(1)
  const { value } = await auraJson<Run>(folder, 'run', 'greet.yaml', '--id', 'g-2')
  expect(value).toMatchObject({ status: 'completed', output: { greet: { text: 'hello ann' } } })
})

test('events start what their triggers say, once, with an owner and without', async () => {
  const folder = setUp()
  const send = (...words: string[]) =>
    auraJson<{ started: string[] }>(folder, 'event', 'disk.full', ...words)
  const full = ['--data', '{"disk":"sda","free":3}', '--id', 'e-1']
  const early = await send(...full)
  expect(early).toMatchObject({ code: 0, value: { id: 'e-1', source: 'aura-cli', started: [] } })
  const { process, ready } = await serve(folder, '--workflows', 'alert.yaml')
  expect(ready.triggers).toMatchObject([{ workflow: 'alert', kind: 'event', event: 'disk.full' }])
  const first = await send(...full)
  expect(first.value.started).toHaveLength(1)
  expect((await send(...full)).value.started).toEqual([])
  expect((await send('--data', '{"disk":"sda","free":30}')).value.started).toEqual([])
  const id = first.value.started[0] as string
  const watched = await aura(folder, 'logs', id, '-f')
  expect(watched.stdout).toContain('execution completed')
  expect(await ended(process, 'SIGTERM')).toBe(0)
  const second = await send('--data', '{"disk":"sdb","free":3}', '--source', 'probe')
  expect(second.value.started).toHaveLength(1)
  expect(second.stderr).toContain('aura serve')
  expect((await send(...full)).value.started).toEqual([])
})

test('running attempts finish before serve ends, and a second signal does not wait for them', async () => {
  const folder = setUp()
  const { process } = await serve(folder, '--agents', 'desk.ts')
  await aura(folder, 'run', 'slow.yaml', '--id', 's-1', '--detach')
  await process.sees(/slow runs/)
  expect(await ended(process, 'SIGTERM')).toBe(0)
  const show = await auraJson<Run>(folder, 'show', 's-1')
  expect(show.value).toMatchObject({ steps: { slow: { status: 'completed' } } })

  const again = await serve(folder, '--agents', 'desk.ts')
  await aura(folder, 'run', 'stuck.yaml', '--id', 's-2', '--detach')
  await again.process.sees(/stuck runs/)
  again.process.kill('SIGTERM')
  await again.process.sees(/going down/)
  expect((await fetch(`${again.ready.url}/readyz`)).status).toBe(503)
  const late = await auraJson<Refused>(folder, 'run', 'nap.yaml', '--id', 'n-1')
  expect(late).toMatchObject({ code: 3, value: { error: { code: 'OwnerError' } } })
  expect(await ended(again.process, 'SIGTERM')).toBe(143)
  const open = await auraJson<Run>(folder, 'show', 's-2')
  expect(open.value.status).toBe('running')
})

test('a port in use, a host that is not here and a file owned by another are exit 3', async () => {
  const folder = setUp()
  const blocker = createServer()
  await new Promise<void>((resolve) => blocker.listen(0, '127.0.0.1', resolve))
  const port = String((blocker.address() as AddressInfo).port)
  const taken = await auraJson<Refused>(folder, 'serve', '--port', port)
  expect(taken.code).toBe(3)
  expect(taken.value.error.message).toContain(port)
  expect(taken.value.error.hint).toContain('--port')
  blocker.close()
  const nowhere = await auraJson<Refused>(folder, 'serve', '--port', '0', '--host', '203.0.113.7')
  expect(nowhere.code).toBe(3)
  const { process } = await serve(folder)
  const second = await auraJson<Refused>(folder, 'serve', '--port', '0')
  expect(second.code).toBe(3)
  expect(second.value.error.message).toContain(String(process.pid))
})

test('an owner that does not answer is exit 3, and one that died counts as none', async () => {
  const folder = setUp()
  const { process } = await serve(folder)
  process.kill('SIGSTOP')
  const frozen = await auraJson<Refused>(folder, 'run', 'nap.yaml', '--id', 'n-1')
  expect(frozen).toMatchObject({ code: 3, value: { error: { code: 'OwnerError' } } })
  process.kill('SIGKILL')
  await process.ended
  expect(readFileSync(join(folder, '.aura/aura.db.owner'), 'utf8')).toContain(String(process.pid))
  const alone = await auraJson<Run>(folder, 'run', 'nap.yaml', '--id', 'n-1')
  expect(alone).toMatchObject({ code: 0, value: { status: 'completed' } })
})

test('documents with problems, paths that are not there and unknown settings stop serve with exit 2', async () => {
  const folder = setUp()
  writeFileSync(
    join(folder, 'bad.yaml'),
    'name: bad\nversion: 1.0.0\nsteps: { a: { slep: 1ms } }\n',
  )
  writeFileSync(join(folder, 'aura.yaml'), 'port: 0\nlimits: { openExecutionMax: 5 }\n')
  const cases = [
    ['--workflows', 'bad.yaml'],
    ['--workflows', 'nowhere'],
    ['--config', 'aura.yaml'],
    ['--config', 'nowhere.yaml'],
    ['--port', 'http'],
    ['--engine', 'temporal'],
  ]
  const answers = await Promise.all(
    cases.map((words) => auraJson<Refused>(folder, 'serve', ...words)),
  )
  for (const { code } of answers) expect(code).toBe(2)
  expect(answers[2]?.value.error).toMatchObject({
    details: {
      problems: [
        { line: 2, path: 'limits.openExecutionMax', hint: "did you mean 'openExecutionsMax'?" },
      ],
    },
  })
})

test('config tells every value with where it comes from', async () => {
  const folder = setUp()
  writeFileSync(
    join(folder, 'aura.yaml'),
    'port: 9000\nhost: 127.0.0.2\nworkflows: [docs]\nretention: { finishedFor: null }\n',
  )
  const { ended: asked } = startAura(
    folder,
    ['config', '--config', 'aura.yaml', '--host', '127.0.0.3', '--json'],
    {
      AURA_PORT: '9001',
      AURA_TOKEN: 'a-token-that-nobody-sees',
      REDIS_URL: 'redis://me:sesame@redis:6379',
    },
  )
  const { code, stdout } = await asked
  expect(code).toBe(0)
  expect(stdout).not.toMatch(/nobody-sees|sesame/)
  const { settings } = JSON.parse(stdout) as { settings: { key: string }[] }
  const of = (key: string) => settings.find((setting) => setting.key === key)
  expect(of('port')).toEqual({ key: 'port', value: 9001, source: 'env', from: 'AURA_PORT' })
  expect(of('host')).toEqual({ key: 'host', value: '127.0.0.3', source: 'flag', from: '--host' })
  expect(of('redis.url')).toMatchObject({ value: 'redis://[redacted]@redis:6379', source: 'env' })
  expect(of('token')).toMatchObject({ value: '[redacted]', from: 'AURA_TOKEN' })
  expect(of('workflows')).toMatchObject({ value: [join(folder, 'docs')], source: 'file' })
  expect(of('retention.finishedFor')).toMatchObject({ value: null, source: 'file' })
  expect(of('limits.openExecutionsMax')).toMatchObject({ value: 1_000_000, source: 'default' })
})

test('on another loopback address the API answers there, and verbs reach it all the same', async () => {
  const folder = setUp()
  const { ready } = await serve(folder, '--host', '127.0.0.2')
  expect(ready.url).toBe(`http://127.0.0.2:${ready.port}`)
  expect((await fetch(`${ready.url}/healthz`)).status).toBe(200)
  const run = await auraJson<Run>(folder, 'run', 'nap.yaml', '--id', 'n-1')
  expect(run).toMatchObject({ code: 0, value: { status: 'completed' } })
})

test('sub-workflows are found beside the document, by a run of its own and through serve', async () => {
  const folder = setUp()
  writeFileSync(
    join(folder, 'parent.yaml'),
    'name: parent\nversion: 1.0.0\nsteps: { child: { workflow: { name: greet, version: "1", input: { name: bob } } } }\n',
  )
  // Others in the folder are not judged, unless they are what is looked for.
  writeFileSync(
    join(folder, 'other.yaml'),
    'name: other\nsteps: { a: { workflow: { name: greet } }, b: { slep: 1ms } }\n',
  )
  const words = ['run', 'parent.yaml', '--id']
  const alone = await auraJson<Run>(folder, ...words, 'p-1', '--agents', 'desk.ts')
  const expected = { status: 'completed', output: { child: { greet: { text: 'hello bob' } } } }
  expect(alone).toMatchObject({ code: 0, value: expected })
  await serve(folder, '--agents', 'desk.ts', '--db', 'other.db')
  const through = await auraJson<Run>(folder, ...words, 'p-2', '--db', 'other.db')
  expect(through).toMatchObject({ code: 0, value: expected })
})

test('two verbs at once are both answered, with an owner and without', async () => {
  const folder = setUp()
  await aura(folder, 'run', 'ask.yaml', '--id', 'a-1', '--detach')
  const both = (first: string[], second: string[]) =>
    Promise.all([auraJson<object>(folder, ...first), auraJson<object>(folder, ...second)])
  const pair = [
    ['signal', 'a-1', 'one'],
    ['signal', 'a-1', 'two'],
  ] as const
  for (const { code } of await both([...pair[0]], [...pair[1]])) expect(code).toBe(0)
  await serve(folder)
  for (const { code } of await both([...pair[0]], [...pair[1]])) expect(code).toBe(0)
  const starts = await both(
    ['run', 'ask.yaml', '--id', 'a-2', '--detach'],
    ['run', 'ask.yaml', '--id', 'a-2', '--detach'],
  )
  for (const { code } of starts) expect(code).toBe(0)
  const { value } = await auraJson<{ executions: unknown[] }>(folder, 'ls')
  expect(value.executions).toHaveLength(2)
})

test('an anomaly that is reported by an event is in force: lastHealthy goes back before it', async () => {
  const folder = setUp()
  await serve(folder, '--agents', 'desk.ts')
  writeFileSync(
    join(folder, 'watched.yaml'),
    'name: watched\nversion: 1.0.0\ncheckpoints: { onAnomalySeverity: 0.5 }\nsteps: { nap: { sleep: 1ms }, ask: { needs: [nap], waitFor: { signal: go } } }\n',
  )
  await aura(folder, 'run', 'watched.yaml', '--id', 'w-1', '--detach')
  const nobody = await auraJson<Refused>(folder, 'rollback', 'w-1', '--to', 'lastHealthy')
  expect(nobody).toMatchObject({ code: 2, value: { error: { code: 'RefusedError' } } })
  // One that the feed cannot read is an event like any other.
  const odd = await auraJson<object>(
    folder,
    'event',
    'tda.anomaly.detected',
    '--data',
    '{"severity":1}',
  )
  expect(odd).toMatchObject({ code: 0, value: { started: [] } })
  const nowMs = Date.now()
  const anomaly = {
    windowId: 'w',
    source: 'checkout',
    t0Ms: nowMs + 60_000,
    t1Ms: nowMs + 60_000,
    kind: 'spike',
    severity: 0.9,
    score: 9,
    threshold: 3,
  }
  await auraJson(folder, 'event', 'tda.anomaly.detected', '--data', JSON.stringify(anomaly))
  const { value } = await auraJson<{ checkpoints: { reason: string }[] }>(folder, 'show', 'w-1')
  expect(value.checkpoints.map(({ reason }) => reason)).toContain('anomaly')
  const back = await auraJson<object>(folder, 'rollback', 'w-1', '--to', 'lastHealthy')
  expect(back).toMatchObject({ code: 0, value: { executionId: 'w-1' } })
})

test('feature flags come from the environment, then from the file; without either all are on', async () => {
  const folder = setUp()
  writeFileSync(
    join(folder, 'flagged.yaml'),
    'name: flagged\nversion: 1.0.0\nfeatureFlags: [new-way]\nsteps: { nap: { sleep: 1ms } }\n',
  )
  writeFileSync(join(folder, 'flags.yaml'), 'new-way: false\n')
  writeFileSync(join(folder, 'aura.yaml'), 'flags: flags.yaml\n')
  const run = async (id: string, env: Record<string, string> = {}): Promise<number | null> =>
    (await startAura(folder, ['run', 'flagged.yaml', '--id', id], env).ended).code
  expect(await run('f-1')).toBe(0)
  expect(await run('f-2', { AURA_FLAGS: 'flags.yaml' })).toBe(1)
  expect(await run('f-3', { AURA_FLAGS: 'flags.yaml', AURA_FLAG_NEW_WAY: 'on' })).toBe(0)
  expect(await run('f-4', { AURA_FLAG_NEW_WAY: 'perhaps' })).toBe(2)
  const { process } = await serve(folder, '--config', 'aura.yaml')
  const refused = await auraJson<Refused>(folder, 'run', 'flagged.yaml', '--id', 'f-5')
  expect(refused).toMatchObject({ code: 1, value: { error: { code: 'FeatureDisabledError' } } })
  expect(await ended(process, 'SIGTERM')).toBe(0)
})

test('what only the owner knows, that a call waits for an agent, is seen in show, logs and top', async () => {
  const folder = setUp()
  await aura(folder, 'run', 'greet.yaml', '--input', 'name=bob', '--id', 'g-1', '--detach')
  const { process } = await serve(folder)
  const missing = "no agent 'desk' with action 'greet' here"
  interface View {
    readonly status: string
    readonly errorLog: readonly { readonly code: string; readonly message: string }[]
  }
  const shown = await auraJson<View>(folder, 'show', 'g-1')
  expect(shown.value).toMatchObject({
    status: 'waiting',
    errorLog: [{ code: 'AgentUnavailableError', message: expect.stringContaining(missing) }],
  })
  expect((await aura(folder, 'show', 'g-1')).stdout).toContain(`greet waits: ${missing}`)
  expect((await aura(folder, 'logs', 'g-1')).stderr).toContain(`greet waits: ${missing}`)
  interface Top {
    readonly executions: readonly { readonly waitingFor: readonly object[] }[]
  }
  const top = await auraJson<Top>(folder, 'top')
  expect(top.value.executions[0]?.waitingFor).toEqual([
    { stepId: 'greet', reason: { kind: 'agent', what: missing } },
  ])
  expect((await aura(folder, 'top')).stdout).toContain(`greet waits: ${missing}`)
  // Without an owner that answers the file tells what it knows.
  process.kill('SIGSTOP')
  const [frozen, paused] = await Promise.all([
    auraJson<View>(folder, 'show', 'g-1'),
    auraJson<Refused>(folder, 'pause', 'g-1'),
  ])
  expect(frozen).toMatchObject({ code: 0, value: { status: 'waiting', errorLog: [] } })
  expect(frozen.stderr).toContain('this is what is recorded')
  expect(paused).toMatchObject({
    code: 3,
    value: { error: { hint: expect.stringContaining('may still carry it out later') } },
  })
})

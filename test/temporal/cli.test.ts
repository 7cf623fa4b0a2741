import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test, vi } from 'vitest'
import { cleanUp, newFolder, startAura } from '../cli-process.ts'
import { describeWithServices } from '../support/services.ts'

const patience = 90_000

afterEach(cleanUp)

const document = `name: shell
version: 1.0.0
metadata: { team: shop, level: 3 }
steps:
  rest: { sleep: 50ms }
  ask: { agent: guide, action: answer, needs: [rest], with: { n: 21 } }
output: \${ steps.ask.output }
`
const agents = `import { defineAgent } from 'aura-orchestration'
export default [defineAgent({
  id: 'guide',
  type: 'guide',
  actions: {
    answer: { effect: 'read', run: ({ n }) => n * 2 },
    fail: { effect: 'read', run: () => { throw Object.assign(new Error('no'), { retryable: false }) } },
  },
})]
`

function folderWithFlow(): string {
  const folder = newFolder()
  writeFileSync(join(folder, 'shell.yaml'), document)
  writeFileSync(join(folder, 'agents.ts'), agents)
  return folder
}

const onTemporal = ['run', 'shell.yaml', '--engine', 'temporal', '--json']

interface Answer {
  readonly error: { readonly code: string; readonly message: string; readonly hint: string } | null
}

function answerOf(stdout: string): Answer {
  return JSON.parse(stdout) as Answer
}

test('nothing that says where Temporal is, is one error with what to do', async () => {
  const { code, stdout } = await startAura(folderWithFlow(), onTemporal, { TEMPORAL_ADDRESS: '' })
    .ended
  expect(code).toBe(2)
  expect(answerOf(stdout).error?.hint).toContain('TEMPORAL_ADDRESS')
})

test('settings that only the embedded engine obeys are refused by name', async () => {
  const folder = folderWithFlow()
  writeFileSync(
    join(folder, 'aura.config.yaml'),
    'engine: temporal\nlimits: { activeExecutionsMax: 5 }\n',
  )
  const words = ['serve', '--policy', 'rules.yaml', '--json']
  const { code, stdout } = await startAura(folder, words, { TEMPORAL_ADDRESS: '127.0.0.1:1' }).ended
  expect(code).toBe(2)
  const message = answerOf(stdout).error?.message
  expect(message).toContain('policy (--policy), limits.activeExecutionsMax (aura.config.yaml)')
})

test('budgets of tenants that nothing keeps for all workers are refused, with where they would be', async () => {
  const folder = folderWithFlow()
  const env = {
    TEMPORAL_ADDRESS: '127.0.0.1:1',
    AURA_TENANTS: '{"acme":{"calls":3}}',
    REDIS_URL: '',
  }
  for (const words of [['worker'], ['serve', '--engine', 'temporal']]) {
    const { code, stdout } = await startAura(folder, [...words, '--json'], env).ended
    expect(code).toBe(2)
    expect(answerOf(stdout).error?.message).toContain('does not obey tenants (AURA_TENANTS)')
    expect(answerOf(stdout).error?.hint).toContain('REDIS_URL')
  }
})

test(
  'a Temporal that does not answer is one error with its address',
  async () => {
    const words = [...onTemporal, '--address', '127.0.0.1:1']
    const { code, stdout } = await startAura(folderWithFlow(), words).ended
    expect(code).toBe(3)
    expect(answerOf(stdout).error?.message).toContain('Temporal does not answer at 127.0.0.1:1')
  },
  patience,
)

await describeWithServices('aura and Temporal', ['temporal'], ({ temporal }) => {
  const taskQueue = `cli-test-${process.pid}`
  const place = ['--address', temporal, '--task-queue', taskQueue]

  test(
    'a task queue without workers is refused with the command that starts one',
    async () => {
      const words = [...onTemporal, '--address', temporal, '--task-queue', `nobody-${taskQueue}`]
      const { code, stdout } = await startAura(folderWithFlow(), words).ended
      expect(code).toBe(3)
      expect(answerOf(stdout).error).toMatchObject({
        code: 'AgentCommunicationError',
        hint: `start one: aura worker --task-queue nobody-${taskQueue}`,
      })
    },
    patience,
  )

  test(
    'a worker drives what is started, until a signal, and it is found by its metadata',
    async () => {
      const folder = folderWithFlow()
      const worker = startAura(folder, ['worker', ...place, '--agents', 'agents.ts'])
      await worker.prints(/works for task queue/)
      const { code, stdout } = await startAura(folder, [...onTemporal, ...place]).ended
      expect({ code, ...answerOf(stdout) }).toMatchObject({
        code: 0,
        status: 'completed',
        output: 42,
      })
      const ls = async (...meta: readonly string[]) => {
        const words = ['ls', '--engine', 'temporal', '--json', ...place]
        const more = meta.flatMap((pair) => ['--meta', pair])
        const { stdout: listed } = await startAura(folder, [...words, ...more]).ended
        return (JSON.parse(listed) as { readonly executions: readonly object[] }).executions
      }
      const found = { workflow: 'shell', status: 'completed', metadata: { team: 'shop', level: 3 } }
      await vi.waitFor(
        async () =>
          expect(await ls('team=shop', 'level=3')).toEqual([expect.objectContaining(found)]),
        { timeout: 30_000, interval: 500 },
      )
      expect(await ls('team=shop', 'level=4')).toEqual([])
      worker.kill('SIGTERM')
      expect(await worker.ended).toMatchObject({ code: 0 })
    },
    patience,
  )

  test(
    'the verbs look at and steer what a worker drives, as `run` says for copying',
    async () => {
      const folder = folderWithFlow()
      const flow = {
        name: 'asks',
        version: '1.0.0',
        steps: {
          wait: { waitFor: { signal: 'go' } },
          ask: { agent: 'guide', action: 'fail', needs: ['wait'] },
        },
      }
      writeFileSync(join(folder, 'asks.json'), JSON.stringify(flow))
      const worker = startAura(folder, ['worker', ...place, '--agents', 'agents.ts'])
      await worker.prints(/works for task queue/)
      const id = `asks-${taskQueue}`
      const there = ['--engine', 'temporal', ...place]
      const watching = startAura(folder, ['run', 'asks.json', '--id', id, ...there])
      await watching.sees(/send it with\n +\S*aura signal \S+ go --engine temporal --address /)
      const aura = async (...words: readonly string[]) => {
        const { code, stdout } = await startAura(folder, [...words, '--json', ...there]).ended
        return { code, answer: JSON.parse(stdout) as object }
      }
      const status = (name: string) => ({ code: 0, answer: { executionId: id, status: name } })
      expect(await aura('pause', id)).toEqual(status('paused'))
      expect(await aura('resume', id)).toEqual(status('waiting'))
      expect((await aura('show', id)).answer).toMatchObject({ currentSteps: ['wait'] })
      expect((await aura('checkpoint', id, '--label', 'early')).code).toBe(0)
      expect((await aura('signal', id, 'go')).code).toBe(0)
      const { code, stdout } = await watching.ended
      expect(code).toBe(1)
      expect(stdout).toContain(`aura show ${id} --engine temporal --address`)
      expect((await aura('logs', id)).answer).toMatchObject({
        entries: expect.arrayContaining([
          expect.objectContaining({ event: expect.objectContaining({ kind: 'SignalDelivered' }) }),
        ]),
      })
      const letters = async () =>
        ((await aura('dlq', 'ls')).answer as { deadLetters: readonly { id: string }[] }).deadLetters
      // The list follows what happens by moments.
      const soon = { timeout: 30_000, interval: 500 }
      await vi.waitFor(async () => expect(await letters()).toHaveLength(1), soon)
      const [{ id: letter } = { id: '' }] = await letters()
      expect((await aura('dlq', 'show', letter)).answer).toMatchObject({
        executionId: id,
        stepId: 'ask',
        error: { code: 'AgentError' },
        workflow: 'asks',
        status: 'failed',
      })
      expect(await aura('dlq', 'discard', letter)).toEqual(status('failed'))
      const refused = await startAura(folder, ['show', id, '--address', temporal]).ended
      expect(refused.code).toBe(2)
      expect(refused.stderr).toContain('hint: add --engine temporal')
      worker.kill('SIGTERM')
      await worker.ended
    },
    patience,
  )

  test(
    'doctor asks its version, and who works there',
    async () => {
      const env = { TEMPORAL_ADDRESS: temporal, AURA_TASK_QUEUE: 'asked-by-doctor' }
      const { stdout } = await startAura(newFolder(), ['doctor', '--json'], env).ended
      const { checks } = JSON.parse(stdout) as { readonly checks: readonly object[] }
      expect(checks).toContainEqual({
        name: 'temporal',
        status: 'warning',
        detail: expect.stringMatching(
          /^\d+\.\d+\.\d+ answers in \d+\.\d ms, and no worker is on task queue 'asked-by-doctor'$/,
        ),
        hint: expect.stringContaining('aura worker'),
      })
    },
    patience,
  )
})

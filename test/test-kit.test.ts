import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { defineAgent } from '../src/agents/index.ts'
import { isOrchestrationError } from '../src/core/errors.ts'
import type { AgentFunction, ShortAgents } from '../src/testing/index.ts'
import { scriptedTda, script, testWorkflow } from '../src/testing/index.ts'
import type { StepData, WorkflowData } from '../src/workflow/index.ts'

const day = 86_400_000
const root = fileURLToPath(new URL('..', import.meta.url))
const run = promisify(execFile)
const echo: AgentFunction = (input) => input

function workflow(steps: WorkflowData['steps'], rest: Partial<WorkflowData> = {}): WorkflowData {
  return { name: 'tested', version: '1.0.0', ...rest, steps }
}

function work(rest: object = {}): StepData {
  return { agent: 'worker', action: 'work', ...rest }
}

describe('virtual time', () => {
  it('lets a sleep of days pass at once', async () => {
    const test = await testWorkflow(workflow({ nap: { sleep: '3d' } }))
    expect(test.completed()).toEqual({ nap: null })
    expect(test.elapsedMs).toBe(3 * day)
  })

  it('passes over retries, hangs and slow answers', async () => {
    const answers = script.fails(1, script.hangs(1, script.slow(2_000, script.returns('done'))))
    const test = await testWorkflow(workflow({ a: work({ timeout: '10s' }) }), {
      agents: { worker: { work: answers } },
    })
    expect(test.completed()).toEqual({ a: 'done' })
    expect(test.calls.map(({ outcome, attempt }) => [attempt, outcome])).toEqual([
      [1, 'failed'],
      [2, 'failed'],
      [3, 'completed'],
    ])
    expect(test.elapsedMs).toBeGreaterThan(12_000)
    expect(test.elapsedMs).toBeLessThan(14_000)
  })

  it('stands still while an agent does real work, so that no attempt times out by it', async () => {
    const read = async () => (await readFile(import.meta.filename, 'utf8')).length
    const test = await testWorkflow(
      workflow({ a: work({ timeout: '1ms' }), nap: { sleep: '1h' } }),
      {
        agents: { worker: { work: read } },
      },
    )
    expect(test.completed()).toEqual({ a: expect.any(Number), nap: null })
    expect(test.calls).toHaveLength(1)
  })

  it('goes on without an agent that hangs in real time too', async () => {
    const run: AgentFunction = (_, { signal }) =>
      new Promise((_, reject) => {
        signal.addEventListener('abort', () => reject(new Error('aborted')))
      })
    const test = await testWorkflow(workflow({ a: work({ retry: { maxAttempts: 2 } }) }), {
      agents: { worker: { work: run } },
      patienceMs: 5,
    })
    expect(test.run.error?.code).toBe('WorkflowTimeoutError')
    expect(test.run.steps['a']?.attempts).toBe(2)
  })

  it('stops where it is told to: after a time, or when something is true', async () => {
    const doc = workflow({
      a: work(),
      nap: { needs: ['a'], sleep: '3d' },
      b: work({ needs: ['nap'] }),
    })
    const agents = { worker: { work: echo } }
    const timed = await testWorkflow(doc, { agents, until: '1d' })
    expect([timed.status, timed.elapsedMs]).toEqual(['waiting', day])
    await timed.advance('36h')
    expect([timed.status, timed.elapsedMs]).toEqual(['waiting', 2.5 * day])
    await timed.goOn()
    expect(timed.status).toBe('completed')
    const stopped = await testWorkflow(doc, {
      agents,
      until: ({ steps }) => steps['a']?.status === 'completed',
    })
    expect([stopped.status, stopped.elapsedMs]).toEqual(['waiting', 0])
  })
})

describe('a workflow that waits', () => {
  const doc = workflow({
    ask: { waitFor: { signal: 'answer', timeout: '1h' } },
    b: work({ needs: ['ask'], with: { answer: '${ steps.ask.output }' } }),
  })
  const agents: ShortAgents = { worker: { work: echo } }

  it('is returned as waiting, and goes on when its signal comes', async () => {
    const test = await testWorkflow(doc, { agents })
    expect([test.status, test.elapsedMs]).toEqual(['waiting', 0])
    await test.signal('answer', 42)
    expect(test.completed()).toEqual({ b: { answer: 42 } })
  })

  it('times out only when time is advanced over its limit', async () => {
    const test = await testWorkflow(doc, { agents })
    await test.advance('59m')
    expect(test.status).toBe('waiting')
    await test.advance('1m')
    expect(test.run.error?.code).toBe('WorkflowTimeoutError')
  })

  it('lets time pass for what goes on beside it, up to its limit', async () => {
    const steps = { ...doc.steps, nap: { sleep: '30m' }, long: { sleep: '2h' } } as const
    const test = await testWorkflow(workflow(steps), { agents })
    expect(test.run.steps['nap']?.status).toBe('completed')
    expect(test.run.steps['long']?.status).toBe('waiting')
    await test.signal('answer')
    expect(test.status).toBe('completed')
  })

  it('may be a suspended agent, which gets the data of its signal', async () => {
    const test = await testWorkflow(workflow({ a: work() }), {
      agents: { worker: { work: script.suspends('approval') } },
    })
    expect(test.status).toBe('waiting')
    await test.signal('approval', { by: 'ann' })
    expect(test.completed()).toEqual({ a: { by: 'ann' } })
  })

  it('may wait for somebody who knows what became of a call', async () => {
    const agents: ShortAgents = {
      worker: { work: { effect: 'once', run: script.throws('no connection') } },
    }
    const test = await testWorkflow(workflow({ a: work() }), { agents })
    expect(test.run.steps['a']?.status).toBe('uncertain')
    await test.resolve('a', { kind: 'succeed', output: 'by hand' })
    expect(test.completed()).toEqual({ a: 'by hand' })
  })

  it('is paused, resumed and cancelled', async () => {
    const test = await testWorkflow(
      workflow({ nap: { sleep: '1d' }, b: work({ needs: ['nap'] }) }),
      {
        agents,
        until: '1h',
      },
    )
    expect(await test.pause()).toBe(true)
    expect(await test.pause()).toBe(false)
    await test.advance('2d')
    expect([test.status, test.calls.length]).toEqual(['paused', 0])
    await test.resume()
    expect(test.status).toBe('completed')
    const other = await testWorkflow(doc, { agents })
    expect(await other.cancel()).toBe(true)
    expect(other.status).toBe('cancelled')
  })
})

describe('a crash', () => {
  it('in a sleep changes nothing, however long the process is away', async () => {
    const test = await testWorkflow(workflow({ a: work(), nap: { needs: ['a'], sleep: '1d' } }), {
      agents: { worker: { work: echo } },
      until: '1h',
    })
    await test.crash({ downMs: '7d' })
    expect(test.status).toBe('completed')
    expect(test.calls).toHaveLength(1)
    expect(test.log.some(({ event }) => event.kind === 'AttemptStarted')).toBe(true)
  })

  it('inside a call loses its answer, and the call is delivered again under its key', async () => {
    const test = await testWorkflow(workflow({ a: work() }), {
      agents: { worker: { work: script.hangs(1, script.returns('late')) } },
      until: '1m',
    })
    expect(test.calls.map(({ outcome }) => outcome)).toEqual(['open'])
    await test.crash()
    expect(test.completed()).toEqual({ a: 'late' })
    const [lost, again] = test.calls
    expect([lost?.outcome, again?.outcome]).toEqual(['lost', 'completed'])
    expect([again?.key, again?.attempt]).toEqual([lost?.key, 1])
  })

  it('aborts what the killed process was doing, and nobody hears its answer', async () => {
    let aborts = 0
    const run: AgentFunction = (_, { signal }) => {
      signal.addEventListener('abort', () => aborts++)
      return aborts === 0 ? new Promise(() => {}) : 'second'
    }
    const test = await testWorkflow(workflow({ a: work() }), {
      agents: { worker: { work: run } },
      patienceMs: 5,
      until: '1m',
    })
    await test.crash()
    expect(aborts).toBe(1)
    expect(test.completed()).toEqual({ a: 'second' })
  })
})

describe('what a test is given', () => {
  it('agents may be real ones, of which two may share a type', async () => {
    const seen: string[] = []
    const agent = (id: string) =>
      defineAgent({
        type: 'worker',
        id,
        actions: { work: { effect: 'read', run: () => void seen.push(id) } },
        config: { resourceLimits: { maxConcurrent: 1 } },
      })
    const test = await testWorkflow(workflow({ a: work({ forEach: '[1, 2]' }) }), {
      agents: [agent('one'), agent('two')],
    })
    expect(test.status).toBe('completed')
    expect(seen.toSorted()).toEqual(['one', 'two'])
  })

  it('a document may be YAML, and what is wrong with it is said', async () => {
    const test = await testWorkflow('name: tested\nversion: 1.0.0\nsteps:\n  nap: { sleep: 1s }\n')
    expect(test.status).toBe('completed')
    await expect(testWorkflow('name: tested\nsteps: {}\n')).rejects.toMatchObject({
      code: 'DocumentError',
    })
  })

  it('flags, the TDA feed and the documents of sub-workflows are the test’s own', async () => {
    const kid = { name: 'kid', version: '1.2.0', steps: { c: work() } } as const
    const contexts: number[] = []
    const test = await testWorkflow(
      workflow(
        { nap: { sleep: '1h' }, a: { needs: ['nap'], workflow: { name: 'kid', version: '1' } } },
        { featureFlags: ['new'] },
      ),
      {
        flags: { new: true },
        tda: scriptedTda([{ atMs: 1_000, context: { anomalySeverity: 0.7 } }]),
        workflows: [kid],
        agents: { worker: { work: (_, { tda }) => void contexts.push(tda.anomalySeverity) } },
      },
    )
    expect(test.status).toBe('completed')
    expect(test.calls.map(({ executionId }) => executionId)).toEqual(['test.a'])
    expect(contexts).toEqual([0.7])
    await expect(
      testWorkflow(workflow({ a: work() }, { featureFlags: ['old'] }), { flags: { new: true } }),
    ).rejects.toMatchObject({ code: 'FeatureDisabledError' })
  })

  it('refuses what is no agent and what is no time', async () => {
    const stranger = [{ type: 'worker' }] as never
    await expect(testWorkflow(workflow({ a: work() }), { agents: stranger })).rejects.toMatchObject(
      {
        code: 'AgentModuleError',
      },
    )
    const test = await testWorkflow(workflow({ a: { waitFor: { signal: 'never' } } }))
    await expect(test.advance('soon')).rejects.toMatchObject({ code: 'UsageError' })
  })

  it('a scripted agent answers call by call, and a repeat of a call gets the same answer', async () => {
    const items = workflow({
      a: work({ forEach: '[1, 2, 3]', maxParallel: 1 }),
      nap: { needs: ['a'], sleep: '1h' },
    })
    const test = await testWorkflow(items, {
      agents: { worker: { work: script.returns('first', 'other') } },
      until: '1m',
    })
    await test.crash()
    expect(test.run.steps['a']?.output).toEqual(['first', 'other', 'other'])
    const failed = await testWorkflow(workflow({ a: work() }), {
      agents: { worker: { work: script.throws('broken', { retryable: false }) } },
    })
    expect(failed.run.steps['a']?.attempts).toBe(1)
  })
})

describe('the story', () => {
  const doc = workflow({ a: work(), b: work({ needs: ['a'] }) })
  const broken: ShortAgents = {
    worker: { work: script.throws('the ledger is closed', { retryable: false }) },
  }

  it('is in the message of a test that expects completion', async () => {
    const test = await testWorkflow(doc, { agents: broken })
    expect(() => test.completed()).toThrow(
      /'test' has not completed, it is failed.*ledger is closed[^]*story[^]*1 ExecutionStarted[^]*CallFailed a.*ledger is closed/,
    )
  })

  it('is in the message and the stack of what assertions throw, and of refused verbs', async () => {
    const test = await testWorkflow(doc, { agents: broken })
    const assertion = await test
      .check(() => expect(test.status).toBe('completed'))
      .then(neverSo, caught)
    expect(assertion.message).toMatch(/completed[^]*AttemptStarted a/)
    expect(assertion.stack).toMatch(/AttemptStarted a[^]*at /)
    const refusal = await test.signal('late').then(neverSo, caught)
    expect(isOrchestrationError(refusal) && refusal.code).toBe('RefusedError')
    expect(refusal.message).toMatch(/has ended[^]*ExecutionFailed[^]*signal 'late'/)
  })

  it('is in the message of what the body of a test throws, told once', async () => {
    const testing = testWorkflow(doc, { agents: broken }, (test) => test.completed())
    const thrown = await testing.then(neverSo, caught)
    expect(thrown.message.match(/1 ExecutionStarted/g)).toHaveLength(1)
  })

  it('tells what the test did beside what was recorded, with virtual time', async () => {
    const test = await testWorkflow(
      workflow({ nap: { sleep: '1d' }, b: { waitFor: { signal: 'go' } } }),
    )
    await test.crash({ downMs: '90s' })
    await test.signal('go')
    expect(test.story).toMatch(/\+1d 1m 30\.000s {2}-- the process was killed/)
    expect(test.story).toMatch(/-- signal 'go'\n.*SignalReceived {2}name "go", data null/)
  })
})

describe('the examples', () => {
  const examples = [...pageExamples('docs/testing.md'), ...kitFiles().flatMap(commentExamples)]
  let folder = ''

  // All in one process: each would load the whole engine.
  const runAll = `
    const failures = {}
    for (const file of process.argv.slice(2)) {
      try {
        await import(file)
      } catch (thrown) {
        failures[file] = thrown.stack
      }
    }
    console.log(JSON.stringify(failures))`
  let failures: Readonly<Record<string, string>> = {}

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'examples-'))
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
    for (const [place, { code }] of examples.entries()) writeFileSync(fileOf(place), code)
    writeFileSync(join(folder, 'all.ts'), runAll)
    const words = [join(folder, 'all.ts'), ...examples.map((_, place) => fileOf(place))]
    failures = JSON.parse((await run(process.execPath, words)).stdout) as typeof failures
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  const fileOf = (place: number): string => join(folder, `example-${place}.ts`)

  it('are there, on the page and in the comments', () => {
    expect(examples.length).toBeGreaterThan(8)
  })

  it.each(examples.map(({ name }, place) => [name, place] as const))('%s runs', (_, place) => {
    expect(failures[fileOf(place)]).toBeUndefined()
  })

  it('have types that are right', async () => {
    const strict = '--strict --noEmit --module nodenext --target es2024 --skipLibCheck'.split(' ')
    const own = '--allowImportingTsExtensions --erasableSyntaxOnly --types node'.split(' ')
    const words = [...strict, ...own, '--typeRoots', `${root}node_modules/@types`]
    const files = examples.map((_, place) => fileOf(place))
    const check = run(`${root}node_modules/.bin/tsc`, [...words, ...files], { cwd: folder })
    const { stdout } = await check.catch((failed: { stdout: string }) => failed)
    // The sources that they import have stricter rules of their own, and a gate of their own.
    expect(stdout.split('\n').filter((line) => line.startsWith('example-'))).toEqual([])
  }, 60_000)
})

interface Example {
  readonly name: string
  readonly code: string
}

/** The code blocks of a page. */
function pageExamples(page: string): readonly Example[] {
  const text = readFileSync(root + page, 'utf8')
  return Array.from(text.matchAll(/^```ts\n([^]*?)^```$/gm), (match, place) => ({
    name: `${page}, block ${place + 1}`,
    code: fromHere(match[1] as string),
  }))
}

/** What follows `@example` in the comments of a file. */
function commentExamples(file: string): readonly Example[] {
  const text = readFileSync(root + file, 'utf8')
  return Array.from(text.matchAll(/^ *\* @example\n((?: *\*(?!\/).*\n)+)/gm), (match) => ({
    name: `${file}, @example`,
    code: fromHere((match[1] as string).replaceAll(/^ *\* ?/gm, '')),
  }))
}

function kitFiles(): readonly string[] {
  const entries = readdirSync(`${root}src/testing`, { recursive: true, encoding: 'utf8' })
  return entries
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
    .map((name) => `src/testing/${name}`)
}

/** The package's names become files of this checkout. */
function fromHere(code: string): string {
  return code
    .replaceAll(`'aura-orchestration/testing'`, `'${root}src/testing/index.ts'`)
    .replaceAll(`'aura-orchestration'`, `'${root}src/index.ts'`)
}

function neverSo(): never {
  throw new Error('it was not refused')
}

function caught(thrown: unknown): Error {
  return thrown as Error
}

import { spawnSync } from 'node:child_process'
import { expect, it } from 'vitest'
import { MemoryJournal } from '../src/engine/index.ts'
import { OrchestrationError, StateConsistencyError } from '../src/core/errors.ts'
import { AloneGate } from '../src/engine/alone-gate.ts'
import { decodeRow, encodeRow } from '../src/workflow/kernel/codec.ts'
import { call, deaf, EngineStage, held, probe, final } from '../src/testing/index.ts'
import { EmbeddedHarness, memoryStore } from './support/embedded-harness.ts'

async function stageOn(store = memoryStore()) {
  const stage = new EngineStage(async (o) => {
    const h = new EmbeddedHarness(store, o)
    await h.start()
    return h
  })
  await stage.open()
  return stage
}

it('codec keeps raw: null', () => {
  const error = { code: 'x', message: '', retryable: false, hint: null, details: null }
  const events = [
    { kind: 'CallFailed', step: 's', error, raw: null },
    { kind: 'CallCompleted', step: 's', output: 1, raw: null },
  ] as const
  expect(decodeRow(encodeRow(1, events)).events).toEqual(events)
})

it('compensation of a call with output null whose outputs failed survives a crash', async () => {
  const stage = await stageOn()
  stage.script.run = ({ action }) => (action === 'undo' ? held : null)
  const id = await stage.begin(
    probe(
      {
        a: call('write', {
          compensate: { agent: 'worker', action: 'undo' },
          outputs: { x: '${ output.gone }' },
        }),
      },
      { onFailure: 'compensate' },
    ),
  )
  stage.script.run = () => null
  await stage.harness.restart()
  expect((await stage.ended(id)).status).toBe('failed')
})

it('a cancelled wait at the gate lets those behind it in', () => {
  const gate = new AloneGate()
  const inside: string[] = []
  const enter = (name: string, alone: boolean) => {
    const f = () => void inside.push(name)
    if (gate.enter(alone, f)) f()
    return f
  }
  enter('long', false)
  const alone = enter('alone', true)
  enter('next', false)
  gate.cancel(alone)
  expect(inside).toEqual(['long', 'next'])
})

it('a document whose first start was refused can be started later', async () => {
  const journal = new MemoryJournal()
  let fail = true
  const append = journal.append.bind(journal)
  journal.append = (batch) =>
    fail ? Promise.reject(new StateConsistencyError('refused')) : append(batch)
  const stage = await stageOn({ open: () => journal, lose() {}, remove() {} })
  await stage.refused(
    stage.engine.startWorkflow('probe', probe({ a: call('read') })),
    'StateConsistencyError',
  )
  fail = false
  expect((await stage.finish(probe({ a: call('read') }))).status).toBe('completed')
})

it('of an execution that could not be recorded nothing later is recorded either', async () => {
  const journal = new MemoryJournal()
  const append = journal.append.bind(journal)
  const full = new OrchestrationError('StorageError', 'full', { retryable: true })
  const refused = new StateConsistencyError('refused')
  let answers: Error[] = []
  journal.append = (batch) => {
    const [answer] = answers
    if (answer === undefined) return append(batch)
    if (answer === refused) answers.shift()
    return Promise.reject(answer)
  }
  const stage = await stageOn({ open: () => journal, lose() {}, remove() {} })
  stage.script.run = () => held
  const id = await stage.begin(probe({ a: call('read'), b: call('read', { needs: ['a'] }) }))
  const before = journal.rows(journal.find(id)?.execution ?? 0)
  answers = [full]
  const signalled = stage.engine.signal(id, 'early', 1)
  await stage.harness.advance(1)
  stage.script.call('a').resolve(1)
  await stage.harness.advance(1)
  // The batch is refused when it is tried again, and then once more on its own.
  answers = [refused, refused]
  await Promise.all([
    stage.refused(signalled, 'StateConsistencyError'),
    stage.harness.advance(1_000),
  ])
  expect(journal.rows(journal.find(id)?.execution ?? 0)).toEqual(before)
})

it('a signal in the moment in which the execution ends is refused or kept, not swallowed', async () => {
  const stage = await stageOn()
  stage.script.run = () => held
  const id = await stage.begin(probe({ a: call('read') }))
  stage.script.call('a').resolve(1)
  for (let i = 0; i < 20; i++) await Promise.resolve()
  await stage.refused(stage.engine.signal(id, 'x', 1), 'RefusedError')
})

it('a closed engine leaves no timer behind that keeps the process', () => {
  const index = new URL('../src/index.ts', import.meta.url).href
  const code = `
    const { defineAgent, openEngine } = await import('${index}')
    const engine = await openEngine({ agents: [defineAgent({ type: 'a', actions: { do: { effect: 'read', run: () => 1 } } })] })
    await engine.executeWorkflow('p', { name: 'p', version: '1.0.0', steps: { a: { agent: 'a', action: 'do' } } })
    await engine.close()
    console.log(process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length)`
  const { status, stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', code])
  expect([status, stdout.toString()]).toEqual([0, '0\n'])
})

it('verbs after close say that the engine is closed', async () => {
  const stage = await stageOn()
  const id = await stage.begin(probe({ a: { sleep: '1h' } }))
  await stage.now(stage.engine.close())
  await stage.refused(stage.engine.pauseWorkflow(id), 'RefusedError')
  await stage.refused(stage.engine.getExecution(id), 'RefusedError')
})

it('a failed item keeps its step failed when another step stops the execution', async () => {
  const stage = await stageOn()
  stage.script.run = ({ stepId, index, attempt }) => {
    if (stepId === 'down') return held
    if (index === 0) throw final('item')
    if (attempt === 1) throw new Error('again')
    return held
  }
  const id = await stage.begin(
    probe({ each: call('read', { forEach: '[0, 1]' }), down: call('read') }),
  )
  stage.script.call('down').reject(final('down'))
  const run = await stage.ended(id)
  expect(run.steps['each']?.status).toBe('failed')
})

it('getExecution shows nothing that is not durable', async () => {
  const journal = new MemoryJournal()
  const stage = await stageOn({ open: () => journal, lose() {}, remove() {} })
  const id = await stage.begin(probe({ a: { waitFor: { signal: 's' } } }))
  const pausing = stage.engine.pauseWorkflow(id)
  const shown = await stage.now(stage.engine.getExecution(id))
  expect(shown.status).toBe('paused')
  expect(journal.find(id)?.status).toBe('paused')
  await stage.now(pausing)
})

it('an idempotent call lost in a crash and waiting for its place counts as uncertain at cancel', async () => {
  const stage = await stageOn()
  stage.script.run = () => held
  const narrow = (action: string) => ({ agent: 'narrow', action }) as const
  const id = await stage.begin(probe({ a: narrow('write') }))
  stage.script.run = () => deaf
  await stage.harness.restart({ agents: () => [] })
  await stage.now(stage.engine.cancelWorkflow(id))
  const run = await stage.ended(id)
  expect(run.error?.details?.['uncertain']).toEqual(['a'])
})
it('the reason of waiting for a missing agent is shown', async () => {
  const stage = await stageOn()
  const id = await stage.begin(probe({ a: { agent: 'nobody', action: 'read' } }))
  expect(JSON.stringify(await stage.show(id))).toContain('nobody')
})

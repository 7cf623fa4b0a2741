import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { AgentRegistry, defineAgent, type Effect } from '../../../agents/index.ts'
import { unavailableTda } from '../../../core/contracts/tda.ts'
import type { JsonValue } from '../../../core/json.ts'
import { Database } from '../../../storage/index.ts'
import { AuraCheckpointSaver } from '../checkpoints/checkpoint-saver.ts'
import { NodePlaces } from './node-places.ts'
import { RunNotes } from './notes.ts'
import { registryCalls } from './registry-calls.ts'

let directory = ''
let database: Database
let saver: AuraCheckpointSaver
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'registry-calls-'))
  database = Database.open({ path: join(directory, 'aura.db'), durability: 'normal' })
  saver = new AuraCheckpointSaver({ database })
})
afterEach(() => {
  database.close()
  rmSync(directory, { recursive: true, force: true })
})

const call = { agent: 'a', action: 'b', input: null, key: 'k/c1', resumed: null }

/** One life of a process; `dies` when it calls the agent. */
async function life(of: { effect: Effect; dies?: boolean; lookup?: () => JsonValue | undefined }) {
  let calls = 0
  const { promise: reached, resolve: reach } = Promise.withResolvers<void>()
  const agents = new AgentRegistry()
  const run = (): Promise<JsonValue> => {
    calls++
    reach()
    return of.dies === true ? new Promise(() => {}) : Promise.resolve('done')
  }
  const { effect, lookup } = of
  const action = { effect, run, ...(lookup === undefined ? {} : { lookup: async () => lookup() }) }
  agents.register(
    defineAgent({ type: 'a', description: 'A', capabilities: [], actions: { b: action } }),
  )
  await agents.start()
  const notes = await RunNotes.open(saver, 'k')
  const options = { agents, notes, executionId: 'k', places: new NodePlaces() }
  const made = registryCalls({ ...options, tda: () => unavailableTda })({
    ...call,
    signal: new AbortController().signal,
  })
  if (of.dies === true) {
    await reached
    return { calls, outcome: null }
  }
  return { outcome: await made, calls }
}

const done = { kind: 'completed', output: 'done' }

it('a call that was lost is made again, unless its effect is once', async () => {
  await life({ effect: 'idempotent', dies: true })
  expect(await life({ effect: 'idempotent' })).toEqual({ calls: 1, outcome: done })
  // Its outcome is on disk: nobody is called for it any more.
  expect(await life({ effect: 'idempotent' })).toEqual({ calls: 0, outcome: done })
})

it('a once call that was lost is unknown without a lookup, and stays so', async () => {
  await life({ effect: 'once', dies: true })
  for (let time = 0; time < 2; time++) {
    const { calls, outcome } = await life({ effect: 'once' })
    expect(calls).toBe(0)
    expect(outcome).toMatchObject({ kind: 'unknown', error: { code: 'UnknownOutcomeError' } })
  }
})

it.each([
  ['its recorded answer', () => 'earlier', { calls: 0, outcome: { ...done, output: 'earlier' } }],
  ['a new call when it never happened', () => undefined, { calls: 1, outcome: done }],
])('a once call that was lost is looked up: %s', async (_, lookup, expected) => {
  await life({ effect: 'once', lookup, dies: true })
  expect(await life({ effect: 'once', lookup })).toEqual(expected)
})

import { expect, test } from 'vitest'
import { unavailableTda } from '../../core/contracts/tda.ts'
import type { Effect } from '../../core/contracts/call.ts'
import { patternRunner } from '../../patterns/index.ts'
import { readDocumentData } from '../document/read.ts'
import { compilePlan } from '../plan/compile-plan.ts'
import { newExecution } from './state.ts'
import type { Stimulus } from './stimulus.ts'
import { transition } from './transition.ts'

const call = { step: 'a', index: null, undo: null }

/** An execution whose only call runs under token 1. */
function running(effect: Effect): (stimulus: Stimulus) => {
  readonly events: readonly string[]
  readonly commands: readonly string[]
} {
  const { document } = readDocumentData({
    name: 'probe',
    version: '1.0.0',
    steps: { a: { agent: 'worker', action: 'read' } },
  })
  if (document === null) throw new Error('the document has problems')
  const state = newExecution('x', compilePlan(document, 'hash'), {})
  const tell = (stimulus: Stimulus): ReturnType<ReturnType<typeof running>> => {
    const { events, commands } = transition(state, stimulus, {
      atMs: 1,
      random: () => 0.5,
      tda: unavailableTda,
      fits: () => true,
      patterns: patternRunner,
    })
    return { events: events.map(({ kind }) => kind), commands: commands.map(({ kind }) => kind) }
  }
  const contract = { agentId: 'worker', agentType: 'worker', hasLookup: false, hash: '0' }
  tell({ kind: 'start' })
  tell({ kind: 'admitted', call, contract: { ...contract, effect } })
  return tell
}

test('a lost attempt that may be repeated asks for a place again', () => {
  const tell = running('idempotent')
  expect(tell({ kind: 'lost', call, token: 1 })).toEqual({
    events: ['AttemptLost'],
    commands: ['admit'],
  })
})

test('a lost attempt that may happen only once is uncertain', () => {
  const tell = running('once')
  expect(tell({ kind: 'lost', call, token: 1 })).toEqual({
    events: ['AttemptLost', 'CallUncertain'],
    commands: [],
  })
})

test('the loss of another attempt than the one that runs means nothing', () => {
  const tell = running('read')
  expect(tell({ kind: 'lost', call, token: 2 })).toEqual({ events: [], commands: [] })
})

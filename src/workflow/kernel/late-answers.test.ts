import { expect, test } from 'vitest'
import { patternRunner } from '../../patterns/index.ts'
import type { ActionContract } from '../../core/contracts/call.ts'
import { unavailableTda } from '../../core/contracts/tda.ts'
import { readDocumentData } from '../document/read.ts'
import { compilePlan } from '../plan/compile-plan.ts'
import { checkpointsOf, findCheckpoint } from './checkpoints.ts'
import { newExecution } from './state.ts'
import type { Stimulus } from './stimulus.ts'
import { transition } from './transition.ts'

test('an answer of a call that was taken back is not taken for one of the call that runs anew', () => {
  const { document } = readDocumentData({
    name: 'probe',
    version: '1.0.0',
    steps: { a: { agent: 'worker', action: 'read' } },
  })
  if (document === null) throw new Error('the document has problems')
  const state = newExecution('x', compilePlan(document, 'hash'), {})
  const kinds = (stimulus: Stimulus): readonly string[] => {
    const moment = {
      atMs: 1,
      random: () => 0.5,
      tda: unavailableTda,
      fits: () => true,
      patterns: patternRunner,
    }
    return transition(state, stimulus, moment).events.map(({ kind }) => kind)
  }
  const call = { step: 'a', index: null, undo: null }
  const contract: ActionContract = {
    agentId: 'worker',
    agentType: 'worker',
    effect: 'read',
    hasLookup: false,
    hash: '0123456789ab',
  }
  const answer: Stimulus = {
    kind: 'ended',
    call,
    token: 1,
    outcome: { kind: 'completed', output: 'late' },
  }
  kinds({ kind: 'start' })
  kinds({ kind: 'admitted', call, contract })
  const checkpoint = findCheckpoint(state, 'start', null)
  if (checkpoint == null) throw new Error('there is no start')
  const order = {
    checkpoint,
    entries: [],
    acceptEffects: false,
    effectsBelow: [],
    isAutomatic: false,
  }
  kinds({ kind: 'rollback', order })
  expect(kinds(answer)).toEqual(['CallCompleted', 'RolledBack', 'StepScheduled'])
  expect(kinds({ kind: 'admitted', call, contract })).toEqual(['AttemptStarted'])
  expect(kinds(answer)).toEqual([])
  expect(kinds({ ...answer, token: 2 })).toEqual(['CallCompleted', 'ExecutionCompleted'])
  expect(checkpointsOf(state)).toHaveLength(1)
})

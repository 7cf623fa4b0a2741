import assert from 'node:assert/strict'
import type { JsonObject } from '../../core/json.ts'
import type { StepData } from '../../workflow/index.ts'
import { call, type EngineStage, probe } from '../engine-stage.ts'
import { held } from '../scripted-agents.ts'

/** Calls `worker.undo`. */
export const compensate = { agent: 'worker', action: 'undo' }

/** An idempotent step that can be undone. */
export function undoable(rest: JsonObject = {}): StepData {
  return call('write', { compensate, ...rest })
}

/** Steps `a`, `b` and `c` that can be undone, one after the other, then a wait for the signal `go`. */
export const chain = probe({
  a: undoable(),
  b: undoable({ needs: ['a'] }),
  c: undoable({ needs: ['b'] }),
  gate: { needs: ['c'], waitFor: { signal: 'go' } },
})

/** Keys of the compensations in the order in which they were called. */
export function undone(stage: EngineStage): readonly string[] {
  return stage.script.calls.filter(({ action }) => action === 'undo').map(({ key }) => key)
}

/** Keys of the calls that go forward, in the order in which they were made. */
export function done(stage: EngineStage): readonly string[] {
  return stage.script.calls.filter(({ action }) => action !== 'undo').map(({ key }) => key)
}

/** Ids of the open dead letters, oldest first. */
export async function letters(stage: EngineStage): Promise<readonly string[]> {
  return (await stage.now(stage.engine.deadLetters())).map(({ id }) => id)
}

/** An answer that takes many turns but no time. */
export async function patiently<T>(stage: EngineStage, answer: Promise<T>): Promise<T> {
  const state = { isOver: false }
  const over = (): void => {
    state.isOver = true
  }
  answer.then(over, over)
  for (let turn = 0; turn < 1_000; turn++) {
    if (state.isOver) return answer
    await stage.harness.advance(0)
  }
  throw new Error('no answer after 1,000 turns')
}

/** An execution `x` of `chain` that goes back; the first undoing is held. */
export async function goingBack(stage: EngineStage, to = 'a', timeout?: '10s'): Promise<void> {
  await stage.begin(
    { ...chain, ...(timeout === undefined ? {} : { timeout }) },
    {
      executionId: 'x',
    },
  )
  stage.script.run = ({ action }) => (action === 'undo' ? held : null)
  await stage.now(stage.engine.rollback('x', to))
  assert.deepEqual(undone(stage), ['x/c/1/compensate'])
}

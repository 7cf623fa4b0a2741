import assert from 'node:assert/strict'
import type { JsonValue } from '../../core/json.ts'
import { limits } from '../../core/limits.ts'
import { isOrchestrationError } from '../../core/errors.ts'
import { call, type EngineChecks, type EngineStage, probe } from '../engine-stage.ts'
import { final } from '../scripted-agents.ts'
import { stateDroppedChecks } from './state-dropped-suite.ts'
import { stateInStepsChecks } from './state-in-steps-suite.ts'
import { patiently } from './undo-scenes.ts'

const parked = probe({ wait: { waitFor: { signal: 'go' } } })

/** Versioned entries as they are written and read from outside. */
const stateEntryChecks: EngineChecks = {
  async 'a key that nobody wrote is null, has no entry and is not listed'(stage) {
    const { engine } = await open(stage)
    for (const key of ['none', 'constructor', 'toString', '__proto__']) {
      assert.equal(await stage.now(engine.getState('x', key)), null)
      assert.equal(await stage.now(engine.getStateEntry('x', key)), null)
    }
    assert.deepEqual(await stage.now(engine.listState('x')), [])
  },
  async 'the first write has version 1, each further one is one more'(stage) {
    const { engine } = await open(stage)
    const timestampMs = stage.harness.nowMs()
    assert.equal(await stage.now(engine.setState('x', 'k', { n: 1 })), true)
    const entry = { workflowId: 'x', key: 'k', ttlMs: null, metadata: {} }
    assert.deepEqual(await stage.now(engine.getStateEntry('x', 'k')), {
      ...entry,
      value: { n: 1 },
      version: 1,
      timestampMs,
    })
    await stage.harness.advance(5_000)
    await stage.now(engine.setState('x', 'k', 'other'))
    assert.deepEqual(await stage.now(engine.getStateEntry('x', 'k')), {
      ...entry,
      value: 'other',
      version: 2,
      timestampMs: timestampMs + 5_000,
    })
    assert.equal(await stage.now(engine.getState('x', 'k')), 'other')
  },
  async 'every kind of JSON value comes back as it was, a null one as an entry'(stage) {
    const { engine } = await open(stage)
    const values: JsonValue[] = [null, false, 0, -1.5, '', 'ä\u0000😀', [], {}, [{ a: [null] }]]
    for (const value of values) {
      await stage.now(engine.setState('x', 'k', value))
      assert.deepEqual(await stage.now(engine.getState('x', 'k')), value)
      assert.deepEqual((await entryOf(stage, 'k'))?.value, value)
    }
    assert.equal((await entryOf(stage, 'k'))?.version, values.length)
  },
  async 'a kept value does not change when the caller changes theirs'(stage) {
    const { engine } = await open(stage)
    const value = { list: [1] }
    await stage.now(engine.setState('x', 'k', value))
    value.list.push(2)
    const read = (await stage.now(engine.getState('x', 'k'))) as { list: number[] }
    assert.deepEqual(read, { list: [1] })
    read.list.push(3)
    assert.deepEqual(await stage.now(engine.getState('x', 'k')), { list: [1] })
  },
  async 'expectedVersion 0 creates and refuses an entry that is there'(stage) {
    const { engine } = await open(stage)
    await stage.now(engine.setState('x', 'k', 1, { expectedVersion: 0 }))
    await stage.refused(
      engine.setState('x', 'k', 2, { expectedVersion: 0 }),
      'StateConsistencyError',
    )
    assert.deepEqual(await valueAndVersion(stage, 'k'), [1, 1])
  },
  async 'a write that expects another version is refused and changes nothing'(stage) {
    const { engine } = await open(stage)
    await stage.now(engine.setState('x', 'k', 1))
    await stage.now(engine.setState('x', 'k', 2, { expectedVersion: 1 }))
    for (const expectedVersion of [1, 3]) {
      await stage.refused(
        engine.setState('x', 'k', 'stale', { expectedVersion }),
        'StateConsistencyError',
      )
    }
    await stage.refused(
      engine.setState('x', 'none', 1, { expectedVersion: 1 }),
      'StateConsistencyError',
    )
    assert.deepEqual(await valueAndVersion(stage, 'k'), [2, 2])
    assert.equal(await entryOf(stage, 'none'), null)
  },
  async 'of writers that expect the same version in the same moment one wins'(stage) {
    const { engine } = await open(stage)
    const answers = await patiently(
      stage,
      Promise.allSettled(
        [1, 2, 3].map((value) => engine.setState('x', 'k', value, { expectedVersion: 0 })),
      ),
    )
    const won = answers.flatMap(({ status }, at) => (status === 'fulfilled' ? [at + 1] : []))
    assert.equal(won.length, 1)
    assert.deepEqual(await valueAndVersion(stage, 'k'), [won[0], 1])
  },
  async '64 concurrent compare-and-set writers lose no update'(stage) {
    const { engine } = await open(stage)
    const writer = async (): Promise<void> => {
      for (;;) {
        const entry = await engine.getStateEntry('x', 'n')
        const value = entry === null ? 1 : (entry.value as number) + 1
        const expectedVersion = entry?.version ?? 0
        try {
          await engine.setState('x', 'n', value, { expectedVersion })
          return
        } catch (thrown) {
          const isStale = isOrchestrationError(thrown) && thrown.code === 'StateConsistencyError'
          if (!isStale) throw thrown
        }
      }
    }
    await patiently(stage, Promise.all(Array.from({ length: 64 }, writer)))
    assert.deepEqual(await valueAndVersion(stage, 'n'), [64, 64])
    await stage.harness.restart()
    assert.deepEqual(await valueAndVersion(stage, 'n'), [64, 64])
  },
  async 'an entry is gone once its ttlMs has passed'(stage) {
    const { engine } = await open(stage)
    await stage.now(engine.setState('x', 'k', 1, { ttlMs: 10_000 }))
    await stage.harness.advance(9_999)
    assert.equal((await entryOf(stage, 'k'))?.ttlMs, 10_000)
    assert.equal(await stage.now(engine.getState('x', 'k')), 1)
    await stage.harness.advance(1)
    assert.equal(await entryOf(stage, 'k'), null)
    assert.equal(await stage.now(engine.getState('x', 'k')), null)
    assert.deepEqual(await stage.now(engine.listState('x')), [])
    assert.equal(await stage.now(engine.deleteState('x', 'k')), false)
  },
  async 'an expired entry may be created again, and its version goes on'(stage) {
    const { engine } = await open(stage)
    await stage.now(engine.setState('x', 'k', 1, { ttlMs: 1_000 }))
    await stage.harness.advance(1_000)
    await stage.refused(
      engine.setState('x', 'k', 2, { expectedVersion: 1 }),
      'StateConsistencyError',
    )
    await stage.now(engine.setState('x', 'k', 3, { expectedVersion: 0 }))
    const [value, version] = await valueAndVersion(stage, 'k')
    assert.equal(value, 3)
    assert.ok((version ?? 0) > 1, `version ${version}`)
  },
  async 'a later write without ttlMs lets the entry stay, one with it counts anew'(stage) {
    const { engine } = await open(stage)
    await stage.now(engine.setState('x', 'stays', 1, { ttlMs: 1_000 }))
    await stage.now(engine.setState('x', 'longer', 1, { ttlMs: 1_000 }))
    await stage.harness.advance(500)
    await stage.now(engine.setState('x', 'stays', 2))
    await stage.now(engine.setState('x', 'longer', 2, { ttlMs: 1_000 }))
    await stage.harness.advance(999)
    assert.equal(await stage.now(engine.getState('x', 'longer')), 2)
    await stage.harness.advance(3_600_000)
    assert.equal(await stage.now(engine.getState('x', 'stays')), 2)
    assert.equal(await stage.now(engine.getState('x', 'longer')), null)
  },
  async 'ttlMs passes also while no process is there'(stage) {
    const { engine } = await open(stage)
    await stage.now(engine.setState('x', 'short', 1, { ttlMs: 1_000 }))
    await stage.now(engine.setState('x', 'long', 1, { ttlMs: 60_000 }))
    await stage.harness.restart({ downMs: 10_000 })
    const left = await stage.now(stage.engine.listState('x'))
    assert.deepEqual(
      left.map(({ key }) => key),
      ['long'],
    )
    await stage.harness.advance(50_000)
    assert.deepEqual(await stage.now(stage.engine.listState('x')), [])
  },
  async 'metadata is kept with the entry; the next write brings its own'(stage) {
    const { engine } = await open(stage)
    await stage.now(engine.setState('x', 'k', 1, { metadata: { by: 'ops', tags: ['a'] } }))
    assert.deepEqual((await entryOf(stage, 'k'))?.metadata, { by: 'ops', tags: ['a'] })
    await stage.now(engine.setState('x', 'k', 2))
    assert.deepEqual((await entryOf(stage, 'k'))?.metadata, {})
  },
  async 'delete is true when there was an entry, false when there was none'(stage) {
    const { engine } = await open(stage)
    await stage.now(engine.setState('x', 'k', 1))
    assert.equal(await stage.now(engine.deleteState('x', 'k')), true)
    assert.equal(await stage.now(engine.deleteState('x', 'k')), false)
    assert.equal(await stage.now(engine.deleteState('x', 'never')), false)
    assert.equal(await stage.now(engine.getState('x', 'k')), null)
    assert.deepEqual(await stage.now(engine.listState('x')), [])
  },
  async 'a delete that expects another version is refused and deletes nothing'(stage) {
    const { engine } = await open(stage)
    await stage.now(engine.setState('x', 'k', 1))
    await stage.now(engine.setState('x', 'k', 2))
    await stage.refused(
      engine.deleteState('x', 'k', { expectedVersion: 1 }),
      'StateConsistencyError',
    )
    assert.deepEqual(await valueAndVersion(stage, 'k'), [2, 2])
    assert.equal(await stage.now(engine.deleteState('x', 'k', { expectedVersion: 2 })), true)
  },
  async 'a deleted entry may be created again, and its version goes on'(stage) {
    const { engine } = await open(stage)
    await stage.now(engine.setState('x', 'k', 1))
    await stage.now(engine.setState('x', 'k', 2))
    await stage.now(engine.deleteState('x', 'k'))
    await stage.refused(
      engine.setState('x', 'k', 3, { expectedVersion: 2 }),
      'StateConsistencyError',
    )
    await stage.now(engine.setState('x', 'k', 3, { expectedVersion: 0 }))
    const [value, version] = await valueAndVersion(stage, 'k')
    assert.equal(value, 3)
    assert.ok((version ?? 0) > 2, `version ${version}`)
  },
  async 'entries are listed by key and belong to one execution'(stage) {
    const { engine } = await open(stage)
    await stage.begin(parked, { executionId: 'y' })
    for (const key of ['b', 'a', 'c']) await stage.now(engine.setState('x', key, key))
    const listed = await stage.now(engine.listState('x'))
    assert.deepEqual(
      listed.map(({ key, workflowId, value }) => [key, workflowId, value]),
      ['a', 'b', 'c'].map((key) => [key, 'x', key]),
    )
    assert.deepEqual(await stage.now(engine.listState('y')), [])
    assert.equal(await stage.now(engine.getState('y', 'a')), null)
  },
  async 'state outlives a crash with versions, times and metadata'(stage) {
    const { engine } = await open(stage)
    await stage.now(engine.setState('x', 'a', 1, { metadata: { m: 1 }, ttlMs: 86_400_000 }))
    await stage.now(engine.setState('x', 'b', 1))
    await stage.now(engine.setState('x', 'b', { deep: [1, 2] }))
    await stage.now(engine.setState('x', 'gone', 1))
    await stage.now(engine.deleteState('x', 'gone'))
    const before = await stage.now(engine.listState('x'))
    await stage.harness.restart({ downMs: 1_000 })
    assert.deepEqual(await stage.now(stage.engine.listState('x')), before)
    await stage.harness.restart({ isRecovering: false })
    assert.deepEqual(await stage.now(stage.engine.listState('x')), before)
    await stage.now(stage.engine.setState('x', 'b', 3, { expectedVersion: 2 }))
    assert.deepEqual(await valueAndVersion(stage, 'b'), [3, 3])
  },
  async 'state is written while the execution is paused and stays so'(stage) {
    const { engine } = await open(stage)
    await stage.now(engine.pauseWorkflow('x'))
    await stage.now(engine.setState('x', 'k', 1))
    assert.equal(await stage.status('x'), 'paused')
    assert.deepEqual(await valueAndVersion(stage, 'k'), [1, 1])
  },
  async 'the state of an ended execution is read and not written'(stage) {
    stage.script.run = ({ input, state }) => {
      state.set('k', 'kept')
      if ((input as { how?: string }).how === 'fails') throw final()
      return null
    }
    for (const how of ['completes', 'fails', 'is cancelled']) {
      const id = how.replaceAll(' ', '-')
      const begun = await stage.begin(
        probe({
          wait: { waitFor: { signal: 'go' } },
          a: call('read', { needs: ['wait'], with: { how } }),
        }),
        { executionId: id },
      )
      await stage.now(stage.engine.setState(begun, 'before', how))
      if (how === 'is cancelled') await stage.now(stage.engine.cancelWorkflow(id))
      else await stage.now(stage.engine.signal(id, 'go', null))
      await stage.ended(id)
      const { engine } = stage
      await stage.refused(engine.setState(id, 'before', 'after'), 'RefusedError')
      await stage.refused(engine.deleteState(id, 'before'), 'RefusedError')
      assert.equal(await stage.now(engine.getState(id, 'before')), how)
      const kept = how === 'completes' ? 'kept' : null
      assert.equal(await stage.now(engine.getState(id, 'k')), kept)
    }
  },
  async 'every method of the state refuses an id that nobody knows'(stage) {
    const { engine } = stage
    for (const answer of [
      engine.getState('nobody', 'k'),
      engine.getStateEntry('nobody', 'k'),
      engine.listState('nobody'),
      engine.setState('nobody', 'k', 1),
      engine.deleteState('nobody', 'k'),
      engine.createCheckpoint('nobody'),
      engine.rollbackToCheckpoint('nobody', 'start'),
      engine.getWorkflowProgress('nobody'),
    ]) {
      await stage.refused(answer, 'NotFoundError')
    }
  },
  async 'a key or a value that cannot be kept is refused and changes nothing'(stage) {
    const { engine } = await open(stage)
    for (const key of ['', 'k'.repeat(100_000)]) {
      await stage.refused(engine.setState('x', key, 1), 'InputError')
    }
    const cyclic: Record<string, unknown> = {}
    cyclic['self'] = cyclic
    for (const value of [NaN, Infinity, 1n, () => 1, cyclic]) {
      await stage.refused(engine.setState('x', 'k', value as JsonValue), 'InputError')
    }
    assert.deepEqual(await stage.now(engine.listState('x')), [])
  },
  async 'a value over payloadBytesMax is refused by that name'(stage) {
    const { engine } = await open(stage)
    const error = await stage.refused(
      engine.setState('x', 'k', 'v'.repeat(limits.payloadBytesMax + 1)),
      'ResourceExhaustionError',
    )
    assert.match(error.message, /payloadBytesMax/)
    assert.deepEqual(await stage.now(engine.listState('x')), [])
  },
  async 'one key more than stateKeysMax is refused by that name; those that are there are written on'(
    stage,
  ) {
    const { engine } = await open(stage)
    const keys = Array.from({ length: limits.stateKeysMax }, (_, i) => `k${i}`)
    await patiently(stage, Promise.all(keys.map((key) => engine.setState('x', key, 1))))
    const error = await stage.refused(engine.setState('x', 'more', 1), 'ResourceExhaustionError')
    assert.match(error.message, /stateKeysMax/)
    await stage.now(engine.setState('x', 'k0', 2))
    await stage.now(engine.deleteState('x', 'k1'))
    await stage.now(engine.setState('x', 'more', 1))
  },
  async 'a write is one event of the journal'(stage) {
    const { engine } = await open(stage)
    const heard: string[] = []
    engine.subscribe({ onEvent: ({ event }) => heard.push(event.kind) })
    await stage.now(engine.setState('x', 'k', 1))
    await stage.now(engine.setState('x', 'k', 2))
    await stage.now(engine.deleteState('x', 'k'))
    assert.deepEqual(heard, ['StateChanged', 'StateChanged', 'StateChanged'])
  },
  async 'the progress of an execution is the one that show gives'(stage) {
    const { engine } = stage
    const begun = await stage.begin(
      probe({
        a: call('read'),
        wait: { needs: ['a'], waitFor: { signal: 'go' } },
        b: call('read', { needs: ['wait'] }),
        c: call('read', { needs: ['wait'], when: 'false' }),
      }),
    )
    const progress = await stage.now(engine.getWorkflowProgress(begun))
    assert.deepEqual(progress, (await stage.show(begun)).progress)
    assert.deepEqual(
      [progress.status, progress.completed, progress.total, progress.percent],
      ['waiting', 1, 4, 25],
    )
    await stage.now(engine.signal(begun, 'go', null))
    const { status, completed, percent, etaMs } = await stage.now(engine.getWorkflowProgress(begun))
    assert.deepEqual([status, completed, percent, etaMs], ['completed', 4, 100, null])
  },
}

/** Versions, compare-and-set, TTL, and what steps do with the state of their execution. */
export const stateChecks: EngineChecks = {
  ...stateEntryChecks,
  ...stateInStepsChecks,
  ...stateDroppedChecks,
}

/** An execution `x` that waits. */
async function open(stage: EngineStage): Promise<EngineStage> {
  await stage.begin(parked, { executionId: 'x' })
  return stage
}

function entryOf(stage: EngineStage, key: string) {
  return stage.now(stage.engine.getStateEntry('x', key))
}

async function valueAndVersion(
  stage: EngineStage,
  key: string,
): Promise<readonly [JsonValue | undefined, number | undefined]> {
  const entry = await entryOf(stage, key)
  return [entry?.value, entry?.version]
}

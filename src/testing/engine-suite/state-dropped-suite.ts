import assert from 'node:assert/strict'
import { call, type EngineChecks, probe } from '../engine-stage.ts'
import { deaf, final, held, passing } from '../scripted-agents.ts'

const again = { initialInterval: '1s', jitter: 0 } as const

/** What becomes of the writes of a call that fails, is lost or comes too late. */
export const stateDroppedChecks: EngineChecks = {
  async 'what a failed attempt wrote is dropped, and its next attempt begins without it'(stage) {
    const seen: unknown[] = []
    stage.script.run = async ({ state, attempt }) => {
      seen.push(await state.get('k'))
      state.set('k', attempt)
      state.set(`of${attempt}`, true)
      if (attempt === 1) throw passing()
    }
    const id = await stage.begin(probe({ a: call('write', { retry: again }) }), {
      executionId: 'x',
    })
    await stage.harness.advance(500)
    assert.deepEqual(await stage.now(stage.engine.listState(id)), [])
    await stage.ended(id, 500)
    assert.deepEqual(seen, [null, null])
    const kept = await stage.now(stage.engine.listState(id))
    assert.deepEqual(
      kept.map(({ key, value, version }) => [key, value, version]),
      [
        ['k', 2, 1],
        ['of2', true, 1],
      ],
    )
  },
  async 'a value that a call has read and changed in place is changed for nobody else'(stage) {
    const seen: unknown[] = []
    stage.script.run = async ({ state, attempt }) => {
      const list = (await state.get('list')) as number[]
      seen.push([...list])
      list.push(attempt)
      if (attempt === 1) throw passing()
    }
    const id = await stage.begin(
      probe({
        wait: { waitFor: { signal: 'go' } },
        a: call('read', { needs: ['wait'], retry: again }),
      }),
    )
    await stage.now(stage.engine.setState(id, 'list', [0]))
    await stage.now(stage.engine.signal(id, 'go', null))
    await stage.ended(id, 1_000)
    assert.deepEqual(seen, [[0], [0]])
    assert.deepEqual(await stage.now(stage.engine.getState(id, 'list')), [0])
  },
  async 'what a call wrote that failed for good is dropped, its fallback writes its own'(stage) {
    stage.script.run = ({ agent, state }) => {
      state.set(agent, true)
      if (agent === 'worker') throw final()
      return null
    }
    const id = await stage.begin(
      probe({ a: call('read', { fallback: { agent: 'backup', action: 'read' } }) }),
    )
    assert.equal((await stage.ended(id)).status, 'completed')
    const kept = await stage.now(stage.engine.listState(id))
    assert.deepEqual(
      kept.map(({ key }) => key),
      ['backup'],
    )
  },
  async 'what an attempt wrote that timed out is dropped, also when it answers later'(stage) {
    stage.script.run = ({ state, attempt }) => {
      state.set('by', attempt)
      state.set(`of${attempt}`, 1)
      return attempt === 1 ? deaf : null
    }
    const id = await stage.begin(
      probe({
        a: call('read', { timeout: '1s', retry: again }),
        wait: { waitFor: { signal: 'go' } },
      }),
    )
    const late = stage.script.call('a')
    await stage.harness.advance(2_000)
    late.resolve('late')
    await stage.harness.advance(0)
    const kept = await stage.now(stage.engine.listState(id))
    assert.deepEqual(
      kept.map(({ key, value, version }) => [key, value, version]),
      [
        ['by', 2, 1],
        ['of2', 1, 1],
      ],
    )
  },
  async 'what an attempt wrote that a crash took is dropped, and written once by its re-delivery'(
    stage,
  ) {
    stage.script.run = ({ state }) => {
      state.set('lost', true)
      state.update('n', (n) => ((n as number | null) ?? 0) + 1)
      return held
    }
    const id = await stage.begin(
      probe({ a: call('write'), wait: { needs: ['a'], waitFor: { signal: 'go' } } }),
    )
    stage.script.run = ({ state }) => {
      state.update('n', (n) => ((n as number | null) ?? 0) + 1)
      return null
    }
    await stage.harness.restart()
    await stage.harness.restart()
    const kept = await stage.now(stage.engine.listState(id))
    assert.deepEqual(
      kept.map(({ key, value, version }) => [key, value, version]),
      [['n', 1, 1]],
    )
    assert.equal(stage.script.count('a'), 2)
  },
  async 'a stale write of an idempotent call tries it again, and all its writes are dropped'(
    stage,
  ) {
    stage.script.run = ({ state, attempt }) => {
      state.set('other', attempt)
      state.set('k', 'mine', { expectedVersion: attempt })
      return attempt === 1 ? held : 'done'
    }
    for (const action of ['read', 'write']) {
      const id = await stage.begin(
        probe({
          a: call(action, { retry: again }),
          wait: { waitFor: { signal: 'go' } },
        }),
      )
      const { engine } = stage
      await stage.now(engine.setState(id, 'k', 'theirs'))
      await stage.now(engine.setState(id, 'k', 'theirs'))
      stage.script.call('a').resolve('done')
      await stage.harness.advance(999)
      assert.deepEqual(
        [await stage.now(engine.getState(id, 'other')), await stage.now(engine.getState(id, 'k'))],
        [null, 'theirs'],
      )
      assert.equal((await stage.show(id)).steps['a']?.status, 'waiting')
      await stage.harness.advance(1)
      assert.deepEqual(
        [await stage.now(engine.getState(id, 'other')), await stage.now(engine.getState(id, 'k'))],
        [2, 'mine'],
      )
      const { attempts, status } = (await stage.show(id)).steps['a'] ?? {}
      assert.deepEqual([attempts, status], [2, 'completed'])
    }
  },
  async 'a stale write of a `once` call is a definite failure: it is called once and not uncertain'(
    stage,
  ) {
    stage.script.run = ({ state }) => {
      state.set('other', 1)
      state.set('k', 'mine', { expectedVersion: 0 })
      return held
    }
    const id = await stage.begin(probe({ a: call('pay', { retry: again }) }))
    await stage.now(stage.engine.setState(id, 'k', 'theirs'))
    stage.script.call('a').resolve('paid')
    const run = await stage.ended(id, 60_000)
    assert.equal(run.status, 'failed')
    assert.equal((run.steps['a']?.error as { code?: string })?.code, 'StateConsistencyError')
    assert.equal(stage.script.calls.length, 1)
    const kept = await stage.now(stage.engine.listState(id))
    assert.deepEqual(
      kept.map(({ key, value }) => [key, value]),
      [['k', 'theirs']],
    )
  },
}

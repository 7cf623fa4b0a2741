import { expect, test } from 'vitest'
import { AgentPool } from '../agents/index.ts'
import type { EngineAgent } from './engine-agent.ts'
import type { Place } from './place.ts'
import { Places } from './places.ts'

test('what a lone call calls inside finds no place taken by those that wait for it', () => {
  const { take, leave, held } = bench()
  take('before', { pool: 'shop' })
  take('lone', { pool: 'clerk', alone: true })
  take('behind', { pool: 'shop' })
  expect(held).toEqual(['before'])
  leave('before')
  expect(held).toEqual(['lone'])
  take('inside', { pool: 'shop', isNested: true })
  expect(held).toEqual(['lone', 'inside'])
  leave('inside')
  leave('lone')
  expect(held).toEqual(['behind'])
})

test('who gets a place in the pool while another must be alone gives it back and comes after that one', () => {
  const { take, leave, held } = bench()
  take('first', { pool: 'shop' })
  take('second', { pool: 'shop' })
  take('lone', { pool: 'clerk', alone: true })
  leave('first')
  expect(held).toEqual(['lone'])
  leave('lone')
  expect(held).toEqual(['second'])
})

test('who waits in a pool does not keep others from being alone', () => {
  const { take, leave, held } = bench()
  take('nested', { pool: 'shop', isNested: true })
  take('waits', { pool: 'shop' })
  take('lone', { pool: 'clerk', alone: true })
  expect(held).toEqual(['nested', 'lone'])
  leave('lone')
  leave('nested')
  expect(held).toEqual(['waits'])
})

/** Places of two agents with room for one call each, and who holds one, by name. */
function bench() {
  const places = new Places(() => false)
  const pools = { shop: newPool(), clerk: newPool() }
  const known = new Map<string, Place>()
  const held: string[] = []
  const listener = {
    held: ({ call }: Place) => held.push(call.step),
    refused: ({ call }: Place) => expect.unreachable(`${call.step} is refused`),
  }
  const take = (
    step: string,
    of: { pool: keyof typeof pools; alone?: boolean; isNested?: boolean },
  ): void => {
    const place: Place = {
      call: { step, index: null, undo: null },
      agent: { pool: pools[of.pool] } as EngineAgent,
      contract: {
        agentId: of.pool,
        agentType: of.pool,
        effect: 'read',
        hasLookup: false,
        hash: '',
      },
      accounts: [],
      alone: of.alone ?? false,
      slot: null,
      isNested: of.isNested ?? false,
      isReentrant: false,
      turn: { owner: step, age: known.size },
      stage: 'slotted',
      grant: (answer) => places.granted(place, listener, answer),
      isCalled: false,
      isOver: false,
      running: null,
      telemetry: null,
      startedAtMs: 0,
    }
    known.set(step, place)
    places.take(place, listener)
  }
  const leave = (step: string): void => {
    held.splice(held.indexOf(step), 1)
    places.leave(known.get(step) as Place)
  }
  return { take, leave, held }
}

function newPool(): AgentPool {
  return new AgentPool({ maxConcurrent: 1, queueMax: 10 })
}

import { describe, expect, it } from 'vitest'
import type { WorkflowData } from '../../workflow/index.ts'
import type { ShortAgents } from '../agent-script.ts'
import { script } from '../agent-script.ts'
import { faultNames } from './fault-plan.ts'
import { simulate } from './simulate.ts'

const order: WorkflowData = {
  name: 'order',
  version: '1.0.0',
  onFailure: 'compensate',
  steps: {
    book: { agent: 'ledger', action: 'append', compensate: { agent: 'ledger', action: 'undo' } },
    parts: {
      needs: ['book'],
      forEach: '[1, 2, 3]',
      agent: 'ledger',
      action: 'append',
      compensate: { agent: 'ledger', action: 'undo' },
    },
    rest: { needs: ['book'], sleep: '3d' },
    pay: { needs: ['rest'], agent: 'bank', action: 'pay' },
    approve: { needs: ['pay'], waitFor: { signal: 'approval', timeout: '1h' } },
  },
}

/** A bank that books whatever it is told, and what it says when it is asked. */
function bank(lookup: (booked: ReadonlySet<string>, key: string) => unknown): () => ShortAgents {
  return () => {
    const booked = new Set<string>()
    return {
      ledger: { append: (input) => input, undo: () => 'undone' },
      bank: {
        pay: {
          effect: 'once',
          run: (_, { idempotencyKey }) => {
            booked.add(idempotencyKey)
            return 'paid'
          },
          lookup: (key) => lookup(booked, key),
        },
      },
    }
  }
}

const honest = bank((booked, key) => (booked.has(key) ? 'paid' : undefined))
const lying = bank(() => undefined)

describe('simulate', () => {
  it('finds nothing in a sound workflow, whatever goes wrong', async () => {
    const { failures, failed } = await simulate(order, {
      seeds: 100,
      agents: honest,
      signals: { approval: true },
      properties: {
        approvedOrFailed: ({ run }) =>
          run.status === 'failed' || run.steps['approve']?.output === true,
      },
    })
    expect(failures).toEqual([])
    expect(failed).toBe(0)
  })

  it('lets every fault happen that it was asked for, and no other', async () => {
    const seen = new Set<string>()
    for (const fault of faultNames) {
      const { failures } = await simulate(order, {
        seeds: 12,
        agents: honest,
        faults: [fault],
        properties: { never: () => false },
      })
      for (const { faults } of failures) for (const { fault } of faults) seen.add(fault)
      const others = failures.flatMap(({ faults }) => faults).filter((one) => one.fault !== fault)
      expect(others).toEqual([])
    }
    expect([...seen].toSorted()).toEqual([...faultNames].toSorted())
  })

  it('finds a lookup that lies, and shrinks the seed to the one fault it takes', async () => {
    const report = await simulate(order, { seeds: 60, agents: lying })
    const [first] = report.failures
    expect(first).toMatchObject({
      property: 'onceNotTwice',
      detail: expect.stringMatching(/pay\/1$/),
    })
    expect(first?.minimal).toHaveLength(1)
    expect(first?.faults.length).toBeGreaterThan(1)
    const [fault] = first?.minimal ?? []
    expect(first?.story).toContain(`-- ${fault?.fault}: ${fault?.what}`)
    expect(report.failures.every(({ property }) => property === 'onceNotTwice')).toBe(true)
  })

  it('does exactly the same again for the seed that failed', async () => {
    const options = { agents: lying, executions: 3 }
    const { failures } = await simulate(order, { ...options, seeds: 60 })
    const seed = failures[0]?.seed as number
    const again = await simulate(order, { ...options, seeds: 1, seed })
    expect(again.failures).toEqual(failures.filter((failure) => failure.seed === seed))
  })

  it('checks the properties of the author: false, a throw and a rejection break them', async () => {
    const { failures } = await simulate(order, {
      seeds: 1,
      faults: [],
      executions: 1,
      properties: {
        isFalse: () => false,
        throws: ({ calls }) => {
          throw new Error(`${calls.length} calls`)
        },
        rejects: () => Promise.reject(new Error('no')),
        holds: ({ run, log, input }) =>
          run.status === 'completed' && log.length > 10 && Object.keys(input).length === 0,
        saysNothing: () => {},
      },
    })
    expect(failures.map(({ property, detail }) => [property, detail])).toEqual([
      ['isFalse', 'it gave false'],
      ['throws', '5 calls'],
      ['rejects', 'no'],
    ])
    expect(failures.map(({ minimal }) => minimal)).toEqual([[], [], []])
  })

  it('gives each execution its input, and each run agents of its own', async () => {
    const inputs: unknown[] = []
    const { failures } = await simulate(order, {
      seeds: 2,
      faults: [],
      executions: 2,
      input: (number) => ({ number }),
      agents: {
        ledger: { append: script.fails(1), undo: () => null },
        bank: { pay: (input) => input },
      },
      properties: {
        retriedOnce: ({ run, input }) => {
          inputs.push(input)
          return run.steps['book']?.attempts === 2
        },
      },
    })
    expect(failures).toEqual([])
    expect(inputs).toEqual([{ number: 0 }, { number: 1 }, { number: 0 }, { number: 1 }])
  })

  const kid: WorkflowData = {
    name: 'kid',
    version: '1.0.0',
    steps: {
      book: { agent: 'ledger', action: 'append', compensate: { agent: 'ledger', action: 'undo' } },
      nap: { needs: ['book'], sleep: '1h' },
    },
  }
  const last = { agent: 'ledger', action: 'fails' } as const

  it.each<[string, Partial<WorkflowData>, string]>([
    [
      'a sub-workflow that is undone with its parent',
      {
        onFailure: 'compensate',
        steps: {
          a: { workflow: { name: 'kid', version: '1' } },
          b: { needs: ['a'], ...last },
        },
      },
      'failed',
    ],
    [
      'sub-workflows of items',
      { steps: { a: { forEach: '[1, 2]', workflow: { name: 'kid', version: '1' } } } },
      'completed',
    ],
    [
      'a rollback that is made once and then fails',
      {
        onFailure: 'rollback',
        rollback: { to: 'start', maxRollbacks: 1 },
        steps: {
          a: { agent: 'ledger', action: 'append', compensate: { agent: 'ledger', action: 'undo' } },
          b: { needs: ['a'], ...last },
        },
      },
      'failed',
    ],
    [
      'a count in the state of the execution',
      {
        steps: { a: { agent: 'ledger', action: 'count', forEach: '[1, 2, 3]' } },
        output: '${ state.count }',
      },
      'completed',
    ],
  ])('finds nothing wrong with %s', async (_, document, status) => {
    const { failures } = await simulate(
      { name: 'parent', version: '1.0.0', steps: {}, ...document },
      {
        seeds: 40,
        workflows: [kid],
        agents: {
          ledger: {
            append: (input) => input,
            undo: () => 'undone',
            fails: script.throws('no', { retryable: false }),
            count: (_, { state }) => state.update('count', (count) => Number(count) + 1),
          },
        },
        faults: ['crash', 'clockJump', 'diskFull', 'duplicateDelivery'],
        properties: {
          ends: ({ run }) => run.status === status,
          counts: ({ run }) => run.output === (document.output === undefined ? run.output : 3),
        },
      },
    )
    expect(failures).toEqual([])
  })

  it('says what is missing: an agent, an input, the data of a signal, a count', async () => {
    const refused = (options: object) =>
      simulate({ ...order, input: { type: 'object', required: ['n'] } }, { seeds: 1, ...options })
    await expect(refused({ input: { n: 1 }, agents: {} })).rejects.toThrow("no agent 'ledger'")
    await expect(refused({})).rejects.toMatchObject({ code: 'InputError' })
    await expect(refused({ input: { n: 1 }, seeds: 0 })).rejects.toThrow('seeds is 0')
  })

  it('reports what never ends by itself, with the story', async () => {
    const { failures } = await simulate(
      { name: 'stuck', version: '1.0.0', steps: { a: { agent: 'w', action: 'w', timeout: '1s' } } },
      {
        seeds: 1,
        faults: [],
        executions: 1,
        // Its answer is always unknown, and what it did can never be found out.
        agents: { w: { w: { effect: 'once', run: script.throws('no connection') } } },
      },
    )
    expect(failures).toMatchObject([{ property: 'everythingEnds', minimal: [] }])
    expect(failures[0]?.story).toContain('CallUncertain a')
  })
})

import { afterAll, beforeAll, expect, test } from 'vitest'
import type { WorkflowData } from '../../src/index.ts'
import { openTemporalEngine, type TemporalEngine } from '../../src/integrations/temporal/index.ts'
import { call, probe } from '../../src/testing/engine-stage.ts'
import { describeWithServices } from '../support/services.ts'

const patience = 30_000
const refused = { code: 'RefusedError' }

/** A sub-workflow under a budget of its parent. */
const bounded = (budget: { readonly tokens?: number; readonly costUsd?: number }): WorkflowData =>
  probe({ a: { workflow: { name: 'kid', version: '*' } } }, { budget })

await describeWithServices('what Temporal does not carry', ['temporal'], ({ temporal }) => {
  let engine: TemporalEngine

  beforeAll(async () => {
    engine = await openTemporalEngine({ address: temporal, taskQueue: 'nobody-works-here' })
  }, patience)

  afterAll(() => engine.close(), patience)

  test('a registry, triggers and subscriptions are refused, with what to do instead', async () => {
    await expect(engine.registerWorkflow()).rejects.toMatchObject({
      ...refused,
      hint: expect.stringContaining('`workflows`'),
    })
    await expect(engine.deliver()).rejects.toMatchObject(refused)
    expect(() => engine.subscribe()).toThrow("the Temporal engine has no 'subscribe'")
  })

  test.each([
    ['a budget of tokens or costUsd together with sub-workflows', bounded({ tokens: 10 })],
    ['a budget of tokens or costUsd together with sub-workflows', bounded({ costUsd: 1 })],
  ])('a document that wants %s is refused before it starts', async (what, document) => {
    const workflows = [{ ...probe({ a: call('read') }), name: 'kid' }]
    await expect(engine.startWorkflow('probe', document, { workflows })).rejects.toMatchObject({
      ...refused,
      message: expect.stringContaining(what),
    })
  })

  test('what a sub-workflow wants is refused before its parent starts', async () => {
    const below = { ...bounded({ tokens: 10 }), name: 'middle' }
    const parent = probe({ page: { workflow: { name: 'middle', version: '*' } } })
    const workflows = [below, { ...probe({ a: call('read') }), name: 'kid' }]
    await expect(engine.startWorkflow('probe', parent, { workflows })).rejects.toMatchObject({
      ...refused,
      message: expect.stringContaining('a budget of tokens or costUsd'),
    })
  })
})
